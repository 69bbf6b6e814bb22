"""What the counts' files say beside the counts: the last edition's figure, and shares under one."""

import csv
import io
import json
from dataclasses import replace
from datetime import date

import pytest
from test_aggregate import a_context, a_night, counted, people, publish

from pipeline.channels.aggregate_files import aggregate_files
from pipeline.contracts.aggregate import AggregatePack, Figure
from pipeline.contracts.settings import Settings
from pipeline.steps.at_hand.context import Context
from pipeline.steps.publish.counts_check import counts_problems


@pytest.fixture
def context(home: Settings) -> Context:
    return a_context(home)


def test_the_figure_of_the_last_edition_stands_beside_and_says_what_was_handed_out_and_nothing_else(
    context: Context,
) -> None:
    first = counted(context, a_night(context)).packs["QMJ"]
    assert {figure.people_before for figure in figures_of(first).values()} == {None}
    publish(context, first)
    folder = publish(
        context, counted(context, a_night(context, as_of=date(2026, 11, 22), known=people("later"))).packs["QMJ"]
    )
    later = json.loads(next(folder.glob("*.json")).read_bytes())
    handed_out = {cell: figure.people for cell, figure in figures_of(first).items()}
    beside = {
        (area["code"], table, figure["category"]): figure["people_before"]
        for area in later["areas"]
        for table, figure in (
            ("people", area["people"]), *((t["table"], figure) for t in area["tables"] for figure in t["figures"])
        )
    }  # fmt: skip
    assert beside == handed_out and None in beside.values()
    assert "Last time" in next(folder.glob("*.html")).read_text() and counts_problems(folder) == []
    rows = list(csv.DictReader(io.StringIO(next(folder.glob("*.csv")).read_text(encoding="utf-8-sig"))))
    told = {row["people_before"] for row in rows}
    assert told <= {"", *(str(number) for number in handed_out.values() if number is not None)} and len(told) > 3


def test_a_share_under_one_is_no_nought_in_any_file(context: Context) -> None:
    pack = counted(context, a_night(context)).packs["QMJ"]
    area = pack.areas[0]
    one = replace(area.tables[0].figures[0], people=10, pct=0)
    table = replace(area.tables[0], figures=(one,))
    files = aggregate_files(replace(pack, areas=(replace(area, tables=(table,)),)))
    name = next(name for name in files if name.endswith(".csv"))
    [row] = [r for r in csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"))) if r["category"] == one.category]
    assert (row["people"], row["pct"]) == ("10", "")
    page = files[next(name for name in files if name.endswith(".html"))].decode()
    assert "under 1" in page


def figures_of(pack: AggregatePack) -> dict[tuple[str, str, str], Figure]:
    told = {(area.code, "people", area.people.category): area.people for area in pack.areas}
    return told | {(area.code, t.table, f.category): f for area in pack.areas for t in area.tables for f in t.figures}
