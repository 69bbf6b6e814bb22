"""Counts for planners as files: JSON for machines, CSV for spreadsheets, and one self-contained page.

Only bytes are made here, and the same counts always make the same bytes. Nothing is rounded or suppressed here: what
arrives may be shown.
"""

import csv
import io
import json
from dataclasses import asdict

from markupsafe import Markup

from pipeline.channels.correction_files import told_recalled
from pipeline.channels.page import content_security_policy, one_line
from pipeline.channels.register_files import inert
from pipeline.channels.rendering import asset, templates
from pipeline.contracts.aggregate import AREA_WORDS, AggregatePack, AreaCounts, Figure
from pipeline.rules.times import day_in_words

STEM = "RISKAGG"
SCHEMA = "aggregate/1"
COLUMNS = ("area_code", "area_name", "area_kind", "table", "category", "title", "people", "pct", "is", "people_before")
# What stands for a figure that is not shown; in the CSV the cell is empty.
SUPPRESSED = "*"


def aggregate_files(pack: AggregatePack) -> dict[str, bytes]:
    """The three files by name; RISKAGG_<area>_<yyyymmdd>_r<revision>.<extension>."""
    stem = f"{STEM}_{pack.areas[0].code}_{pack.as_of:%Y%m%d}_r{pack.revision}"
    made = {"json": aggregate_json(pack), "csv": aggregate_csv(pack), "html": aggregate_page(pack)}
    return {f"{stem}.{extension}": content for extension, content in made.items()}


def aggregate_json(pack: AggregatePack) -> bytes:
    """Canonical JSON of the whole pack, `aggregate/1`."""
    content: dict[str, object] = {
        "schema": SCHEMA,
        "run_key": pack.run_key,
        "as_of": pack.as_of.isoformat(),
        "index_date": pack.index_date.isoformat(),
        "previous_as_of": pack.previous_as_of.isoformat() if pack.previous_as_of else None,
        "revision": pack.revision,
        "supersedes": pack.supersedes,
        "correction": None if pack.reason is None else {"reason": pack.reason},
        "recalled": told_recalled(pack.recalled),
        "model_id": pack.model_id,
        "policy": {"name": pack.policy_name, "is_fictitious": pack.is_fictitious},
        "bases": list(pack.bases),
        "rule": {"suppressed_to": 7, "rounded_to": 5, "fewest_possible": 3},
        "left_out": pack.left_out,
        "sources": {one.source: one.is_used for one in pack.sources},
        "areas": [asdict(area) for area in pack.areas],
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False)
    return (text + "\n").encode("utf-8")


def aggregate_csv(pack: AggregatePack) -> bytes:
    """One row a figure: UTF-8 with BOM, CRLF, every cell in quotes, no cell a spreadsheet would run."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for area in pack.areas:
        where = [area.code, inert(area.name), area.kind]
        writer.writerow([*where, "people", *_cells(area.people)])
        for table in area.tables:
            writer.writerows([*where, table.table, *_cells(figure)] for figure in table.figures)
            if table.rest is not None:
                about = "" if table.rest.about is None else str(table.rest.about)
                kind = "not known" if table.rest.about is None else "difference"
                writer.writerow(
                    [*where, table.table, table.rest.category, inert(table.rest.title), about, "", kind, ""]
                )
    return ("\ufeff" + out.getvalue()).encode("utf-8")


def _cells(figure: Figure) -> list[str]:
    # A share that rounds to nothing is not nothing: empty here, "under 1" on the page.
    share = None if is_under_one(figure) else figure.pct
    numbers = ["" if number is None else str(number) for number in (figure.people, share)]
    before = "" if figure.people_before is None else str(figure.people_before)
    is_shown = "suppressed" if figure.people is None else "rounded"
    return [figure.category, inert(figure.title), *numbers, is_shown, before]


def aggregate_page(pack: AggregatePack) -> bytes:
    """The page as UTF-8: the area itself as tables with bars, then the areas inside side by side."""
    style = asset("aggregate.css").strip()
    text = (
        templates(finalize=one_line, trims_blocks=True)
        .get_template("aggregate.html.j2")
        .render(
            pack=pack,
            area=pack.areas[0],
            inside=[area for area in pack.areas[1:] if area.kind == "borough" or pack.areas[0].kind == "borough"],
            kinds=AREA_WORDS,
            day=day_in_words,
            number=_number,
            share=_share,
            width=_width,
            bases=_bases(pack),
            is_compared=any(figure.people_before is not None for figure in _figures(pack.areas[0])),
            places=_by_category(pack),
            suppressed=SUPPRESSED,
            is_incomplete=any(figure.people is None for area in pack.areas for figure in _figures(area)),
            style=Markup(style),  # our own file, digest in the policy below
            policy=content_security_policy(style),
        )
    )
    return text.encode("utf-8")


def _number(value: int | None) -> str:
    return SUPPRESSED if value is None else f"{value:,}"


def _share(figure: Figure) -> str:
    return "under 1" if is_under_one(figure) else _number(figure.pct)


def is_under_one(figure: Figure) -> bool:
    """Whether a share of rounded figures rounds to nothing though there are people."""
    return figure.pct == 0 and bool(figure.people)


def _width(value: int | None, whole: int | None) -> int:
    """Width of a bar, whole percent of everyone counted: it says the same as the share beside it."""
    return 0 if value is None or not whole else min(100, round(100 * value / whole))


def _figures(area: AreaCounts) -> list[Figure]:
    return [area.people, *(figure for table in area.tables for figure in table.figures)]


def _by_category(pack: AggregatePack) -> dict[str, dict[str, dict[str, Figure]]]:
    """Table, category and area code to figure, for areas side by side."""
    found: dict[str, dict[str, dict[str, Figure]]] = {}
    for area in pack.areas:
        for table in area.tables:
            for figure in table.figures:
                found.setdefault(table.table, {}).setdefault(figure.category, {})[area.code] = figure
    return found


def _bases(pack: AggregatePack) -> dict[str, list[str]]:
    """The letters by what they say, so that a sentence is not printed once for each letter."""
    found: dict[str, list[str]] = {}
    for basis in pack.bases:
        says, _, letter = basis.removesuffix(")").rpartition(" (")
        found.setdefault(says or basis, []).append(letter if says else "")
    return found
