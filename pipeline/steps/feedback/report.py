"""What a practice is told about a file it sent back, as JSON and as plain text: counts, rules, row numbers alone."""

import json
from collections import defaultdict
from typing import Any

from pipeline.channels.folder import put_file
from pipeline.contracts.returned import FILE_RULES, ROW_RULES
from pipeline.ledger.feedback import FeedbackFile
from pipeline.steps.at_hand.context import Context
from pipeline.store import layout

NAMES = ("report.json", "report.txt")


def write_report(context: Context, file: FeedbackFile) -> None:
    """Write both files anew; they follow from the ledger alone."""
    folder = layout.feedback_report(context.settings.home, file.feedback_id)
    folder.mkdir(parents=True, exist_ok=True)
    report = report_of(file)
    text = json.dumps(report, sort_keys=True, ensure_ascii=False, indent=1) + "\n"
    put_file(folder / NAMES[0], text.encode())
    put_file(folder / NAMES[1], ("\n".join(told(report)) + "\n").encode())


def report_of(file: FeedbackFile) -> dict[str, Any]:
    """The report as data."""
    rows: dict[tuple[str, str, bool], list[int]] = defaultdict(list)
    for one in file.report.get("rejected", []):
        rows[one["code"], one["column"], one["is_nomination"]].append(one["number"])
    report: dict[str, Any] = {
        "schema": "feedback-report/1",
        "feedback_id": file.feedback_id,
        "practice_code": file.practice_code,
        "run_key": file.run_key,
        "received_at": file.received_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "verdict": file.state,
        "counts": file.counts,
        "notes": file.report.get("notes", []),
        "rules": [
            {
                "rule": code,
                "says": ROW_RULES[code][0],
                "next_step": ROW_RULES[code][1],
                "column": column,
                "nominations": is_nomination,
                "rows": sorted(numbers),
            }
            for (code, column, is_nomination), numbers in sorted(rows.items())
        ],
    }
    if file.reason_code is not None:
        says, next_step = FILE_RULES[file.reason_code]
        report["refused"] = {
            "rule": file.reason_code, "says": says, "where": file.report.get("where", ""), "next_step": next_step
        }  # fmt: skip
    return report


def told(report: dict[str, Any]) -> list[str]:
    """The report in lines of plain text."""
    lines = [f"{report['practice_code']}: file received {report['received_at']}, {report['feedback_id']}"]
    if "refused" in report:
        one = report["refused"]
        return [*lines, f"Not read: {one['says']} ({one['where']}; {one['rule']}).", f"Next: {one['next_step']}."]
    counts = report["counts"]
    lines.append(
        f"{counts['in']:,} rows: {counts['changed']:,} with new answers, {counts['unchanged']:,} as they were, "
        f"{counts['nominated']:,} nominations, {counts['rejected']:,} left out."
    )
    lines += [f"Note: {note}." for note in report["notes"]]
    for one in report["rules"]:
        where = ("nominations, " if one["nominations"] else "") + "rows " + ", ".join(map(str, one["rows"]))
        column = f", column {one['column']}" if one["column"] else ""
        lines.append(f"Left out ({where}{column}): {one['says']} ({one['rule']}). {one['next_step'].capitalize()}.")
    return lines
