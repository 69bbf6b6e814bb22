"""The status as a page of text: what an operator reads at 3 a.m., the worst and what to do about it last."""

from datetime import datetime

from pipeline.steps.tell.status import LOOK, STOPPED, WELL, Status

# Decisions shown on the page; all of them are told to machines.
MOST_TOLD = 5
ENDS = {WELL: "All well.", LOOK: "Needs a look.", STOPPED: "Not publishing."}


def told(report: Status) -> str:
    """Lines of text; the last says in a word how things stand."""
    lines = _night(report)
    lines.append("Sources:")
    lines += [_source(source) for source in report.sources]
    lines += _standing(report)
    for finding in report.findings:
        page = "" if not finding.runbook or "docs/runbooks/" in finding.next_step else f" ({finding.runbook})"
        level = "LOOK" if finding.level == LOOK else "STOPPED"
        lines.append(f"{level}: {finding.says}. {finding.next_step}{page}.")
    for alert in report.open_alerts:
        lines.append(f"Told since {alert.since}: {alert.says} ({alert.runbook})")
    return "\n".join([*lines, ENDS[report.exit_code]])


def _night(report: Status) -> list[str]:
    lines = []
    if report.last_night:
        night = report.last_night
        finished = _moment(night["finished_at"])
        lines.append(f"Last finished night: {night['as_of']} (run {night['run_key']}), finished {finished}")
        if night["source_set"]:
            lines.append(f"  scored by model {night['model_id']}, the one for sources: {night['source_set']}")
    return [*lines, f"Model that scores: {report.model_id or 'none promoted'}"]


def _source(source: dict[str, object]) -> str:
    behind = ""
    if source["days_behind"] is not None:
        behind = f", {source['days_behind']} {'day' if source['days_behind'] == 1 else 'days'} behind"
    return (
        f"  {source['source']:<14} data up to {source['latest_event_date'] or '-'}{behind}; last good delivery "
        f"{_moment(source['received_at'])} (silent after {source['silent_after_days']} days without one), "
        f"{'in use' if source['is_used'] else 'NOT USED'}"
    )


def _standing(report: Status) -> list[str]:
    """Editions, what has not been collected, what people decided, what no replay gives again."""
    practices = sum(edition["plane"] == "practice" for edition in report.editions)
    areas = len(report.editions) - practices
    lines = [f"Editions of that night: {practices} for practices, {areas} for localities and areas"]
    if report.unacknowledged:
        lines.append(f"Not collected yet: {len(report.unacknowledged)}")
    for one in report.decisions[:MOST_TOLD]:
        lines.append(f"Decided: {one['verb']} {one['delivery_id']}, by {one['who']} on {one['at']}: {one['reason']}")
    if report.not_replayable:
        lost = report.not_replayable
        lines.append(f"Purged: {len(lost)} nights can no longer be replayed, the last of them {lost[-1]}")
    return lines


def _moment(value: object) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC" if isinstance(value, datetime) else "never"
