"""The report of a backfill in words: a page of text for whoever asked for it. Counts and practice codes, no person."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.rules.backfill_differences import SAYS

TITLES = {"went": "went", "came": "came", "risk": "other risk", "place": "other place", "words": "other words"}


def as_text(report: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    asked = f"{report['first_day']} to {report['last_day']}, every {report['every']}" if report["every"] else ""
    lines = [
        f"# Backfill {report['series']}",
        "",
        f"Knowledge: {report['knowledge']}. {asked or 'Run night by night by an orchestrator'}. "
        f"{'Sent to practices where the delivery plan names them' if report['sends'] else 'Sent to nobody'}. "
        f"State: {report['state']}, {len(report['nights'])} of {report['of']} nights begun.",
        "",
        "“Same bytes” means that every file of a practice's pack is, byte for byte, the one published on that date.",
        "",
        "| as of | run | packs | published | compared | same bytes | same rows | differ | made of otherwise |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_line(night) for night in report["nights"]),
    ]
    for night in report["nights"]:
        lines += _told(night)
    return "\n".join(lines) + "\n"


def line_of(content: Mapping[str, Any]) -> str:
    """One night on one line, for whoever watches it run."""
    if "error" in content:
        return f"not made: {content['error']}"
    packs = f"{content['packs']} packs"
    if "sent" in content:
        packs += f" ({content['sent']} of practices in the outbox)"
    if not content["compared"]:
        return f"{packs}, nothing published on that date to compare with"
    if content["same_bytes"] == content["compared"]:
        return f"{packs}, the same bytes as the {content['compared']} published on that date"
    told = {name: content[name] for name in ("same_bytes", "same_rows", "differ") if content[name]}
    said = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in told.items())
    return f"{packs}, of {content['compared']} published on that date: {said} ({_causes(content['changed'])})"


def _line(night: Mapping[str, Any]) -> str:
    content = night["content"]
    if night["state"] != "finished":
        return f"| {night['as_of']} | {night['run_key'] or ''} | {night['state']} | | | | | | |"
    cells = [content[name] for name in ("packs", "published", "compared", "same_bytes", "same_rows", "differ")]
    told = " | ".join(str(cell) for cell in cells)
    return f"| {night['as_of']} | {night['run_key']} | {told} | {_causes(content['changed'])} |"


def _told(night: Mapping[str, Any]) -> list[str]:
    content, lines = night["content"], [""]
    if "error" in content:
        return ["", f"**{night['as_of']}** could not be made: {content['error']}"]
    if not content:
        return []
    if content["model_learned_later"]:
        lines.append(f"**{night['as_of']}**: the model has learned from what followed; this list shows no foresight.")
    if "sent" in content:
        lines.append(f"**{night['as_of']}**: {content['sent']} packs of practices entered in the outbox.")
    if content["not_kept"]:
        lines.append(f"**{night['as_of']}**: published packs not kept any more: {_codes(content['not_kept'])}.")
    if content["not_made"]:
        lines.append(f"**{night['as_of']}**: published then and not made now: {_codes(content['not_made'])}.")
    if content["practices"]:
        heads = ["practice", "rows published", "rows made", *TITLES.values(), "why"]
        lines += [
            "",
            f"## Rows that differ: {night['as_of']}",
            "",
            f"| {' | '.join(heads)} |",
            "|---" * len(heads) + "|",
        ]
        for code, one in sorted(content["practices"].items()):
            counts = [one[name] for name in ("rows_published", "rows_made", *TITLES)]
            why = "; ".join(f"{_causes(cause.split('+'))}: {count}" for cause, count in one["why"].items())
            lines.append(f"| {code} | {' | '.join(str(count) for count in counts)} | {why} |")
        lines += ["", f"Which ranks: `registers/replays/{night['run_key']}/differences.csv` (identified zone)."]
    return lines if len(lines) > 1 else []


def _causes(words: Sequence[str]) -> str:
    return ", ".join(SAYS.get(word, word) for word in words) or "nothing"


def _codes(codes: Sequence[str]) -> str:
    return ", ".join(codes)
