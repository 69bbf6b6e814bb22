"""Overrule: a person accepts, holds, releases or refuses a delivery over the rules' head, with a reason.

What was decided is in the ledger and its audit; which nights it touches is said here (docs/decisions/0008). Rules
about single rows always hold, and so do those that say whether a file is whole. Nothing is deleted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.receipt import INTEGRITY
from pipeline.errors import UserError
from pipeline.ledger import registers, runs, steps
from pipeline.ledger.decisions import MOVES, REFUSED_BY_PERSON, list_decisions, record_decision
from pipeline.ledger.deliveries import Delivery, get_delivery, list_deliveries
from pipeline.ledger.recalls import recalls
from pipeline.ledger.registers import Edition
from pipeline.rules.decision_words import check_words
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.validate.validate import validate
from pipeline.steps.validate.verdict import rules_of_the_whole
from pipeline.store import layout


def overrule(context: Context, *, delivery_id: str, verb: str, who: str, reason: str) -> StepResult:
    """Carry out one decision; counts hold how many published editions in use rest on the delivery.

    Raises UserError when the delivery is not known or not in a state the verb fits, when what refused it may not be
    overruled, when its original is gone, and when who or why is not said or holds what looks like an NHS number.
    """
    check_words(who, reason)
    delivery = _known(context, delivery_id)
    if verb in ("hold", "refuse") and delivery.state == "received":
        # Judged first: what it says of people who dissent counts whatever becomes of the rest.
        validate(context, delivery_id=delivery_id)
        delivery = _known(context, delivery_id)
    _check_state(delivery, verb=verb)
    if verb == "accept":
        _check_acceptable(context, delivery)
    _restart_linkage(context, delivery, verb=verb)
    record_decision(context.ledger, delivery_id=delivery_id, verb=verb, who=who, reason=reason, at=context.now())
    if verb == "accept":
        validate(context, delivery_id=delivery_id)
        delivery = _known(context, delivery_id)
        if delivery.state != "accepted":
            raise UserError(
                f"The delivery is still refused: {delivery.reason}",
                where=f"{delivery_id}, rule {delivery.reason_code}",
                next_step="ask the sender for it again: a rule that says whether a file is whole is never overruled",
            )
    return StepResult(counts={"editions_in_use": len(editions_in_use(context, delivery_id))})


def as_decided_then(context: Context, accepted: Sequence[Delivery], *, as_of: date) -> list[Delivery]:
    """The delivery set of a night that finished before, as it was decided when the night was frozen; else `accepted`.

    What was held, accepted or released since changes nothing about that night. What was refused since is out: nobody
    should see again what a person said must not be used.
    """
    first = runs.first_finished(context.ledger, as_of=as_of)
    if first is None:
        return list(accepted)
    frozen = set(runs.run_deliveries(context.ledger, first.run_key))
    since = {one.delivery_id for one in list_decisions(context.ledger) if one.at > first.started_at}
    kept = [one for one in accepted if one.delivery_id in frozen or one.delivery_id not in since]
    held = [one for one in list_deliveries(context.ledger, states=["held"]) if one.delivery_id in frozen]
    return sorted([*kept, *held], key=lambda one: (one.received_at, one.delivery_id))


def editions_in_use(context: Context, delivery_id: str) -> list[Edition]:
    """The newest edition of each practice and locality, where the delivery is in the run that made it.

    One that was recalled is in nobody's use.
    """
    made, taken_back = set(runs.runs_of_delivery(context.ledger, delivery_id)), recalls(context.ledger)
    current = [edition for edition in registers.list_editions(context.ledger) if edition.kind == "current"]
    newest = {(one.plane, one.code): one for one in sorted(current, key=lambda one: (one.as_of, one.revision))}
    in_use = [one for one in newest.values() if one.run_key in made and one.edition_id not in taken_back]
    return sorted(in_use, key=lambda one: one.edition_id)


@dataclass(frozen=True)
class Look:
    """Something a decision leaves to do."""

    says: str
    next_step: str
    alert: str = ""
    subject: str = ""


def decisions_to_look_at(context: Context) -> list[Look]:
    """Deliveries on hold, and editions in use that rest on a delivery refused since."""
    newest = {one.delivery_id: one for one in list_decisions(context.ledger)}
    found = []
    for delivery in list_deliveries(context.ledger, states=["held", "refused"]):
        decided = newest.get(delivery.delivery_id)
        if decided is None or (delivery.state == "refused" and delivery.reason_code != REFUSED_BY_PERSON):
            continue
        name, whom = delivery.delivery_id, f"{decided.who} on {decided.at.date()} ({decided.reason})"
        if delivery.state == "held":
            says = f"Delivery {name} is held by {whom}; no night uses it"
            decide = f"Decide: riskstrat release {name} --who … --reason …, or riskstrat refuse"
            found.append(Look(says, decide, "delivery_held", name))
            continue
        in_use = editions_in_use(context, name)
        if in_use:
            days = ", ".join(sorted({str(one.as_of) for one in in_use}))
            says = f"{len(in_use)} editions in use rest on delivery {name}, refused by {whom}"
            told = ", ".join(one.edition_id for one in in_use)
            found.append(
                Look(
                    f"{says}: {told}",
                    f"Replace them (nights of {days}): riskstrat nightly --as-of DATE --correct REASON",
                    "edition_on_refused_delivery",
                    name,
                )
            )
    return found


def decisions_made(context: Context) -> list[dict[str, object]]:
    """Every decision with what it was about, the newest first, for a machine or a page."""
    state = {one.delivery_id: one.state for one in list_deliveries(context.ledger)}
    return [{**vars(one), "state_now": state[one.delivery_id]} for one in reversed(list_decisions(context.ledger))]


def _known(context: Context, delivery_id: str) -> Delivery:
    delivery = get_delivery(context.ledger, delivery_id)
    if delivery is None:
        raise UserError("No such delivery", where=delivery_id, next_step="look for its id with riskstrat status --json")
    return delivery


def _check_state(delivery: Delivery, *, verb: str) -> None:
    before, _ = MOVES[verb]
    if delivery.state not in before:
        raise UserError(
            f"The delivery is {delivery.state}, and {verb} is said of one that is {' or '.join(before)}",
            where=delivery.delivery_id,
            next_step="look at it with riskstrat status --json",
        )


def _check_acceptable(context: Context, delivery: Delivery) -> None:
    """Raises UserError where the refusal says that the bytes are not known to be what the sender meant."""
    code = delivery.reason_code or ""
    contract = load_extracts(context.settings.project).get(delivery.extract)
    if contract is None or code.startswith(INTEGRITY) or code in rules_of_the_whole(contract):
        raise UserError(
            "This refusal cannot be overruled: the file is not known to be whole, or cannot be read",
            where=f"{delivery.delivery_id}, rule {code}",
            next_step="ask the sender for the file again, with a receipt that fits it",
        )
    if not layout.original(context.settings.home, delivery.delivery_id).is_file():
        raise UserError(
            "The original of this delivery is gone, so it cannot be judged again",
            where=delivery.delivery_id,
            next_step="ask the sender for the file again, with a new stamp",
        )


def _restart_linkage(context: Context, delivery: Delivery, *, verb: str) -> None:
    """Make `link` look again: at rows that come back into use, and at who stands where when a practice list leaves.

    While a delivery was out of use, people may have dissented or withdrawn their dissent.
    """
    again = {delivery.delivery_id} if verb in ("accept", "release") else set()
    if delivery.extract == "gp_patient":
        lists = list_deliveries(context.ledger, states=["accepted"], extract="gp_patient")
        others = [one.delivery_id for one in lists if one.delivery_id != delivery.delivery_id]
        again |= set(others[-1:])
    for delivery_id in sorted(again):
        if steps.find_step(context.ledger, scope=delivery_id, step="link") is not None:
            steps.start_step(context.ledger, scope=delivery_id, step="link", at=context.now())
