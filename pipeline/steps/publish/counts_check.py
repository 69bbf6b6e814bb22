"""The last check of counts for planners, from the staged bytes alone and independent of how they were made.

One bad figure blocks the pack: one that is small or off the grid, a share of anything but figures shown, a small count
that the figures around it give away, or three files that do not say the same.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.channels.aggregate_files import COLUMNS, STEM

# Said anew here: the check may not trust the rule it checks.
SMALLEST_SHOWN, GRID, FEWEST = 10, 5, 3
CELL = re.compile(r'<td class="n">(?:about )?([0-9,]+)</td>')


def counts_problems(staged: Path) -> list[str]:
    """What is wrong with the counts in a staged pack, in words without any figure; empty when there are none."""
    files = sorted(staged.glob(f"{STEM}_*"))
    if not files:
        return []
    if sorted(path.suffix for path in files) != [".csv", ".html", ".json"]:
        return ["the counts are not one file of each kind"]
    table, page, content = (path.read_bytes().decode("utf-8-sig") for path in files)
    areas = json.loads(content)["areas"]
    rows = list(csv.DictReader(io.StringIO(table)))
    if not rows or tuple(rows[0]) != COLUMNS:
        return ["the columns of the counts are others"]
    problems = _figure_problems(areas) + _row_problems(rows, areas)
    known = {cell for row in rows for cell in (row["people"], row["pct"], row["people_before"])}
    if any(cell.replace(",", "") not in known for cell in CELL.findall(page)):
        problems.append("the page shows figures the table does not")
    bare = sum(_is_given_away(*each) for each in _families(areas))
    return problems + ([f"{bare} small counts can be worked out"] if bare else [])


def _figures(area: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    told = {("people", "people"): area["people"]}
    return told | {(t["table"], figure["category"]): figure for t in area["tables"] for figure in t["figures"]}


def _figure_problems(areas: list[dict[str, Any]]) -> list[str]:
    """Every figure on the grid and not small; every share that of figures shown; what is left likewise."""
    wrong, shares, left = 0, 0, 0
    for area in areas:
        whole = area["people"]["people"]
        for figure in _figures(area).values():
            people = figure["people"]
            for shown in (people, figure["people_before"]):
                wrong += shown is not None and (shown % GRID != 0 or shown < SMALLEST_SHOWN)
            exact = None if people is None or whole is None else min(100, 100 * people / whole)
            shares += figure["pct"] is not None and (exact is None or abs(figure["pct"] - exact) > 0.5)
        for table in area["tables"]:
            about = (table["rest"] or {}).get("about")
            left += about is not None and (whole is None or not _may_be_left(about, whole, table["figures"]))
    told = {"figures are small or not rounded": wrong, "shares are not of figures shown": shares}
    told["remainders are not what the figures leave"] = left
    return [f"{count} {what}" for what, count in told.items() if count]


def _may_be_left(about: int, whole: int, figures: list[dict[str, Any]]) -> bool:
    """Whether a remainder is one that the figures shown, and what is possible of the others, leave of the whole."""
    shown = sum(figure["people"] or 0 for figure in figures)
    missing = [figure["possible"] for figure in figures if figure["people"] is None]
    least, most = sum(one[0][0] for one in missing), sum(one[-1][1] for one in missing)
    return about % GRID == 0 and whole - shown - most - GRID < about < max(0, whole - shown - least) + GRID


def _row_problems(rows: list[dict[str, str]], areas: list[dict[str, Any]]) -> list[str]:
    """The table and the JSON say the same."""
    said = {
        (area["kind"], area["code"], *cell): str(figure["people"] or "")
        for area in areas
        for cell, figure in _figures(area).items()
    }
    told = {
        (row["area_kind"], row["area_code"], row["table"], row["category"]): row["people"]
        for row in rows
        if row["is"] in ("rounded", "suppressed")
    }
    return [] if said == told else ["the table and the JSON say different things"]


def _families(areas: list[dict[str, Any]]) -> Iterator[tuple[int | None, list[int | None]]]:
    """Every figure of a borough with those of its networks, where these make up the whole of it."""
    for area in areas:
        inside = [one for one in areas if one["kind"] == "pcn" and one["within"] == area["code"]]
        if sorted(code for one in inside for code in one["practice_codes"]) == sorted(area["practice_codes"]):
            for cell, figure in _figures(area).items():
                yield figure["people"], [_figures(one)[cell]["people"] for one in inside]


def _is_given_away(around: int | None, inside: list[int | None]) -> bool:
    """Whether a suppressed count directly inside has fewer values left than it must, by the figures of its family."""
    if around is None or None not in inside:
        return False
    lows, highs = (sum(0 if f is None else f + sign * 2 for f in inside) for sign in (-1, 1))
    missing = inside.count(None)
    least = max(0, around - 2 - highs - 7 * (missing - 1))
    most = min(7, around + 2 - lows)
    return 0 <= most - least < FEWEST - 1
