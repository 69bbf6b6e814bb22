"""Status: one look at where things stand, for an operator at 3 a.m. and for a monitor.

Exit 0 when the last night finished and nothing waits; 1 when something needs a look (a refused delivery, an unused
source, a night that stopped); 2 when nothing can be published (no keys, no model, no finished night, a broken audit).
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pipeline.contracts.alerts import load_alerts
from pipeline.contracts.extract import load_extracts
from pipeline.contracts.policy import SOURCES, load_policy
from pipeline.errors import GateClosed, UserError
from pipeline.ledger import audit, models, registers, runs, watched
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.ledger.recalls import recalls
from pipeline.ledger.runs import Run
from pipeline.rules.alerts import Alert
from pipeline.rules.freshness import SILENT_AFTER_DAYS, is_silent
from pipeline.rules.times import index_date
from pipeline.steps.at_hand.context import Context
from pipeline.steps.exchange.deliver_watch import looks, unacknowledged
from pipeline.steps.feedback.watch import refused_by_id
from pipeline.steps.link.watch import RUNBOOK, odd_rates_of
from pipeline.steps.opt_out.erasure import ACTION as ERASED
from pipeline.steps.opt_out.national_opt_out import ASK, ends_soon
from pipeline.steps.publish.recall import recalls_to_look_at
from pipeline.steps.receive.lateness import (
    LATE_DAYS,
    late_in_words,
    late_since,
    owed_deliveries,
    refused_and_not_replaced,
)
from pipeline.steps.receive.receive import left_lying
from pipeline.steps.run.run import MODEL
from pipeline.steps.tell.alerts_told import open_alerts, unsent_ways
from pipeline.steps.tell.report_missing import report_missing
from pipeline.steps.upkeep.retention_needs import no_longer_replayable
from pipeline.steps.validate.overrule import decisions_made, decisions_to_look_at
from pipeline.steps.validate.verdict import rules_of_size

WELL, LOOK, STOPPED = 0, 1, 2
PACKS = ("published", "already_there", "not_due")
# What watching found is told under the page it names.
ALERT_OF_PAGE = {
    "docs/runbooks/list-changed-much.md": "list_changed_much",
    "docs/runbooks/records-look-different.md": "records_look_different",
    "docs/runbooks/scores-do-not-fit.md": "scores_do_not_fit",
}
NOTIFY = "Put it right, then send again: riskstrat notify --as-of DATE"
LEFT_LYING = "Ask its sender; what is put right is taken in by the next night"


@dataclass(frozen=True)
class Finding:
    """Something an operator should know, how bad it is, and what to do."""

    level: int
    says: str
    next_step: str
    # The alert it raises (policy/alerts.yml), and the id of what it is about.
    alert: str = ""
    subject: str = ""
    runbook: str = ""


@dataclass(frozen=True)
class Status:
    """What `riskstrat status` shows."""

    last_night: dict[str, object] | None
    model_id: str | None
    sources: list[dict[str, object]]
    editions: list[dict[str, object]]
    decisions: list[dict[str, object]]
    findings: list[Finding]
    # Finished nights that no replay gives again, since what they compare with was purged; oldest first.
    not_replayable: list[date]
    # What was or is to be delivered and has not been collected.
    unacknowledged: list[dict[str, object]]
    # What stood open at the last notice.
    open_alerts: list[Alert]

    @property
    def exit_code(self) -> int:
        return max((finding.level for finding in self.findings), default=WELL)

    def as_json(self) -> str:
        return json.dumps(
            {
                "exit_code": self.exit_code,
                "last_night": self.last_night,
                "model_id": self.model_id,
                "sources": self.sources,
                "editions": self.editions,
                "decisions": self.decisions,
                "unacknowledged": self.unacknowledged,
                "not_replayable": self.not_replayable,
                "findings": [vars(finding) for finding in self.findings],
                "open_alerts": [alert.as_row() for alert in self.open_alerts],
            },
            default=str,
            indent=2,
            sort_keys=True,
        )


def status(context: Context) -> Status:
    """Read the ledger and say where things stand; writes nothing."""
    nights = [run for run in runs.list_runs(context.ledger) if run.kind == "nightly"]
    finished = [run for run in nights if run.state == "finished"]
    last = max(finished, key=lambda run: (run.as_of, run.started_at), default=None)
    champion = models.champion(context.ledger, name=MODEL)
    deliveries = list_deliveries(context.ledger)
    findings = _findings_of_runs(context, nights, last_night=last, has_model=champion is not None)
    findings += _findings_of_deliveries(context, deliveries, as_of=None if last is None else last.as_of)
    findings += _to_look_at(context, deliveries)
    findings += _opt_out_check(context)
    findings += _watched(context)
    findings += _outside(context)
    if last is not None:
        silent = _silent(context, deliveries, as_of=last.as_of)
        findings += [*silent.values(), *_late(context, told=silent, as_of=last.as_of)]
        findings += _published_before_a_dissent(context, as_of=last.as_of)
        missing = report_missing(context, last)
        findings += [Finding(LOOK, *one, "report_unwritten", str(last.as_of)) for one in missing]
    return Status(
        last_night=None
        if last is None
        else {
            "as_of": last.as_of,
            "run_key": last.run_key,
            "finished_at": last.finished_at,
            "counts": last.counts,
            "model_id": last.model_id,
            "source_set": last.inputs.get("source_set"),
        },
        model_id=champion.model_id if champion else None,
        sources=_sources(context, deliveries, findings, day=None if last is None else index_date(last.as_of)),
        editions=[
            {"plane": e.plane, "code": e.code, "as_of": e.as_of, "revision": e.revision, "counts": e.counts}
            for e in registers.list_editions(context.ledger, as_of=last.as_of if last else None)
            if e.kind == "current"
        ],
        decisions=decisions_made(context),
        findings=_with_pages(context, findings),
        not_replayable=no_longer_replayable(context),
        unacknowledged=unacknowledged(context),
        open_alerts=open_alerts(context),
    )


def _to_look_at(context: Context, deliveries: Sequence[Delivery]) -> list[Finding]:
    """What people decided, what lies about, and which deliveries find their people too rarely."""
    found = [Finding(LOOK, one.says, one.next_step, one.alert, one.subject) for one in decisions_to_look_at(context)]
    found += [
        Finding(LOOK, one.says, one.next_step, "edition_recalled", one.edition_id)
        for one in recalls_to_look_at(context)
    ]
    # A file may be named after a person: the alert only counts.
    found += [
        Finding(LOOK, f"Left lying in landing: {one}", LEFT_LYING, "file_left_lying", f"file {number}")
        for number, one in enumerate(left_lying(context), start=1)
    ]
    for odd in odd_rates_of(context, deliveries):
        says = f"Delivery {odd.delivery.delivery_id}: {odd.says}"
        ask = f"Ask its sender; {RUNBOOK}"
        found.append(Finding(LOOK, says, ask, "linkage_rates", odd.delivery.delivery_id))
    return found


def _watched(context: Context) -> list[Finding]:
    """What watching found of the latest night: held and not decided, nothing of it is published."""
    nights = {run.run_key: run for run in runs.list_runs(context.ledger, kind="nightly")}
    every = [(nights[one.run_key], one) for one in watched.list_watched(context.ledger) if one.run_key in nights]
    if not every:
        return []
    run, last = max(every, key=lambda pair: (pair[0].as_of, pair[0].started_at))
    is_held = last.verdict == "hold" and watched.release_of(context.ledger, run.run_key) is None
    found = []
    for one in last.content["findings"]:
        holds = is_held and one["level"] == "hold"
        says = f"Watching the night of {run.as_of}: {one['says']}"
        see = f"See riskstrat watch and {one['runbook']}"
        alert = "night_held" if holds else ALERT_OF_PAGE[one["runbook"]]
        found.append(Finding(STOPPED if holds else LOOK, says, see, alert, one["code"]))
    return found


def _with_pages(context: Context, findings: Sequence[Finding]) -> list[Finding]:
    """Each with the page of its alert, unless it names one already."""
    declared = load_alerts(context.settings.project, context.settings.home).declared
    pages = {name: kind.page for name, kind in declared.items()}
    return [replace(one, runbook=pages.get(one.alert, "")) for one in findings]


def _outside(context: Context) -> list[Finding]:
    """What of delivery, of files that came back and of the last notice needs a look."""
    found = [Finding(LOOK, one.says, one.next_step, one.alert, one.subject) for one in looks(context)]
    found += [
        Finding(LOOK, says, next_step, "feedback_refused", feedback_id)
        for feedback_id, (says, next_step) in refused_by_id(context).items()
    ]
    found += [
        Finding(LOOK, f"The last notice did not go out by {way}: {why}", NOTIFY, "notice_unsent", way)
        for way, why in unsent_ways(context).items()
    ]
    return found


def _opt_out_check(context: Context) -> list[Finding]:
    try:
        says = ends_soon(context)
    except GateClosed as closed:
        return [Finding(STOPPED, closed.what, closed.next_step, "opt_out_check", "check")]
    except UserError:
        return []  # a policy that cannot be read is told with the sources
    if says is None:
        return []
    return [Finding(LOOK, says, f"Ask anew: {ASK}", "opt_out_check_ends_soon", "check")]


def _findings_of_runs(
    context: Context, nights: Sequence[Run], *, last_night: Run | None, has_model: bool
) -> list[Finding]:
    found = []
    if not has_model:
        train = "Train one and promote it: riskstrat train, promote"
        found.append(Finding(STOPPED, "No model is promoted", train, "no_model", MODEL))
    if last_night is None:
        run_one = "Run one: riskstrat nightly --as-of DATE"
        found.append(Finding(STOPPED, "No night has finished yet", run_one, "night_not_finished", "the first"))
    done = {run.as_of for run in nights if run.state == "finished"}
    for run in nights:
        if run.state != "finished" and run.as_of not in done and (last_night is None or run.as_of >= last_night.as_of):
            again = f"Start it again: riskstrat nightly --as-of {run.as_of}"
            says = f"The night of {run.as_of} started and did not finish"
            found.append(Finding(LOOK, says, again, "night_not_finished", str(run.as_of)))
    packs = {} if last_night is None else {name: last_night.counts.get(f"publish.{name}") for name in PACKS}
    if last_night is not None and set(packs.values()) == {0}:
        says = f"The night of {last_night.as_of} published nothing, and nothing was due later"
        look = "Look whether any practice takes part: the policy's practices and dates"
        found.append(Finding(LOOK, says, look, "nothing_published", str(last_night.as_of)))
    for number, problem in enumerate(audit.verify(context.ledger), start=1):
        says, restore = f"The audit trail is broken: {problem}", "Restore the ledger from its backup"
        found.append(Finding(STOPPED, says, restore, "audit_broken", f"place {number}"))
    return found


def _findings_of_deliveries(context: Context, deliveries: list[Delivery], *, as_of: date | None) -> list[Finding]:
    found = []
    waiting = [delivery for delivery in deliveries if delivery.state == "received"]
    if waiting:
        says = f"{len(waiting)} deliveries were received and wait for their verdict"
        judge = "Run riskstrat validate, then link and events, or the next night"
        found.append(Finding(LOOK, says, judge, "delivery_waiting", f"{len(waiting)} waiting"))
    contracts = load_extracts(context.settings.project)
    for delivery in refused_and_not_replaced(contracts, deliveries, on=as_of):
        why = str(delivery.reason).rstrip(".")
        says = f"Delivery {delivery.delivery_id} was refused, {delivery.reason_code}: {why}"
        ask = f"Where it was opened, reports/deliveries says more, and may be sent to {delivery.sender}"
        contract = contracts.get(delivery.extract)
        is_short = contract is not None and delivery.reason_code in rules_of_size(contract)
        alert = "delivery_short" if is_short else "delivery_refused"
        found.append(Finding(LOOK, says, ask, alert, delivery.delivery_id))
    return found


def _published_before_a_dissent(context: Context, *, as_of: date) -> list[Finding]:
    """Editions in use that still hold someone who has dissented since: their files are with the practices."""
    editions = {e.edition_id: e for e in registers.list_editions(context.ledger) if e.kind == "current"}
    newest = {(e.plane, e.code): e for e in sorted(editions.values(), key=lambda e: (e.as_of, e.revision))}
    held = {name for row in audit.list_entries(context.ledger, action=ERASED) for name in row.subject.split()}
    taken_back = recalls(context.ledger)
    in_use = sorted(e.edition_id for e in newest.values() if e.edition_id in held and e.edition_id not in taken_back)
    if not in_use:
        return []
    says = f"{len(in_use)} editions in use hold people who have dissented since: {', '.join(in_use)}"
    anew = f"Replace them: riskstrat nightly --as-of {as_of} --correct 'opt-out', and have the earlier files deleted"
    # Told once; each of the editions raises the alert.
    return [
        Finding(LOOK, says, anew, "dissent_after_publication", " ".join(in_use)),
    ]


def _silent(context: Context, deliveries: Sequence[Delivery], *, as_of: date) -> dict[tuple[str, str], Finding]:
    """Extracts of senders that sent nothing good of a whole source for long before the last night.

    A monthly extract beside a daily one of the same source is no silence: each extract's own lateness is `_late`'s.
    Reference files speak of no source.
    """
    contracts = load_extracts(context.settings.project)
    last: dict[tuple[str, str], date] = {}
    newest: dict[tuple[str, str], date] = {}
    for delivery in deliveries:
        if delivery.state == "accepted" and contracts[delivery.extract].source in SILENT_AFTER_DAYS:
            received = delivery.received_at.date()
            who, of_source = (delivery.extract, delivery.sender), (contracts[delivery.extract].source, delivery.sender)
            last[who] = max(last.get(who, date.min), received)
            newest[of_source] = max(newest.get(of_source, date.min), received)
    return {
        (extract, sender): Finding(
            LOOK,
            f"Nothing good has come of {extract} from {sender} since {received}",
            f"Ask {sender}; registers say how old the data are, and go on with what there is",
            "sender_silent",
            f"{extract} from {sender}",
        )
        for (extract, sender), received in sorted(last.items())
        if is_silent(contracts[extract].source, last_received=newest[contracts[extract].source, sender], as_of=as_of)
    }


def _late(context: Context, *, told: Collection[tuple[str, str]], as_of: date) -> list[Finding]:
    """Senders that owe a delivery past its days of grace, but for those of whom more was said."""
    contracts = load_extracts(context.settings.project)
    late = late_since(owed_deliveries(context, on=as_of), on=as_of, days=LATE_DAYS)
    return [
        Finding(
            LOOK,
            late_in_words(contracts[extract].title, sender, late, extract=extract),
            f"Ask {sender} for it; reports/sources.html shows all senders and weeks",
            "delivery_late",
            f"{extract} from {sender}",
        )
        for extract, sender in sorted({(one.extract, one.sender) for one in late} - set(told))
    ]


def _sources(
    context: Context, deliveries: Sequence[Delivery], findings: list[Finding], *, day: date | None
) -> list[dict[str, object]]:
    source_of = {name: contract.source for name, contract in load_extracts(context.settings.project).items()}
    try:
        policy = load_policy(context.settings.policy_file)
    except UserError as error:
        name = context.settings.policy_file.name
        findings.append(
            Finding(STOPPED, str(error).rstrip("."), "Put the policy file right", "declaration_broken", name)
        )
        policy = None
    rows: list[dict[str, object]] = []
    for source in SOURCES:
        good = [d for d in deliveries if d.state == "accepted" and source_of.get(d.extract) == source]
        latest = max((d.latest_event_date for d in good if d.latest_event_date), default=None)
        used = policy is not None and day is not None and policy.basis_for(source, "score", day) is not None
        if policy is not None and day is not None and not used:
            says = f"Source {source} has no valid basis on {day} and is not used"
            alert = "gate_closed" if source == "gp" else "source_not_used"
            findings.append(Finding(LOOK, says, "Renew its entry in the policy, or tell the practices", alert, source))
        rows.append(
            {
                "source": source,
                "received_at": max((d.received_at for d in good), default=None),
                "latest_event_date": latest,
                # On the as-of date, as on the page of the run.
                "days_behind": None if latest is None or day is None else max((day - latest).days - 1, 0),
                "silent_after_days": SILENT_AFTER_DAYS[source],
                "is_used": used,
            }
        )
    return rows
