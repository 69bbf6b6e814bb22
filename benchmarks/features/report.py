"""The measurements as tables of docs/performance.md, between two marks; nothing else of the page is touched."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
AGAIN = "the same, beside all columns it reads"
# Title, ours, the scan it is held against, the pair in pandas (of ours, or of a part of it).
ROWS = (
    ("features, all", "features", "scan_of_events", None),
    (AGAIN, "features", "scan_of_versions", None),
    ("features, five concepts", "five_concepts", None, "five_in_pandas"),
    ("scores", "scores", "scan_of_features", "scores_in_pandas"),
    ("reasons of 2%", "reasons_told", "scan_of_features", "reasons_in_pandas"),
)
Told = Mapping[int, Mapping[str, Any]]


def write(told: Told, *, memory: str) -> None:
    """Put the tables between the marks of the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.partition(BEGIN)[0], page.partition(END)[2]
    content = f"{before}{BEGIN}\n{tables(told, memory=memory)}\n{END}{after}"
    PAGE.write_text(content, encoding="utf-8")


def tables(told: Told, *, memory: str) -> str:
    """Markdown: what each size cost beside its scan and pandas, and what an added person cost."""
    lines = [
        "Least CPU seconds and greatest peak memory of so many runs, each part in a process of its own,",
        f"`RISKSTRAT_MEMORY={memory}`, two threads.",
        "",
        "| people | event rows | runs | what | CPU s | MB | scan, CPU s | times scan | pandas, CPU s | pandas, MB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for size in told.values():
        parts = size["parts"]
        for title, ours, scan, other in ROWS:
            mine = parts[ours]
            scanned = parts[scan]["cpu_s"] if scan else None
            pair = parts[other] if other else None
            held = f"{pair['peak_mb']:,}" if pair else ""
            cells = [f"{parts['features']['people']:,}", f"{size['grown']['event']:,}", str(size["runs"]), title]
            cells += [f"{mine['cpu_s']:.2f}", f"{mine['peak_mb']:,}", _number(scanned), _times(mine["cpu_s"], scanned)]
            cells += [_number(pair["cpu_s"] if pair else None), held]
            lines.append(f"| {' | '.join(cells)} |")
    if len(told) > 1:
        lines += ["", *_added(told)]
    return "\n".join(lines)


def _added(told: Told) -> list[str]:
    """CPU milliseconds for each person more, from each size to the next."""
    sizes = [size["parts"] for size in told.values()]
    steps = list(zip(sizes, sizes[1:], strict=False))
    heads = [f"{a['features']['people']:,} to {b['features']['people']:,}" for a, b in steps]
    lines = [f"| CPU ms for each person more | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for title, ours, _, other in (row for row in ROWS if row[0] != AGAIN):
        for name, what in ((ours, title), (other, f"{title}, in pandas")):
            if name:
                lines.append(f"| {what} | {' | '.join(f'{_per_person(a, b, name):.3f}' for a, b in steps)} |")
    return lines


def _per_person(small: Mapping[str, Any], large: Mapping[str, Any], name: str) -> float:
    people = large["features"]["people"] - small["features"]["people"]
    return float(1000 * (large[name]["cpu_s"] - small[name]["cpu_s"]) / people)


def _number(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.2f}"


def _times(ours: float, scan: float | None) -> str:
    return f"{ours / scan:.0f}" if scan else ""
