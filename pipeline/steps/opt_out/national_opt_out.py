"""Where the National Data Opt-Out applies: whether the check service's last answer may be relied on, and for whom.

Nobody's opt-out is kept anywhere: who is not among those allowed is not used, and why that is cannot be told. The
strict reading holds: no answer, an expired one, or a later question that went unanswered or was answered badly, and
nothing may be used (docs/decisions/0011).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.opt_out_check import Check, read_check
from pipeline.contracts.policy import CheckService, Policy, load_policy
from pipeline.engines.restricted import number_columns, without_withheld
from pipeline.errors import GateClosed
from pipeline.ledger.deliveries import list_deliveries
from pipeline.rules.nhs_number import is_valid
from pipeline.steps.at_hand.context import Context
from pipeline.store import layout, tables
from pipeline.store.allowed import Allowed, read_allowed

ASK = "riskstrat opt-outs request --who … --reason …, send the files, then riskstrat opt-outs read"

LOOK_AHEAD = timedelta(days=3)


def applies_now(context: Context) -> tuple[str, ...]:
    """Sources to which the National Data Opt-Out applies today, whatever night is run: it is honoured as of now."""
    return load_policy(context.settings.policy_file).national_opt_out_sources(context.now().date())


def allowed_now(context: Context, *, sources: Sequence[str]) -> frozenset[str]:
    """NHS numbers that may be used at this moment; raises GateClosed unless the last answer may be relied on."""
    home, at = context.settings.home, context.now()
    policy = load_policy(context.settings.policy_file)
    answer = read_allowed(layout.allowed(home))
    fault = _fault(answer, read_check(layout.opt_out_check(home)), service=policy.check_service, at=at)
    if fault is not None or answer is None:
        raise GateClosed(
            f"The National Data Opt-Out applies to {', '.join(sources)}, and {fault}",
            where=f"policy {policy.policy} on {at.date()}",
            next_step=f"ask the check service: {ASK}",
        )
    return answer.nhs_numbers


def _fault(answer: Allowed | None, check: Check | None, *, service: CheckService | None, at: datetime) -> str | None:
    """Why the last answer may not be relied on; None when it may."""
    if service is None:
        return "the policy does not say how the check service is asked"
    if answer is None:
        return "nobody has been checked"
    if at >= expiry(answer, service):
        return f"the last check, of {answer.checked_at:%d %B %Y}, has expired"
    if at < answer.checked_at:
        return "the last check carries a time that has not come yet"
    if check is None:
        return "there is no record of what was asked"
    if check.state == "refused":
        return f"the reply to the last request could not be used ({check.reason})"
    if check.state == "waiting" and check.is_overdue(at):
        return f"the reply to the last request is missing since {check.reply_due_at:%d %B %Y %H:%M}"
    return None


def expiry(answer: Allowed, service: CheckService) -> datetime:
    """When the answer ends: as written when it was read, or earlier where the policy has become stricter since."""
    return min(answer.expires_at, answer.checked_at + timedelta(days=service.allowed_for_days))


def ends_soon(context: Context) -> str | None:
    """What to look at before the gate closes by itself; raises GateClosed when it has, None when nothing is due."""
    sources = applies_now(context)
    service = load_policy(context.settings.policy_file).check_service
    if not sources or service is None:
        return None
    allowed_now(context, sources=sources)
    answer = read_allowed(layout.allowed(context.settings.home))
    if answer is None or expiry(answer, service) - context.now() > LOOK_AHEAD:
        return None
    return f"The check for national data opt-outs ends on {expiry(answer, service):%d %B %Y %H:%M}"


def people_held(context: Context) -> frozenset[str]:
    """Every valid NHS number of the validated rows there are, identified zone only.

    Those of deliveries out of use included: what was linked of them may still lie in the store.
    """
    found: set[str] = set()
    deliveries = list_deliveries(context.ledger)
    for extract, contract in load_extracts(context.settings.project).items():
        ids = [delivery.delivery_id for delivery in deliveries if delivery.extract == extract]
        path = layout.clean(context.settings.home, extract)
        if contract.person is not None and tables.files(path, column="delivery_id", values=ids):
            number = contract.person.nhs_number
            seen = number_columns(number, contract.names())
            rows = without_withheld(tables.read(path, column="delivery_id", values=ids, columns=seen), number=number)
            numbers = rows[number].unique().to_pylist()
            found.update(number for number in numbers if number and is_valid(number))
    return frozenset(found)


def check_gate(context: Context, policy: Policy, *, day: object, sources: Sequence[str]) -> None:
    """Raise GateClosed unless a night that uses these sources may rely on the check; none of them, and it may."""
    if not sources:
        return
    if not applies_now(context):
        raise GateClosed(
            f"The National Data Opt-Out applies to {', '.join(sources)} on {day}, and the basis has ended since",
            where=f"policy {policy.policy}",
            next_step="renew the basis in writing, or leave that night as it is",
        )
    allowed_now(context, sources=sources)
