"""What the run report says of deliveries, sources, gates and people: all from the ledger and the policy."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from pipeline.channels.run_page import Came, Figure, Gate, Look, SourceLine, Tone, Trouble
from pipeline.contracts.extract import load_extracts
from pipeline.contracts.policy import Policy
from pipeline.ledger import audit, runs, steps
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.ledger.runs import Run
from pipeline.rules.shown_counts import shown
from pipeline.rules.times import day_in_words, index_date, intake_cut_off
from pipeline.steps.at_hand.audit_gates import OPENED
from pipeline.steps.at_hand.context import Context
from pipeline.steps.link.watch import RUNBOOK as LINKAGE_RUNBOOK
from pipeline.steps.link.watch import odd_rates_of
from pipeline.steps.receive.lateness import (
    LATE_DAYS,
    late_in_words,
    late_since,
    owed_deliveries,
    refused_and_not_replaced,
)
from pipeline.steps.watch.source_states import TITLES, source_states
from pipeline.store import layout

# How far back the first night of a home looks for what is new: before it lies years of history.
FIRST_NIGHT_DAYS = 7
STATES: dict[str, tuple[Tone, str]] = {
    "refused": ("bad", "refused"),
    "held": ("care", "held by a person"),
    "duplicate": ("plain", "same bytes as before"),
    "received": ("care", "waits for its verdict"),
}
LATE_RUNBOOK, REFUSED_RUNBOOK = "docs/runbooks/delivery-late.md", "docs/runbooks/delivery-refused.md"
HELD_RUNBOOK = "docs/runbooks/delivery-held.md"


def new_deliveries(context: Context, run: Run) -> list[Delivery]:
    """Everything received for this night and not for the finished one before it, in order of arrival."""
    nights = [one for one in runs.list_runs(context.ledger, kind="nightly") if one.state == "finished"]
    before = max((one.as_of for one in nights if one.as_of < run.as_of), default=None)
    since = intake_cut_off(before if before is not None else run.as_of - timedelta(days=FIRST_NIGHT_DAYS))
    until = intake_cut_off(run.as_of)
    return [one for one in list_deliveries(context.ledger) if since <= one.received_at < until]


def came(context: Context, deliveries: Sequence[Delivery]) -> tuple[Came, ...]:
    """A line for each extract and sender, in their order; what was not simply taken in is told one by one."""
    contracts = load_extracts(context.settings.project)
    found = []
    for extract, sender in sorted({(one.extract, one.sender) for one in deliveries}):
        mine = [one for one in deliveries if (one.extract, one.sender) == (extract, sender)]
        found.append(
            Came(
                title=contracts[extract].title if extract in contracts else extract,
                extract=extract,
                sender=sender,
                last_received_at=max(one.received_at for one in mine),
                deliveries=len(mine),
                accepted=sum(one.state == "accepted" for one in mine),
                troubles=tuple(_trouble(context, one) for one in mine if one.state != "accepted"),
                rows_in=sum(one.rows_in for one in mine),
                rows_kept=sum(one.rows_kept for one in mine),
                rows_set_apart=sum(one.rows_quarantined for one in mine),
                rows_refused=sum(one.rows_refused for one in mine),
            )
        )
    return tuple(found)


def _trouble(context: Context, one: Delivery) -> Trouble:
    tone, state = STATES[one.state]
    why = " ".join(part for part in (one.reason_code, one.reason) if part)
    report = layout.delivery_report(context.settings.home, one.delivery_id) / "report.html"
    link = f"../deliveries/{one.delivery_id}/report.html" if report.is_file() else ""
    return Trouble(tone, f"{state}: {one.received_at:%d/%m %H:%M} {why}".rstrip(), link)


def sources(context: Context, run: Run, policy: Policy) -> tuple[SourceLine, ...]:
    """A line for each source, in the words of the registers."""
    return tuple(
        SourceLine(
            title=one.title,
            is_used=one.is_used,
            says=one.says,
            received_at=one.received_at,
            reaches=one.latest_event_date,
            age_days=None if one.latest_event_date is None else (run.as_of - one.latest_event_date).days,
        )
        for one in source_states(context, run=run, policy=policy)
    )


def looks_of_sources(context: Context, run: Run, deliveries: Sequence[Delivery]) -> Iterator[Look]:
    """What has not come, what was refused and not replaced, and what found its people otherwise than usual."""
    contracts = load_extracts(context.settings.project)
    late = late_since(owed_deliveries(context, on=run.as_of), on=run.as_of, days=LATE_DAYS)
    for extract, sender in sorted({(one.extract, one.sender) for one in late}):
        says = late_in_words(contracts[extract].title, sender, late, extract=extract)
        yield Look("care", says, f"Ask {sender} for it", LATE_RUNBOOK, f"delivery_late {extract} from {sender}")
    known = list_deliveries(context.ledger, received_before=intake_cut_off(run.as_of))
    for one in refused_and_not_replaced(contracts, known, on=run.as_of):
        says = f"Delivery {one.delivery_id} was refused ({one.reason_code}: {one.reason}) and nothing has replaced it"
        yield Look(
            "care", says, f"Ask {one.sender} for it again", REFUSED_RUNBOOK, f"delivery_refused {one.delivery_id}"
        )
    for one in deliveries:
        if one.state == "held":
            says = f"Delivery {one.delivery_id} is held by a person and used by no night"
            yield Look(
                "care", says, "Decide: riskstrat release or refuse", HELD_RUNBOOK, f"delivery_held {one.delivery_id}"
            )
    for odd in odd_rates_of(context, list(deliveries)):
        says = f"Delivery {odd.delivery.delivery_id}: {odd.says}"
        about = f"linkage_rates {odd.delivery.delivery_id}"
        yield Look("care", says, f"Ask {odd.delivery.sender}", LINKAGE_RUNBOOK, about)


def gates(context: Context, run: Run, policy: Policy | None) -> tuple[Gate, ...]:
    """Each source as the audit says its gate was when the run was frozen; then opt-outs and agreements."""
    found = []
    for entry in audit.list_entries(context.ledger, action=OPENED, run_key=run.run_key):
        for part in entry.subject.split("; "):
            source, _, says = part.partition(" ")
            found.append(Gate(TITLES.get(source, source), says.startswith("open"), says))
    if policy is not None:
        found += _agreements(policy, day=index_date(run.as_of))
    return tuple(found)


def _agreements(policy: Policy, *, day: date) -> Iterator[Gate]:
    national = policy.national_opt_out_sources(day)
    says = f"applied to {', '.join(TITLES[one] for one in national)}" if national else "no entry in force names it"
    yield Gate("National Data Opt-Out", True, says)
    part = policy.participating(day)
    yield Gate("Practices with an agreement", bool(part), f"{len(part)} take part")
    for one in policy.practices:
        if not one.covers(day):
            ended = one.valid_to is not None and one.valid_to < day
            edge = one.valid_to if ended and one.valid_to is not None else one.valid_from
            says = f"its agreement {'ended' if ended else 'begins'} on {day_in_words(edge)}"
            yield Gate(f"Practice {one.practice_code}", False, says)


def people(context: Context, run: Run, deliveries: Sequence[Delivery]) -> tuple[Figure, ...]:
    """Where everyone went, and how the rows of this night's deliveries found people; empty before `features`."""
    record = steps.find_step(context.ledger, scope=run.run_key, step="features")
    if record is None or record.state != "finished":
        return ()
    titles = {
        "people": "In the deliveries",
        "people_scored": "Scored",
        "people_opted_out": "Opted out",
        "people_not_registered": "Not registered here",
    }
    everyone = [Figure(title, shown(int(record.counts.get(name, 0)))) for name, title in titles.items()]
    accepted = [one for one in deliveries if one.state == "accepted"]
    rows = (
        ("Rows kept of this night’s deliveries", sum(one.rows_kept for one in accepted)),
        ("Rows without a usable NHS number", sum(one.rows_unlinked for one in accepted)),
        ("Rows in conflict with the GP lists", sum(one.rows_conflict for one in accepted)),
        ("Rows of people who opted out", sum(one.rows_opted_out for one in accepted)),
    )
    return (*everyone, *(Figure(title, shown(count)) for title, count in rows))
