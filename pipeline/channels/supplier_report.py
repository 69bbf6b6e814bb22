"""What a supplier is told about one delivery: verdict, counts, rules broken, row numbers; JSON, a page and a workbook.

No value of any row is in it, so that it may travel where the data may not. It decides nothing, and the same report
always makes the same bytes.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pipeline.channels.folder import put_file
from pipeline.channels.rendering import asset, templates
from pipeline.channels.supplier_workbook import workbook
from pipeline.rules.times import day_in_words

ROWS_NAMED = 10_000  # of one rule, in the JSON and the workbook; counts are always exact
_ROWS_ON_PAGE = 100
VERDICTS = {"accepted": "Accepted", "refused": "Refused", "held": "Held back", "duplicate": "Received before"}
LEVELS = {"refuse": "refuses the delivery", "quarantine": "sets rows apart", "count": "counted, nothing lost"}
CARDS = {
    "in": "rows in the file",
    "valid": "accepted",
    "duplicate": "repeat another row",
    "superseded": "older than another row",
    "broken": "set apart by a rule",
    "refused": "refused with the file",
}


def write_report(folder: Path, *, report: Mapping[str, Any]) -> None:
    """Write report.json (sorted keys), report.html and report.xlsx; each appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    put_file(folder / "report.html", page(report).encode("utf-8"))
    put_file(folder / "report.xlsx", workbook(report, levels=LEVELS, verdicts=VERDICTS, cards=CARDS))
    # Last: whoever adds to a report reads it from here.
    put_file(folder / "report.json", text.encode("utf-8"))


def read_report(folder: Path) -> dict[str, Any] | None:
    """The report as it was written; None when there is none."""
    path = folder / "report.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def name_rows(rows: Sequence[int]) -> list[int]:
    """The first row numbers, as many as a report names."""
    return sorted(rows)[:ROWS_NAMED]


def page(report: Mapping[str, Any]) -> str:
    """The report as one self-contained HTML page."""
    first, last = (date.fromisoformat(day) for day in report["period"])
    received = datetime.fromisoformat(report["received_at"])
    return (
        templates()
        .get_template("delivery_report.html.j2")
        .render(
            report={"after_linkage": None, **report},
            verdict=VERDICTS[report["verdict"]],
            period=day_in_words(first) if first == last else f"{day_in_words(first)} to {day_in_words(last)}",
            received=f"{day_in_words(received.date())} at {received:%H:%M} UTC",
            cards=[(name, int(report["counts"][name]), says) for name, says in CARDS.items()],
            levels=LEVELS,
            numbers=_numbers,
            style=Markup(asset("report.css")),  # our own file
        )
    )


def _numbers(rule: Mapping[str, Any]) -> str:
    shown = rule["row_numbers"][:_ROWS_ON_PAGE]
    rest = int(rule["rows_broken"]) - len(shown)
    return ", ".join(str(int(number)) for number in shown) + (f" and {rest:,} more" if rest > 0 else "")
