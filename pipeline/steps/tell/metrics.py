"""Metrics: a night's figures for a monitor, written to `metrics/riskstrat.prom` when a nightly run ends.

One file, of the night that ended last, since a collector reads every file of its folder; each night's own is kept
beside its watching under reports/runs. Labels are codes of organisations, extracts and stages; counts of people that
are small are left out, as on the operator's page (rules/shown_counts.py). What each figure means:
docs/watching-the-pipeline.md, which a test holds against METRICS.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime

from pipeline.channels.folder import put_file
from pipeline.channels.metrics_file import Metric, Sample, metrics_text
from pipeline.contracts.extract import load_extracts
from pipeline.contracts.policy import SOURCES
from pipeline.ledger import audit, outbox, registers, steps, watched
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.ledger.runs import Run
from pipeline.rules.shown_counts import told_or_none
from pipeline.rules.stages import STAGES
from pipeline.rules.times import intake_cut_off
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.exchange.deliver_watch import OPEN
from pipeline.steps.tell.run_report_sources import new_deliveries
from pipeline.store import layout

FILE = "riskstrat.prom"
OF_RUN = "metrics.prom"
DAY = 86_400
VERDICTS = ("quiet", "notice", "hold")
# name -> what it says; the order of the file.
METRICS = {
    "riskstrat_night_info": "Names of the night: 1, with the run key, as-of date, model and set of sources as labels.",
    "riskstrat_night_as_of_timestamp_seconds": "Midnight UTC at the start of the night's as-of date.",
    "riskstrat_night_is_finished": "1 when every stage of the night has finished.",
    "riskstrat_night_finished_timestamp_seconds": "When the night finished.",
    "riskstrat_stage_duration_seconds": "How long a stage took.",
    "riskstrat_deliveries": "Deliveries received for this night, by what became of them.",
    "riskstrat_delivery_rows": "Rows of this night's deliveries, by extract and where they went; in is their sum.",
    "riskstrat_source_delivery_age_seconds": "From a source's last accepted delivery to the night's intake cut-off.",
    "riskstrat_source_event_age_days": "Days from the latest event of a source that was delivered to the as-of date.",
    "riskstrat_people": "People the deliveries speak of, by what became of them; none for counts of 7 or fewer.",
    "riskstrat_register_people": "People on all practices' lists of the night, by why; none for counts of 7 or fewer.",
    "riskstrat_register_size": "Length of a practice's list in its newest edition in use.",
    "riskstrat_editions": "Editions of this run, by plane.",
    "riskstrat_watching_verdict": "1 for what watching found of the night: quiet, notice or hold.",
    "riskstrat_packs_unacknowledged": "Packs and notices that wait, have left or may have, and nobody has collected.",
    "riskstrat_pack_unacknowledged_age_seconds": "Since the oldest pack that was sent and not collected was sent.",
    "riskstrat_audit_rows": "Rows of the audit.",
}


def write_metrics(context: Context, *, run: Run) -> StepResult:
    """Write the night's file, and put a copy where the collector reads; counts the samples."""
    made = metrics_of(context, run)
    content = metrics_text(made)
    for path in (
        layout.run_report(context.settings.home, run.run_key) / OF_RUN,
        layout.metrics(context.settings.home) / FILE,
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        put_file(path, content)
    return StepResult(counts={"samples": sum(len(one.samples) for one in made)})


def metrics_of(context: Context, run: Run) -> list[Metric]:
    """Every metric of METRICS in its order, as the ledger stands."""
    samples: dict[str, list[Sample]] = {name: [] for name in METRICS}
    for part in (_night(run), _stages(context, run), _rows(context, run), _ages(context, run), _out(context, run)):
        for name, sample in part:
            samples[name].append(sample)
    return [Metric(name, says, samples[name]) for name, says in METRICS.items()]


Told = Iterator[tuple[str, Sample]]


def _night(run: Run) -> Told:
    labels = {
        "run_key": run.run_key,
        "as_of": run.as_of.isoformat(),
        "model_id": str(run.model_id),
        "source_set": str(run.inputs.get("source_set")),
    }
    yield "riskstrat_night_info", Sample(1, labels)
    yield "riskstrat_night_as_of_timestamp_seconds", Sample((run.as_of - date(1970, 1, 1)).days * DAY)
    yield "riskstrat_night_is_finished", Sample(int(run.state == "finished"))
    if run.finished_at is not None:
        yield "riskstrat_night_finished_timestamp_seconds", Sample(_seconds(run.finished_at))


def _stages(context: Context, run: Run) -> Told:
    done = {one.step: one for one in steps.list_steps(context.ledger, scope=run.run_key)}
    for name in STAGES:
        one = done.get(name)
        if one is not None and one.finished_at is not None:
            took = int((one.finished_at - one.started_at).total_seconds())
            yield "riskstrat_stage_duration_seconds", Sample(took, {"stage": name})
    yield from _people("riskstrat_people", done["features"].counts if "features" in done else {}, PEOPLE)
    yield from _people("riskstrat_register_people", done["register"].counts if "register" in done else {}, LISTINGS)


PEOPLE = {
    "people": "spoken_of",
    "people_scored": "scored",
    "people_opted_out": "opted_out",
    "people_not_registered": "not_registered",
}
LISTINGS = {name: name for name in ("listed_by_rank", "kept", "nominated", "declined", "children")}


def _people(metric: str, counts: Mapping[str, int], named: Mapping[str, str]) -> Told:
    for name, label in named.items():
        count = told_or_none(int(counts.get(name, 0)))
        if count is not None:
            yield metric, Sample(count, {"state": label})


def _rows(context: Context, run: Run) -> Told:
    deliveries = new_deliveries(context, run)
    for state, count in sorted(Counter(one.state for one in deliveries).items()):
        yield "riskstrat_deliveries", Sample(count, {"state": state})
    for extract in sorted({one.extract for one in deliveries}):
        mine = [one for one in deliveries if one.extract == extract]
        for label, count in _where(mine).items():
            yield "riskstrat_delivery_rows", Sample(count, {"extract": extract, "rows": label})


def _where(deliveries: list[Delivery]) -> dict[str, int]:
    return {
        "in": sum(one.rows_in for one in deliveries),
        "kept": sum(one.rows_kept for one in deliveries),
        "quarantined": sum(one.rows_quarantined for one in deliveries),
        "refused": sum(one.rows_refused for one in deliveries),
        "duplicate": sum(one.rows_duplicate for one in deliveries),
        "superseded": sum(one.rows_superseded for one in deliveries),
    }


def _ages(context: Context, run: Run) -> Told:
    cut_off = intake_cut_off(run.as_of)
    source_of = {name: one.source for name, one in load_extracts(context.settings.project).items()}
    good = list_deliveries(context.ledger, states=["accepted"], received_before=cut_off)
    for source in SOURCES:
        mine = [one for one in good if source_of.get(one.extract) == source]
        if mine:
            age = int((cut_off - max(one.received_at for one in mine)).total_seconds())
            yield "riskstrat_source_delivery_age_seconds", Sample(age, {"source": source})
        latest = max((one.latest_event_date for one in mine if one.latest_event_date), default=None)
        if latest is not None:
            yield "riskstrat_source_event_age_days", Sample((run.as_of - latest).days, {"source": source})


def _out(context: Context, run: Run) -> Told:
    every = [one for one in registers.list_editions(context.ledger) if one.kind == "current"]
    newest = {one.code: one for one in every if one.plane == "practice"}  # in order of date and revision
    for code, one in sorted(newest.items()):
        yield "riskstrat_register_size", Sample(int(one.counts.get("people", 0)), {"practice": code})
    for plane, count in sorted(Counter(one.plane for one in every if one.run_key == run.run_key).items()):
        yield "riskstrat_editions", Sample(count, {"plane": plane})
    found = watched.find_watched(context.ledger, run.run_key)
    if found is not None:
        for verdict in VERDICTS:
            yield "riskstrat_watching_verdict", Sample(int(found.verdict == verdict), {"verdict": verdict})
    waiting = outbox.list_outbox(context.ledger, states=list(OPEN))
    for state in OPEN:
        yield "riskstrat_packs_unacknowledged", Sample(sum(one.state == state for one in waiting), {"state": state})
    sent = [one.sent_at for one in waiting if one.state == "sent" and one.sent_at is not None]
    if sent:
        yield "riskstrat_pack_unacknowledged_age_seconds", Sample(_seconds(context.now()) - _seconds(min(sent)))
    yield "riskstrat_audit_rows", Sample(audit.head(context.ledger).sequence)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
