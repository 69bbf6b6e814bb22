"""Deliver: send what waits in the outbox, find out about what may have left, and follow what has.

A row is marked `sending` before its parcel is handed over and `sent` after. One found `sending` may have left: the
carrier is asked before anything else, and while it cannot say for certain the row stays as it is. Nothing is ever sent
again because an answer was lost. A parcel at a time, and one process a mailbox.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pipeline.channels.mesh import open_mesh
from pipeline.channels.mesh_secrets import sole_user
from pipeline.channels.pack_seal import RECALLED
from pipeline.channels.parcel import digest, files_of, packed
from pipeline.channels.transport import Found, NotAnswered, NotTaken, Parcel, Transport, Unreachable, Unsure
from pipeline.channels.transport_folder import FolderTransport
from pipeline.contracts.delivery_plan import DeliveryPlan
from pipeline.errors import ChannelError, PipelineError, UserError
from pipeline.ledger import audit, outbox, registers
from pipeline.ledger.connect import writing
from pipeline.ledger.outbox import Outgoing
from pipeline.steps.at_hand.context import RESTORED, Context, StepResult
from pipeline.steps.at_hand.leaving import delivery_plan
from pipeline.steps.exchange.collect import collect_from, read_returned, shake_hands
from pipeline.steps.exchange.settle import TO_BE_SENT_AGAIN
from pipeline.steps.opt_out.erasure import ACTION as ERASED

WHO = "pipeline"
# A message older than this may have been removed by the carrier, and proves nothing by its absence.
REMEMBERED = timedelta(days=20)
# So many answers lost in a row, and the carrier is left alone until the next time.
LOST_IN_A_ROW = 3
COUNTED = ("sent", "found", "unknown", "collected", "undelivered", "refused", "held")


@dataclass(frozen=True)
class _Way:
    """One carrier while it is in use."""

    context: Context
    transport: Transport
    plan: DeliveryPlan
    way: str

    def rows(self, *states: str) -> list[Outgoing]:
        return outbox.list_outbox(self.context.ledger, way=self.way, states=states)

    def move(self, row: Outgoing, event: str, says: str | None = None, **values: Any) -> None:
        outbox.move(self.context.ledger, row.local_id, at=self.context.now(), event=event, says=says, **values)


def deliver(context: Context) -> StepResult:
    """Send, ask and follow, by folder and by MESH; what came is collected at once after sending.

    Raises UserError without a plan; ChannelError, after everything else was done, for a carrier that is out of reach.
    """
    plan = delivery_plan(context)
    if plan is None:
        raise UserError(
            "Nothing says where packs go",
            where=context.settings.delivery_file.name,
            next_step="write a delivery plan (docs/mesh.md), or go on fetching packs from registers/ by hand",
        )
    counts = dict.fromkeys(COUNTED, 0)
    troubles: list[str] = []
    laid = [row.local_id for row in outbox.list_outbox(context.ledger, way="folder", states=["sent", "collected"])]
    _attempt(lambda: _serve(_Way(context, FolderTransport(was_sent=laid), plan, "folder"), counts, troubles), troubles)
    if plan.mesh is not None:
        _attempt(lambda: _by_mesh(context, plan, counts, troubles), troubles)
        _attempt(lambda: counts.update(read_returned(context)), troubles)
    if troubles:
        raise ChannelError(
            f"{len(troubles)} things could not be delivered; what could was",
            where="; ".join(troubles),
            next_step="put right what each says; the next riskstrat deliver goes on where this one stopped",
        )
    return StepResult(counts=counts)


def _attempt(act: Callable[[], None], troubles: list[str]) -> None:
    try:
        act()
    except PipelineError as error:
        troubles.append(str(error))


def _by_mesh(context: Context, plan: DeliveryPlan, counts: dict[str, int], troubles: list[str]) -> None:
    mesh = plan.mesh
    assert mesh is not None
    with (
        sole_user(mesh.password_file, mailbox=mesh.mailbox),
        outbox.sole_user(context.ledger, mesh.mailbox),
        open_mesh(mesh) as transport,
    ):
        shake_hands(context, transport)
        _serve(_Way(context, transport, plan, "mesh"), counts, troubles)
        for name, count in collect_from(context, transport, plan=plan).items():
            counts[name] = counts.get(name, 0) + count


def _serve(way: _Way, counts: dict[str, int], troubles: list[str]) -> None:
    """Everything one carrier has to do, in the order in which it is safe."""
    lost = 0
    for row in [*way.rows("sending"), *way.rows("waiting"), *way.rows("held")]:
        try:
            became = _send(way, row)
        except NotTaken as error:
            way.move(row, "refused", state="refused", reason=str(error), ended_at=way.context.now())
            became = "refused"
            troubles.append(str(error))
        except Unsure:
            became = "unknown"
        except NotAnswered as error:
            # In nobody's way: what never was handed over may leave.
            counts["unknown"] += 1
            troubles.append(str(error))
            continue
        except Unreachable as error:
            troubles.append(str(error))
            if way.way == "mesh":
                return
            continue
        counts[became] += 1
        lost = lost + 1 if became == "unknown" else 0
        if lost >= LOST_IN_A_ROW:
            troubles.append(f"{LOST_IN_A_ROW} answers were lost in a row; the next riskstrat deliver asks and goes on")
            break
    for row in way.rows("sent"):
        _follow(way, row, counts)


def _send(way: _Way, row: Outgoing) -> str:
    """What became of a row that waits, or that may have left."""
    stays = _stays(way.context, row)
    parcel = None if stays else _parcel(way, row)
    if parcel is None:
        state, reason = stays or ("held", "its pack does not lie there as it was published")
        return _keep_here(way, row, state=state, reason=reason)
    found = _asked_first(way, row, parcel)
    if found.where != "absent":
        return _found(way, row, found)
    if row.state == "sending" and not _is_absent(way, row):
        return "unknown"
    at = way.context.now()
    way.move(row, "sending", state="sending", sending_at=at, attempts=row.attempts + 1)
    try:
        message_id = way.transport.send(parcel)
    except Unreachable:
        way.move(row, "not sent", state="waiting")
        raise
    except Unsure as error:
        way.move(row, "answer lost", says=error.what, state="sending")
        raise
    _sent(way, row, message_id=message_id, event="sent")
    return "sent"


def _asked_first(way: _Way, row: Outgoing, parcel: Parcel) -> Found:
    """Where the parcel is; one that was never handed over is nowhere, should the carrier not take the question.

    Raises NotAnswered for one that may have left, as any may that a restored ledger holds as waiting.
    """
    try:
        return way.transport.find(parcel)
    except NotAnswered as error:
        if row.state != "sending" and not _is_from_a_backup(way.context, row):
            return Found("absent")
        if row.state != "sending":
            way.move(row, "may have left", says=error.what, state="sending", sending_at=way.context.now())
        raise


def _is_from_a_backup(context: Context, row: Outgoing) -> bool:
    """Whether the ledger was restored since the row was entered, and nobody has said since that it may be sent."""
    restored = audit.list_entries(context.ledger, action=RESTORED, since=row.entered_at)
    said = [one.at for one in outbox.events(context.ledger, local_id=row.local_id) if one.event == TO_BE_SENT_AGAIN]
    return bool(restored) and max(said, default=row.entered_at) <= restored[-1].at


def _keep_here(way: _Way, row: Outgoing, *, state: str, reason: str) -> str:
    """A row that may not be sent any more: it stays here, unless it has left or may have."""
    if row.state == "sending":
        found = way.transport.find(_named(row, {}, plan=way.plan))
        if found.where != "absent":
            return _found(way, row, found)
        if not _is_absent(way, row):
            return "unknown"
    # A notice is put beside its pack right after its recall was entered: it waits for that.
    if row.kind != "recall" and (row.state, row.reason) != (state, reason):
        way.move(row, state, state=state, reason=reason)
    return "held"


def _found(way: _Way, row: Outgoing, found: Found) -> str:
    if found.where == "twice":
        way.move(row, "found twice", says="the carrier has it more than once; its reader must look once")
    _sent(way, row, message_id=found.message_id, event="found")
    return "found"


def _sent(way: _Way, row: Outgoing, *, message_id: str | None, event: str) -> None:
    """The row is sent, and the audit says that the pack has left, in one transaction."""
    at = way.context.now()
    with writing(way.context.ledger) as connection:
        outbox.move_within(
            connection, row.local_id, at=at, event=event,
            state="sent", message_id=message_id, sent_at=row.sending_at or at,
        )  # fmt: skip
        audit.append_within(
            connection, at=at, who=WHO, action="deliver", run_key=None,
            subject=f"{row.local_id} by {way.way} sha256 {row.sha256}", counts={"attempts": row.attempts},
        )  # fmt: skip


def _is_absent(way: _Way, row: Outgoing) -> bool:
    """Whether "absent" may be believed of a row that may have left."""
    if way.transport.knows_for_certain:
        return True
    settled = timedelta(seconds=way.transport.settle_seconds)
    now = way.context.now()
    if row.sending_at is not None and now - row.sending_at < settled:
        return False
    known = [
        one
        for one in way.rows("sent", "collected")
        if one.message_id and one.sent_at is not None and now - one.sent_at < REMEMBERED
    ]
    return bool(known) and way.transport.find(_named(known[-1], {}, plan=way.plan)).where != "absent"


def _follow(way: _Way, row: Outgoing, counts: dict[str, int]) -> None:
    """Ask what became of a message that was sent; that the carrier cannot say it for now changes nothing."""
    try:
        parcel = _named(row, {}, plan=way.plan)
        fate = way.transport.fate(parcel, message_id=row.message_id or "")
    except ChannelError:
        return
    if fate in ("collected", "undelivered"):
        reason = None if fate == "collected" else "the carrier says that it was not delivered"
        if fate == "collected" and way.way == "folder" and not parcel.is_taken_out:
            reason = "it lies in the recipient's folder; whether it was opened nobody can say"
        way.move(row, fate, state=fate, reason=reason, ended_at=way.context.now())
        counts[fate] += 1


def _stays(context: Context, row: Outgoing) -> tuple[str, str] | None:
    """Why a pack may not leave any more, and the state that says so; a notice always may."""
    if row.kind == "recall":
        return None
    edition = registers.get_edition(context.ledger, row.edition_id)
    erased = {name for entry in audit.list_entries(context.ledger, action=ERASED) for name in entry.subject.split()}
    if edition is not None and edition.kind == "replay":
        # It was asked for beside every edition: none of them takes its place.
        why = "it holds someone who has dissented since: ask for the backfill again"
        return ("withdrawn", why) if row.edition_id in erased else None
    if edition is not None:
        same = registers.list_editions(context.ledger, as_of=edition.as_of, plane=edition.plane, code=edition.code)
        newer = [one for one in same if one.kind == "current" and one.revision > edition.revision]
        if row.state == "held":
            every = registers.list_editions(context.ledger, plane=edition.plane, code=edition.code)
            newer += [one for one in every if one.kind == "current" and one.as_of > edition.as_of]
        if newer:
            return "withdrawn", f"replaced by {newer[-1].edition_id} before it left"
    if row.edition_id in erased:
        return "held", "it holds someone who has dissented since: publish a correction"
    return None


def _parcel(way: _Way, row: Outgoing) -> Parcel | None:
    """What must leave, as it was published; None when it does not lie there so any more."""
    edition = registers.get_edition(way.context.ledger, row.edition_id)
    pack = way.context.settings.home / edition.path if edition else None
    if pack is None or not pack.is_dir():
        return None
    if row.kind == "recall":
        notice = pack / RECALLED
        files = {RECALLED: notice.read_bytes()} if notice.is_file() else {}
    else:
        files = files_of(pack)
    parcel = _named(row, files, plan=way.plan)
    return parcel if digest(parcel.content) == row.sha256 else None


def _named(row: Outgoing, files: dict[str, bytes], *, plan: DeliveryPlan) -> Parcel:
    """The parcel of the row; without files it is only good for asking about."""
    taken_out = {one.address for one in plan.recipients if one.is_emptied}
    return Parcel(
        local_id=row.local_id, recipient=row.recipient, workflow=row.workflow, file_name=row.file_name,
        files=files, content=packed(files), sha256=row.sha256, is_taken_out=row.recipient in taken_out,
    )  # fmt: skip
