"""Run report: the story of one night on one page, for whoever is asked in the morning how it went.

Written to `reports/runs/<as-of>-<run key>.html` at the end of a night, whether it was published or stopped, and by
`riskstrat run-report`. Reads the ledger, the policy and what watching found; changes nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.channels.folder import put_file
from pipeline.channels.run_page import Figure, Look, RunPage, StageLine, Tone, run_page
from pipeline.contracts.policy import SOURCES, Policy, load_policy
from pipeline.errors import UserError
from pipeline.ledger import registers, runs, steps, watched
from pipeline.ledger.recalls import recalls
from pipeline.ledger.runs import Run
from pipeline.rules.shown_counts import shown
from pipeline.rules.stages import STAGES
from pipeline.steps.at_hand.context import Context
from pipeline.steps.tell.alerts import alerts_of_night
from pipeline.steps.tell.run_report_open import standing, stop_lines, why_it_stopped
from pipeline.steps.tell.run_report_outcome import editions, findings, model_figures, watched_part, why_model
from pipeline.steps.tell.run_report_sources import came, gates, looks_of_sources, new_deliveries, people, sources
from pipeline.steps.tell.status import Finding, status
from pipeline.steps.watch.source_states import TITLES, source_states
from pipeline.store import layout

# Counts of a stage that are not of people: all others are told as counts of people are.
NOT_PEOPLE = frozenset(
    {"practices", "published", "already_there", "not_due", "swept", "areas_counted", "rows", "notice", "hold"}
    | {"proposals", "values_outside_bounds"}
)
HELD = "Held"
NOT_USED_RUNBOOK = "docs/runbooks/source-not-used.md"
# What a run is made of, in the order it is told.
MADE_OF = (
    "code", "policy", "model_id", "source_set", "deliveries", "reference", "codelist_release", "feedback", "erasure",
    "knowledge", "correction",
)  # fmt: skip


def run_of(context: Context, *, as_of: date, run_key: str | None = None) -> Run:
    """The run of this key, or the night's: the finished one frozen last, else the last one begun.

    Raises UserError when there is none.
    """
    found = [one for one in runs.list_runs(context.ledger, as_of=as_of) if one.kind != "train"]
    if run_key is not None:
        found = [one for one in found if one.run_key == run_key]
    nights = [one for one in found if one.kind == "nightly"] or found
    if not nights:
        raise UserError(
            "No such run is in the ledger",
            where=f"night of {as_of}" + (f", run {run_key}" if run_key else ""),
            next_step="see riskstrat status for the last night, or run it: riskstrat nightly --as-of DATE",
        )
    return max(nights, key=lambda one: (one.state == "finished", one.started_at, one.run_key))


def write_run_report(context: Context, *, run: Run) -> Path:
    """Write the page; returns where it lies."""
    path = layout.run_page(context.settings.home, run.as_of, run.run_key)
    path.parent.mkdir(parents=True, exist_ok=True)
    put_file(path, run_page(whole_page(context, run)))
    return path


def whole_page(context: Context, run: Run) -> RunPage:
    """The page with what stands open in the whole home and what somebody is told of, as of now."""
    page = page_of(context, run)
    if run.kind == "replay":  # which disturbs nobody, and of which nobody is told
        return page
    findings = status(context).findings
    left = standing(findings, run, told={one.about for one in page.looks})
    alerts = _alerts(context, run, findings)
    return replace(page, tone=_with(page.tone, *left, *alerts), standing=left, alerts=alerts)


def page_of(context: Context, run: Run) -> RunPage:
    """Everything the page says of this run itself, as the ledger stands."""
    policy = _policy(context)
    deliveries = new_deliveries(context, run)
    tone, verdict, says = _verdict(context, run)
    looks = [
        *([] if verdict.startswith(HELD) else why_it_stopped(context, run)),
        *_looks(context, run, policy),
        *looks_of_sources(context, run, deliveries),
    ]
    return RunPage(
        as_of=run.as_of,
        run_key=run.run_key,
        kind=run.kind,
        is_fictitious=policy is not None and policy.fictitious,
        tone=_with(tone, *looks),
        verdict=verdict,
        says=says,
        written_at=context.now(),
        looks=tuple(looks),
        standing=None,
        alerts=None,
        came=came(context, deliveries),
        sources=() if policy is None else sources(context, run, policy),
        gates=gates(context, run, policy),
        people=people(context, run, deliveries),
        model=model_figures(context, run),
        why_model=why_model(context, run, unused=_unused(context, run, policy)),
        watched=watched_part(context, run),
        editions=editions(context, run, policy),
        stops=stop_lines(context, run),
        stages=stages(context, run),
        made_of=_made_of(run),
    )


def stages(context: Context, run: Run) -> tuple[StageLine, ...]:
    """Every stage of a night in its order, begun or not."""
    done = {record.step: record for record in steps.list_steps(context.ledger, scope=run.run_key)}
    lines = []
    for name in STAGES:
        record = done.get(name)
        if record is None:
            lines.append(StageLine(name, "not begun", None, None, ""))
            continue
        seconds = None if record.finished_at is None else int((record.finished_at - record.started_at).total_seconds())
        lines.append(StageLine(name, record.state, record.started_at, seconds, _counted(record.counts)))
    return tuple(lines)


def _counted(counts: Mapping[str, Any]) -> str:
    """What a stage counted; where people went from and to is for riskstrat transitions."""
    told = {name: count for name, count in counts.items() if not name.startswith("from_")}
    return ", ".join(
        f"{name.replace('_', ' ')} {count:,}" if name in NOT_PEOPLE else f"{name.replace('_', ' ')} {shown(int(count))}"
        for name, count in told.items()
    )


def _policy(context: Context) -> Policy | None:
    """The policy as it is now; None when it cannot be read, which the page then says."""
    try:
        return load_policy(context.settings.policy_file)
    except UserError:
        return None


def _with(tone: Tone, *looks: Look) -> Tone:
    """The tone of the whole: what needs a look takes the green away, what stops publication makes it red."""
    for grave in ("bad", "care"):
        if any(one.tone == grave for one in looks):
            return "bad" if "bad" in (tone, grave) else "care"
    return tone


def _verdict(context: Context, run: Run) -> tuple[Tone, str, str]:
    """How the night went, in a heading and a sentence."""
    mine = [one for one in registers.list_editions(context.ledger) if one.run_key == run.run_key]
    packs = f"{len(mine)} editions"
    found = watched.find_watched(context.ledger, run.run_key)
    is_held = found is not None and found.verdict == "hold"
    if is_held and watched.release_of(context.ledger, run.run_key) is None and not mine:
        return "bad", f"{HELD}: nothing is published", "Its scores do not fit by the declared bounds; a person decides."
    if run.state != "finished":
        done = [line for line in stages(context, run) if line.state == "finished"]
        after = f"{len(done)} of {len(STAGES)} stages have finished"
        which = next(line.name for line in stages(context, run) if line.state != "finished")
        return "bad", f"Not finished: {which} is next", f"{after}; {packs} are out; whoever has none keeps the last."
    if run.kind == "replay":
        return "good", "Replayed", f"{packs} lie under replays; nobody’s register was disturbed."
    if not mine:
        return "good", "Finished, nothing was due", "Every practice’s last edition is less than a week old."
    return "good", "Published", f"{packs} of this run are out."


def _looks(context: Context, run: Run, policy: Policy | None) -> list[Look]:
    """What is to be seen to apart from deliveries: watching, the policy, recalls."""
    found = watched.find_watched(context.ledger, run.run_key)
    looks = [] if found is None else list(findings(found.content))
    if policy is None:
        looks.append(Look("bad", "The policy file cannot be read", "Put it right: riskstrat status says where"))
    elif run.inputs.get("policy", policy.digest) != policy.digest:
        says = "The policy file has changed since the run was frozen: sources and practices are told as it is now"
        looks.append(Look("plain", says))
    if policy is not None:
        looks += [
            Look("care", f"{TITLES[one.source]}: {one.says}", "", NOT_USED_RUNBOOK, f"source_not_used {one.source}")
            for one in source_states(context, run=run, policy=policy)
            if not one.is_used
        ]
    taken_back = recalls(context.ledger)
    for one in registers.list_editions(context.ledger):
        if one.run_key == run.run_key and one.edition_id in taken_back:
            told = taken_back[one.edition_id]
            looks.append(Look("care", f"Edition {one.edition_id} was recalled by {told.who}: {told.reason}"))
    return looks


def _alerts(context: Context, run: Run, findings: Sequence[Finding]) -> tuple[Look, ...]:
    """What somebody is to be told of this night as it stands."""
    return tuple(
        Look("bad" if one.severity == "stopped" else "care", one.says, f"{one.state} since {one.since}", one.runbook)
        for one in alerts_of_night(context, run, findings=findings)
        if one.is_open
    )


def _unused(context: Context, run: Run, policy: Policy | None) -> dict[str, str]:
    """Why each source that is not used is not."""
    states = () if policy is None else source_states(context, run=run, policy=policy)
    says = {one.source: one.says for one in states if not one.is_used or one.received_at is None}
    return {source: says[source] for source in SOURCES if source in says}


def _made_of(run: Run) -> tuple[Figure, ...]:
    told = [Figure(name.replace("_", " "), str(run.inputs[name])) for name in MADE_OF if run.inputs.get(name)]
    frozen = Figure("frozen", f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC")
    ended = Figure("finished", f"{run.finished_at:%Y-%m-%d %H:%M:%S} UTC" if run.finished_at else "not yet")
    return (frozen, ended, *told)
