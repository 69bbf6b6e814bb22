"""Which cases there are tonight, each of a declared alert: what status found, and what only time, disk or policy tells.

Reads what other steps have found and recorded; measures nothing of a person and writes nothing.
"""

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pipeline.contracts.alerts import Alerts
from pipeline.contracts.extract import load_extracts
from pipeline.contracts.notify_plan import load_notify_plan
from pipeline.contracts.policy import SOURCES, Policy, load_policy
from pipeline.errors import (
    ContractError,
    GateClosed,
    ModelUnfit,
    PacksBlocked,
    PublicationHeld,
    SettingsError,
    UserError,
)
from pipeline.ledger import profiles, registers, runs
from pipeline.ledger.deliveries import list_deliveries
from pipeline.ledger.recalls import recalls
from pipeline.ledger.stops import Stop
from pipeline.rules.alerts import Case, ends_within
from pipeline.rules.delivery_history import ODD_VOLUME
from pipeline.rules.times import LONDON, index_date
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.leaving import delivery_plan
from pipeline.steps.at_hand.stops import stops_of_nights
from pipeline.steps.run.source_sets import RUNBOOK as NO_FITTING_MODEL
from pipeline.steps.tell.status import Finding
from pipeline.store.certificates import ends_on

DECLARATIONS = (SettingsError.__name__, ContractError.__name__)


def cases_of_night(context: Context, alerts: Alerts, *, as_of: date, findings: Sequence[Finding]) -> list[Case]:
    """Every case there is, as of now; `as_of` is the night that should have been published, `findings` of status."""
    found = list(_found_by_status(findings))
    stops = list(_stopped(context))
    nights = {str(night) for night, case in stops if case.alert != "night_not_finished"}
    # A night whose stop has an alert of its own is not told a second time as one that did not finish.
    found = [case for case in found if case.alert != "night_not_finished" or case.subject not in nights]
    found += [case for _, case in stops]
    found += _late_registers(context, alerts, as_of=as_of)
    found += _of_policy(context, alerts, day=index_date(as_of))
    found += _of_deliveries(context)
    found += _certificates(context, alerts)
    found += _disk(context.settings.home, alerts)
    return sorted(set(found))


def _found_by_status(findings: Sequence[Finding]) -> Iterator[Case]:
    for finding in findings:
        if finding.alert == "dissent_after_publication":
            yield from (Case(finding.alert, edition_id) for edition_id in finding.subject.split())
        elif finding.alert:
            yield Case(finding.alert, finding.subject)


def _stopped(context: Context) -> Iterator[tuple[date, Case]]:
    """The last stop of each night that has not finished since, if no later night has."""
    nights = runs.list_runs(context.ledger, kind="nightly")
    finished = {run.as_of for run in nights if run.state == "finished"}
    last = max(finished, default=date.min)
    stops = [one for one in stops_of_nights(context) if one.as_of > last]
    newest = {one.as_of: one for one in stops}
    for night, stop in sorted(newest.items()):
        yield from ((night, case) for case in _case_of(stop))
    # Practices may be published one by one, in tasks of their own: each stops by itself, none speaks for another.
    for stop in stops:
        there = {one.code for one in registers.list_editions(context.ledger, as_of=stop.as_of) if one.kind == "current"}
        blocked = set(stop.subjects) - there if stop.error == PacksBlocked.__name__ else set()
        yield from ((stop.as_of, Case("pack_blocked", code)) for code in sorted(blocked))


def _case_of(stop: Stop) -> list[Case]:
    if stop.error == PacksBlocked.__name__:
        return []  # told by practice
    if stop.error == PublicationHeld.__name__:
        return []  # watching tells which measure held it
    if stop.error == GateClosed.__name__:
        is_check = "National Data Opt-Out" in stop.what
        return [Case("opt_out_check", "check") if is_check else Case("gate_closed", str(stop.as_of))]
    if stop.error == ModelUnfit.__name__:
        return [Case("no_fitting_model" if NO_FITTING_MODEL in stop.next_step else "no_model", str(stop.as_of))]
    if stop.error in DECLARATIONS:
        return [Case("declaration_broken", stop.place.partition(":")[0][:60] or str(stop.as_of))]
    return [Case("night_not_finished", str(stop.as_of))]


def _late_registers(context: Context, alerts: Alerts, *, as_of: date) -> list[Case]:
    due = datetime.combine(index_date(as_of), alerts.bounds.published_by, tzinfo=LONDON).astimezone(UTC)
    if context.now() < due or runs.first_finished(context.ledger, as_of=as_of) is not None:
        return []
    return [Case("registers_late", str(as_of))]


def _of_policy(context: Context, alerts: Alerts, *, day: date) -> list[Case]:
    """Bases and agreements that end soon, and who is without one; a policy that cannot be read is status' to tell."""
    try:
        policy = load_policy(context.settings.policy_file)
    except UserError:
        return []
    bounds = alerts.bounds
    bases = {source: max(one.valid_to for one in policy.bases(source, "score", day)) for source in _used(policy, day)}
    found = [Case("basis_ends_soon", one) for one in ends_within(bases, on=day, days=bounds.basis_ends_within_days)]
    entries = [(one.practice_code, one) for one in policy.practices] + [(one.sender, one) for one in policy.providers]
    last = {name: one.valid_to for name, one in entries if one.covers(day) and one.valid_to is not None}
    renewed = {name for name, one in entries if one.valid_from > day}
    ending = ends_within(
        {name: until for name, until in last.items() if name not in renewed},
        on=day,
        days=bounds.agreement_ends_within_days,
    )
    found += [Case("agreement_ends_soon", one) for one in ending]
    return found + _without_agreement(context, policy, day=day, looks_back=bounds.looks_back_days)


def _used(policy: Policy, day: date) -> list[str]:
    return [source for source in SOURCES if policy.bases(source, "score", day)]


def _without_agreement(context: Context, policy: Policy, *, day: date, looks_back: int) -> list[Case]:
    taking_part = {one.practice_code for one in policy.participating(day)}
    taken_back = recalls(context.ledger)
    had = {
        one.code
        for one in registers.list_editions(context.ledger, plane="practice")
        if one.kind == "current" and one.edition_id not in taken_back and (day - one.as_of).days <= looks_back
    }
    extracts = load_extracts(context.settings.project)
    lately = {
        one.sender
        for one in list_deliveries(context.ledger, states=["accepted"])
        if (day - one.received_at.date()).days <= looks_back
        and one.extract in extracts
        and extracts[one.extract].person is not None
    }
    found = [Case("practice_without_agreement", code) for code in had - taking_part]
    return found + [Case("sender_without_agreement", one) for one in lately if not policy.supplies(one, day)]


def _of_deliveries(context: Context) -> list[Case]:
    """Latest accepted deliveries that were used although they are far shorter or longer than usual."""
    latest = {(one.extract, one.sender): one for one in list_deliveries(context.ledger, states=["accepted"])}
    return [
        Case("delivery_odd_size", one.delivery_id)
        for one in latest.values()
        if profiles.measures_of(context.ledger, one.delivery_id, prefix=ODD_VOLUME)
    ]


def _certificates(context: Context, alerts: Alerts) -> list[Case]:
    """Certificates that the plans name; a plan that cannot be read is told elsewhere."""
    soon = context.now().date() + timedelta(days=alerts.bounds.certificate_ends_within_days)
    found = []
    for path in _named_certificates(context):
        try:
            last = ends_on(path)
        except (OSError, ValueError):
            found.append(Case("certificate_ends_soon", f"{path.name} cannot be read"))
            continue
        if last <= soon:
            found.append(Case("certificate_ends_soon", f"{path.name} until {last}"))
    return found


def _named_certificates(context: Context) -> list[Path]:
    named: list[Path | None] = []
    try:
        plan = delivery_plan(context)
        if plan is not None and plan.mesh is not None:
            named += [plan.mesh.certificate_file, plan.mesh.authority_file]
    except UserError:
        pass
    try:
        email = load_notify_plan(context.settings.notify_file, project=context.settings.project).email
        named += [email.authority_file] if email is not None else []
    except UserError:
        pass
    return [path for path in named if path is not None]


def _disk(home: Path, alerts: Alerts) -> list[Case]:
    usage = shutil.disk_usage(home)
    is_low = 100 * usage.free < alerts.bounds.disk_free_least_pct * usage.total
    return [Case("disk_nearly_full", "the home's disk")] if is_low else []
