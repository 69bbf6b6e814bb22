"""Collect: take in what came by message: extracts, registers that practices returned, reports on what we sent.

A message is read to a file of its own, put whole where it belongs, entered in the ledger, and only then acknowledged.
One that is there twice, under whichever message id, lands once. What nobody announced, or does not fit its checksum,
is set apart for a person. Names and local ids of others may hold anything: none is used as a name here.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from pipeline.channels import parcel
from pipeline.channels.landing_container import LIMITS
from pipeline.channels.mesh import open_mesh
from pipeline.channels.mesh_secrets import sole_user
from pipeline.channels.parcel import Unusable
from pipeline.channels.transport import Arrived, Mailbox, Unreachable
from pipeline.contracts.delivery_plan import DeliveryPlan
from pipeline.contracts.receipt import RefusedByRule
from pipeline.errors import ChannelError, UserError
from pipeline.ledger import inbox, outbox
from pipeline.ledger.connect import writing
from pipeline.ledger.inbox import Incoming
from pipeline.log import withheld
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.at_hand.leaving import delivery_plan
from pipeline.steps.feedback.feedback import feedback
from pipeline.store import layout

WHO = "mailbox"
# The service asks for one in 24 hours; whoever runs us once a day must not miss it by a minute.
HANDSHAKE_AFTER = timedelta(hours=12)
# The carrier's word for a message that lay uncollected until it was removed.
NOT_COLLECTED = "14"
RETURNED_ENDINGS = (".xlsx", ".csv")
# So many messages that cannot be read, and the carrier is left alone until the next time.
FAILURES = 3
COUNTED = ("extracts", "returned_registers", "duplicates", "set_apart", "reports")
_LONGEST_NAME = 40


def collect(context: Context) -> StepResult:
    """Look into our mailbox and take in everything; raises UserError where the plan names none."""
    plan = delivery_plan(context)
    if plan is None or plan.mesh is None:
        raise UserError(
            "There is no mailbox to look into",
            where=context.settings.delivery_file.name,
            next_step="give `mesh` in the delivery plan (docs/mesh.md); files also come by the landing folder",
        )
    mesh = plan.mesh
    with (
        sole_user(mesh.password_file, mailbox=mesh.mailbox),
        outbox.sole_user(context.ledger, mesh.mailbox),
        open_mesh(mesh) as mailbox,
    ):
        shake_hands(context, mailbox)
        counts = collect_from(context, mailbox, plan=plan)
    return StepResult(counts={**counts, **read_returned(context)})


def read_returned(context: Context) -> dict[str, int]:
    """Hand every returned register that lies there to `feedback`, as at the moment its message came, or as of now for
    one that somebody put there; it is then removed.

    One that cannot count is refused there, and told; one that `feedback` cannot judge yet stays where it lies.
    Raises ChannelError, after the others were read, that counts those.
    """
    counts, left = {"read": 0, "refused": 0}, 0
    root = layout.returned_registers(context.settings.home)
    came = {message.landed_as: message.came_at for message in inbox.list_inbox(context.ledger, state="landed")}
    # Hidden ones are still being written.
    lying = [path for path in root.glob("*/*") if not path.name.startswith(".")] if root.is_dir() else []
    for path in sorted(path for path in lying if path.is_file() and not path.is_symlink()):
        moment = came.get(path.relative_to(context.settings.home).as_posix())
        try:
            feedback(
                context, content=path.read_bytes(), file_name=path.name, practice_code=path.parent.name, who=WHO,
                received_at=moment,
            )  # fmt: skip
        except RefusedByRule:
            counts["refused"] += 1
        except UserError:
            left += 1
            continue
        else:
            counts["read"] += 1
        path.unlink()
    if left:
        raise ChannelError(
            f"{left} returned registers cannot be judged and stay where they lie",
            where="identified/returned/in",
            next_step="read each with riskstrat feedback, which says why",
        )
    return counts


def shake_hands(context: Context, mailbox: Mailbox) -> None:
    """Prove that the mailbox works, unless it did so lately."""
    last = outbox.shook_hands(context.ledger, mailbox.mailbox)
    if last is None or context.now() - last >= HANDSHAKE_AFTER:
        mailbox.handshake()
        outbox.record_mailbox(context.ledger, mailbox.mailbox, handshake_at=context.now())


def collect_from(context: Context, mailbox: Mailbox, *, plan: DeliveryPlan) -> dict[str, int]:
    """Take in every waiting message of a mailbox that is held; how many of each kind there were.

    Raises Unreachable, after the others were taken in, when one could not be read or acknowledged.
    """
    counts = dict.fromkeys(COUNTED, 0)
    folder = layout.arriving(context.settings.home)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    parcel.sweep(folder)
    failures: list[Unreachable] = []
    for message_id in mailbox.waiting():
        try:
            if inbox.find(context.ledger, message_id) is None:
                counts[_take_in(context, mailbox, message_id, plan=plan, folder=folder)] += 1
            mailbox.acknowledge(message_id)
        except Unreachable as error:
            # One that cannot be read must not hold up those behind it; when none can, the carrier is away.
            failures.append(error)
            if len(failures) == FAILURES:
                break
            continue
        inbox.record_acknowledged(context.ledger, message_id, at=context.now())
    if failures:
        raise failures[0]
    outbox.record_mailbox(context.ledger, mailbox.mailbox, looked_at=context.now())
    return counts


def _take_in(context: Context, mailbox: Mailbox, message_id: str, *, plan: DeliveryPlan, folder: Path) -> str:
    """Which kind it was, once it lies in its place and is entered."""
    part = folder / f".{message_id}.part"
    try:
        came = mailbox.fetch(message_id, into=part, at_most=LIMITS.landed)
    except Unusable as error:
        part.unlink(missing_ok=True)
        inbox.enter(
            context.ledger,
            _entry(context, mailbox, _nameless(message_id), state="set_apart", reason=str(error)),
        )
        return "set_apart"
    if came.is_report:
        part.unlink(missing_ok=True)
        _report(context, mailbox, came)
        return "reports"
    entered = _entry(context, mailbox, came, state="landed", reason=None)
    if inbox.first_of(context.ledger, entered) is not None:
        part.unlink()
        inbox.enter(context.ledger, entered)
        return "duplicates"
    kind, name, problem = _announced(came, plan=plan, context=context)
    landed = None
    if problem is None:
        try:
            landed = _LAND[kind](context, part, came, name)
        except Unusable as error:
            problem = str(error)
    if landed is None:
        landed, kind = layout.set_apart(context.settings.home, message_id), "set_apart"
        parcel.move_in(part, landed)
    part.unlink(missing_ok=True)
    entered = replace(
        entered,
        state="set_apart" if problem else "landed",
        reason=problem,
        landed_as=landed.relative_to(context.settings.home).as_posix(),
    )
    inbox.enter(context.ledger, entered)
    return kind


def _announced(came: Arrived, *, plan: DeliveryPlan, context: Context) -> tuple[str, str, str | None]:
    """(kind, sender's folder or practice's code, what is wrong) of a message."""
    assert plan.mesh is not None
    kinds = {plan.mesh.workflows.extract: "extracts", plan.mesh.workflows.returned: "returned_registers"}
    kind = kinds.get(came.workflow)
    if kind is None:
        return "", "", "its workflow is none that we take in"
    day = context.now().date()
    sender = next(
        (one for one in plan.senders if (one.mailbox, one.sends) == (came.sender, kind) and one.covers(day)), None
    )
    if sender is None:
        return kind, "", "its mailbox is not one that sends us this"
    return kind, sender.name, None if came.is_intact else "its bytes are not those its checksum names"


def _land_extract(context: Context, part: Path, came: Arrived, sender: str) -> Path:
    """One file and its receipt, into the sender's landing folder, under a name made of their bytes."""
    folder = layout.landing(context.settings.home) / sender
    return folder / parcel.land_extract(part, folder=folder, name=f"mesh-{came.sha256[:16]}")


def _land_returned(context: Context, part: Path, came: Arrived, practice_code: str) -> Path:
    """A register as a practice sent it back, to where `riskstrat feedback` looks for it."""
    ending = next((ending for ending in RETURNED_ENDINGS if came.file_name.lower().endswith(ending)), None)
    if ending is None:
        raise Unusable("it is neither a workbook nor a CSV file")
    target = layout.returned_registers(context.settings.home) / practice_code / f"{came.sha256[:16]}{ending}"
    parcel.move_in(part, target)
    return target


_LAND: dict[str, Callable[[Context, Path, Arrived, str], Path]] = {
    "extracts": _land_extract,
    "returned_registers": _land_returned,
}


def _report(context: Context, mailbox: Mailbox, came: Arrived) -> None:
    """A report says that something we sent was not delivered: told, never a reason to send again."""
    row = outbox.by_message(context.ledger, came.reports_on or "")
    row = row or outbox.get(context.ledger, came.reports_on_local_id or "")
    code = re.sub(r"[^0-9A-Za-z]", "", came.code or "") or "none"
    says = "it was not collected and was removed" if code == NOT_COLLECTED else "it was not delivered"
    entered = _entry(context, mailbox, came, state="report", reason=f"{says} (code {code})")
    with writing(context.ledger) as connection:
        if row is not None and row.state in ("sending", "sent"):
            outbox.move_within(
                connection, row.local_id, at=context.now(), event="undelivered", says=f"code {code}",
                state="undelivered", reason=entered.reason, ended_at=context.now(),
            )  # fmt: skip
        inbox.enter_within(connection, entered)


def _entry(context: Context, mailbox: Mailbox, came: Arrived, *, state: str, reason: str | None) -> Incoming:
    return Incoming(
        message_id=came.message_id,
        mailbox=mailbox.mailbox,
        sender=_named(came.sender),
        workflow=_named(came.workflow),
        local_id=_named(came.local_id),
        sha256=came.sha256,
        state=state,
        landed_as=None,
        reason=reason,
        came_at=context.now(),
    )


def _named(text: str) -> str:
    """What others wrote, as it may stand in the ledger: plain signs, no number of a person, and of bounded length.

    What is long is told apart by a digest, so that two long ones are not taken for one.
    """
    told = re.sub(r"[^A-Za-z0-9._:-]", "_", withheld(text))
    if len(told) <= _LONGEST_NAME:
        return told
    return f"{told[: _LONGEST_NAME - 9]}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def _nameless(message_id: str) -> Arrived:
    return Arrived(message_id, "", "", "", "", "0" * 64, is_intact=False)
