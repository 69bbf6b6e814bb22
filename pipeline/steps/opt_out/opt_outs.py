"""Asking the check for national data opt-outs, and reading its reply: both a person's act, both audited, in counts.

A check is asked about everyone at once, in files of a declared size, and is answered whole or not at all. From the
reply only those allowed are kept, until the policy says that they must be asked about again; the files are removed,
since what was sent without what came back would be a list of people who opted out. Nights and linkage obey the answer
through `national_opt_out.py`.
"""

import hashlib
from collections.abc import Mapping
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.channels import opt_out_folder
from pipeline.contracts.extract import load_extracts
from pipeline.contracts.opt_out_check import Batch, Check, asked, read_check
from pipeline.contracts.policy import CheckService, load_policy
from pipeline.errors import GateClosed, UserError
from pipeline.ledger import audit, steps
from pipeline.ledger.deliveries import list_deliveries
from pipeline.rules import nhs_number
from pipeline.rules.opt_out_check import (
    LAST_NUMBER,
    ReplyUnusable,
    allowed,
    batches,
    file_name,
    numbers_of,
    request_bytes,
)
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.opt_out.erasure import stated_erasure
from pipeline.steps.opt_out.national_opt_out import ASK, people_held
from pipeline.store import layout, tables
from pipeline.store.allowed import Allowed, read_allowed, write_allowed

REQUEST, READ = "ask about opt-outs", "read opt-out check"


def request(context: Context, *, who: str, reason: str) -> StepResult:
    """Write the files that ask about everyone who has not objected already; the last answer holds until it expires.

    Raises UserError when there is nobody to ask about, when a reply is waited for, or when who or why is not said.
    """
    # read
    _check_words(who, reason)
    home, at = context.settings.home, context.now()
    service = _service(context)
    last = read_check(layout.opt_out_check(home))
    if last is not None and last.state == "waiting" and not last.is_overdue(at):
        raise UserError(
            f"A reply is waited for until {last.reply_due_at:%d %B %Y %H:%M}",
            where=f"{len(last.batches)} files asked on {last.requested_at:%d %B %Y %H:%M}",
            next_step="put the replies into identified/optout/in and read them: riskstrat opt-outs read",
        )
    people = people_held(context) - stated_erasure(context).nhs_numbers
    if not people:
        raise UserError(
            "There is nobody to ask about",
            where="identified/clean",
            next_step="take deliveries in first: riskstrat receive, then riskstrat validate",
        )
    # decide
    files = _files(service, people, first=last.next_number(at) if last else 1, context=context)
    made = tuple(
        Batch(name=name, people=content.count(b"\n"), sha256=hashlib.sha256(content).hexdigest())
        for name, content in files.items()
    )
    check = asked(made, at=at, reply_within_hours=service.reply_within_hours)
    # write: the record last, so that no request is waited for that does not lie there whole
    opt_out_folder.empty(layout.opt_out_replies(home))
    layout.opt_out_replies(home).mkdir(parents=True, exist_ok=True, mode=0o700)
    opt_out_folder.put_requests(layout.opt_out_requests(home), files)
    _keep(context, check)
    counts = {"people": check.people, "files": len(made)}
    _tell(context, who=who, action=REQUEST, subject=reason, counts=counts)
    return StepResult(counts=counts)


def read(context: Context, *, who: str, reason: str) -> StepResult:
    """Read the replies and keep whom they allow; raises GateClosed, with counts only, unless all of them are as due.

    A reply that cannot be used, or comes late, ends the check: no night runs until another one was asked and read.
    """
    # read
    _check_words(who, reason)
    home, service = context.settings.home, _service(context)
    check = read_check(layout.opt_out_check(home))
    if check is None or check.state != "waiting":
        raise UserError("No reply is waited for", where="identified/optout", next_step=f"ask the check service: {ASK}")
    # decide
    _check_all_here(context, check)
    try:
        found = _answer(context, check, service=service)
    except ReplyUnusable as error:
        _refuse(context, check, reason=str(error), who=who)
        raise GateClosed(
            f"The reply of the check service cannot be used: {error}",
            where=f"{len(check.batches)} files asked on {check.requested_at:%d %B %Y %H:%M}",
            next_step=f"nothing of it is kept and no night runs; ask anew: {ASK}",
        ) from None
    answer = Allowed(found, check.requested_at, check.requested_at + timedelta(days=service.allowed_for_days))
    before = read_allowed(layout.allowed(home))
    returned = found - before.nhs_numbers if before else found
    # write: linkage looks again at whom it left out, then the answer, then the record; what identifies goes last
    counts = {"people": check.people, "allowed": len(found), "not_returned": check.people - len(found)}
    counts["deliveries_to_link_again"] = _link_again(context, returned)
    write_allowed(layout.allowed(home), answer)
    _tell(context, who=who, action=READ, subject=reason, counts=counts)
    _keep(context, check.model_copy(update={"state": "read"}))
    _sweep(context)
    return StepResult(counts=counts)


def _service(context: Context) -> CheckService:
    service = load_policy(context.settings.policy_file).check_service
    if service is None:
        raise UserError(
            "The policy does not say how the check service is asked",
            where="check_service",
            next_step="give its mailbox, people_per_file and limits (docs/decisions/0011)",
        )
    return service


def _files(service: CheckService, people: frozenset[str], *, first: int, context: Context) -> dict[str, bytes]:
    made = batches(people, size=service.people_per_file)
    if first + len(made) - 1 > LAST_NUMBER:
        raise UserError(
            f"{len(made)} files are more than a day has names for",
            where="check_service.people_per_file",
            next_step="make the files larger, or wait for another day",
        )
    day = context.now().date()
    return {
        file_name(service.mailbox, day=day, number=first + position): request_bytes(batch)
        for position, batch in enumerate(made)
    }


def _check_all_here(context: Context, check: Check) -> None:
    """Raises GateClosed when replies have yet to come; the check goes on until they are due."""
    names = [batch.name for batch in check.batches]
    here = opt_out_folder.read_files(layout.opt_out_replies(context.settings.home), names)
    if len(here) < len(names) and not check.is_overdue(context.now()):
        raise GateClosed(
            f"The reply is partial: {len(names) - len(here)} of {len(names)} files have none yet",
            where="identified/optout/in",
            next_step="nothing of it is kept; put the missing ones there, under the names of their requests, by "
            f"{check.reply_due_at:%d %B %Y %H:%M} and read again",
        )


def _answer(context: Context, check: Check, *, service: CheckService) -> frozenset[str]:
    """Everyone the replies allow; ReplyUnusable when one is late, missing, altered, cut short, or answers another."""
    home = context.settings.home
    names = [batch.name for batch in check.batches]
    sent = opt_out_folder.read_files(layout.opt_out_requests(home), names)
    replies = opt_out_folder.read_files(layout.opt_out_replies(home), names)
    if check.is_overdue(context.now()):
        how = "late" if len(replies) == len(names) else "late and partial"
        raise ReplyUnusable(f"it is {how}: it was due on {check.reply_due_at:%d %B %Y %H:%M}")
    strangers = opt_out_folder.other_files(layout.opt_out_replies(home), names)
    if strangers:
        raise ReplyUnusable(f"{strangers} files lie beside it that answer nothing that was asked")
    found: set[str] = set()
    for batch in check.batches:
        content = sent.get(batch.name, b"")
        if hashlib.sha256(content).hexdigest() != batch.sha256:
            raise ReplyUnusable(f"the request {batch.name} is not what was written, so nothing can be compared with it")
        told = allowed(replies[batch.name], sent=numbers_of(content))
        if len(told) < service.fewest_allowed_share * batch.people:
            raise ReplyUnusable(f"it allows {len(told)} of {batch.people} people in {batch.name}: it looks cut short")
        found |= told
    if not found:
        raise ReplyUnusable("it allows nobody at all")
    return frozenset(found)


def _refuse(context: Context, check: Check, *, reason: str, who: str) -> None:
    """The check is over; its files go, since a reply that cannot be used still tells who was left out of it."""
    _tell(context, who=who, action=READ, subject=f"refused: {reason}", counts={"people": check.people, "allowed": 0})
    _keep(context, check.model_copy(update={"state": "refused", "reason": reason}))
    _sweep(context)


def _sweep(context: Context) -> None:
    for folder in (layout.opt_out_requests, layout.opt_out_replies):
        opt_out_folder.empty(folder(context.settings.home))


def _link_again(context: Context, returned: frozenset[str]) -> int:
    """Make `link` look again at the deliveries that speak of these people; number of deliveries."""
    again: set[str] = set()
    home, wanted = context.settings.home, pa.array(sorted(returned), type=pa.string())
    for extract, contract in load_extracts(context.settings.project).items():
        ids = [one.delivery_id for one in list_deliveries(context.ledger, states=["accepted"], extract=extract)]
        path = layout.clean(home, extract)
        if contract.person is None or not tables.files(path, column="delivery_id", values=ids):
            continue
        rows = tables.read(path, column="delivery_id", values=ids, columns=["delivery_id", contract.person.nhs_number])
        mask = pc.is_in(rows[contract.person.nhs_number], value_set=wanted)
        again.update(rows.filter(mask)["delivery_id"].unique().to_pylist())
    for delivery_id in sorted(again):
        if steps.find_step(context.ledger, scope=delivery_id, step="link") is not None:
            steps.start_step(context.ledger, scope=delivery_id, step="link", at=context.now())
    return len(again)


def _keep(context: Context, check: Check) -> None:
    path = layout.opt_out_check(context.settings.home)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(check.model_dump_json(indent=2) + "\n", encoding="utf-8")
    beside.replace(path)


def _tell(context: Context, *, who: str, action: str, subject: str, counts: Mapping[str, int]) -> None:
    audit.append(
        context.ledger, at=context.now(), who=who, action=action, run_key=None, subject=subject, counts=dict(counts)
    )  # fmt: skip


def _check_words(who: str, reason: str) -> None:
    if not who.strip() or not reason.strip():
        raise UserError("Asking and reading need a name and a reason", where="--who, --reason", next_step="give both")
    if nhs_number.mask(f"{who} {reason}") != f"{who} {reason}":
        raise UserError(
            "The name or reason holds what looks like an NHS number",
            where="--who, --reason",
            next_step="leave it out: the record is read by many",
        )
