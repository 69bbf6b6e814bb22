"""What a supplier is told about one delivery: verdict, counts, rules broken, row numbers; JSON and a page.

No value of any row is in it, so that it may travel where the data may not. It decides nothing.
"""

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROWS_NAMED = 1000

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#212b32}"
    "table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #aeb7bd;padding:.5rem;"
    "text-align:left;vertical-align:top}h1{font-size:1.6rem}code{overflow-wrap:anywhere}"
)


def write_report(folder: Path, *, report: Mapping[str, Any]) -> None:
    """Write report.json (sorted keys) and report.html; each appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    _put(folder / "report.json", text)
    _put(folder / "report.html", page(report))


def name_rows(rows: Sequence[int]) -> list[int]:
    """The first row numbers, as many as a report names."""
    return sorted(rows)[:ROWS_NAMED]


def page(report: Mapping[str, Any]) -> str:
    """The report as one self-contained HTML page."""
    title = f"Delivery {_text(report['delivery_id'])}"
    counts = "".join(
        f"<tr><th scope='row'>{_text(name.replace('_', ' '))}</th><td>{int(count):,}</td></tr>"
        for name, count in report["counts"].items()
    )
    return (
        "<!doctype html>\n<html lang='en-GB'><head><meta charset='utf-8'>"
        f"<meta name='viewport' content='width=device-width'><title>{title}</title>"
        f"<style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n"
        f"<p><strong>{_text(report['verdict'])}</strong>. {_text(report['summary'])}</p>\n"
        f"<h2>Rows</h2><table>{counts}</table>\n"
        f"<h2>Rules broken</h2>\n{_rules(report['rules'])}</body></html>\n"
    )


def _rules(rules: Sequence[Mapping[str, Any]]) -> str:
    if not rules:
        return "<p>None.</p>\n"
    lines = "".join(
        f"<tr><td><code>{_text(rule['rule'])}</code><br>{_text(rule['level'])}</td>"
        f"<td>{_text(rule['says'])}.<br>Next: {_text(rule['next_step'])}.</td>"
        f"<td>{int(rule['rows_broken']):,}</td><td>{_numbers(rule)}</td></tr>\n"
        for rule in rules
    )
    heads = "".join(f"<th scope='col'>{name}</th>" for name in ("Rule", "What it says", "Rows", "Row numbers"))
    return f"<table><thead><tr>{heads}</tr></thead><tbody>\n{lines}</tbody></table>\n"


def _numbers(rule: Mapping[str, Any]) -> str:
    shown = rule["row_numbers"][:100]
    rest = int(rule["rows_broken"]) - len(shown)
    return ", ".join(str(int(number)) for number in shown) + (f" and {rest:,} more" if rest > 0 else "")


def _text(value: object) -> str:
    return html.escape(str(value), quote=True)


def _put(path: Path, text: str) -> None:
    staged = path.with_name(f".{path.name}.part")
    staged.write_text(text, encoding="utf-8")
    staged.replace(path)
