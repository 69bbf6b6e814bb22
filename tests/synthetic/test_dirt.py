"""Dirty rows and damaged files: each kind is planted as often and where it is told, and spoils what it names."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.contracts.extract import load_extracts
from pipeline.rules.nhs_number import check_digit, is_valid
from pipeline.synthetic.deliveries.damage import BEFORE_BYTES, FILE_KINDS, damaged
from pipeline.synthetic.deliveries.dirt import Circumstances, shares_of, soil
from pipeline.synthetic.deliveries.expected import expected
from pipeline.synthetic.deliveries.formats import in_format, named_format
from pipeline.synthetic.deliveries.shapes import SHAPES
from pipeline.synthetic.deliveries.spool import csv_lines
from pipeline.synthetic.records.rows import NEVER, Rows

CONTRACTS = load_extracts(Path())
ROWS = 200


def a_number(place: int) -> str:
    first_nine = 999_000_000 + place * 3
    while check_digit(str(first_nine)) is None:
        first_nine += 1
    return f"{first_nine}{check_digit(str(first_nine))}"


def clean(extract: str) -> Rows:
    """Rows with an identifier, a number, a birth date and an event date each, and readings where they fit."""
    shape, contract = SHAPES[extract], CONTRACTS[extract]
    columns = {header: [""] * ROWS for header in contract.headers()}
    columns[shape.identifier] = [f"{shape.prefix}{k}" for k in range(ROWS)]
    columns[shape.nhs_number] = [a_number(k) for k in range(ROWS)]
    columns[shape.birth_date] = ["1950-01-01"] * ROWS
    columns[shape.date] = ["2026-10-05"] * ROWS
    if extract == "gp_event":
        codes = ["271649006", "60621009", "1022431000000105"]
        columns["Code"] = [codes[k % 3] for k in range(ROWS)]
        columns["Value"] = ["120"] * ROWS
    table = pa.table({header: pa.array(values, pa.string()) for header, values in columns.items()})
    return Rows(table, np.arange(ROWS), np.full(ROWS, 20_700), np.full(ROWS, "X"))


def given(death: int = 20_600) -> Circumstances:
    return Circumstances(impossible=21_500, last=20_720, death=np.full(ROWS, death), serial=3)


@pytest.mark.parametrize("extract", list(SHAPES))
def test_every_kind_lies_where_it_is_told_and_the_good_rows_are_as_they_were(extract: str) -> None:
    rows = clean(extract)
    wanted = dict.fromkeys(SHAPES[extract].shares, 3)
    dirty, planted = soil(rows, wanted, extract=extract, given=given(), rng=np.random.default_rng(1))
    assert {kind: len(places) for kind, places in planted.items()} == wanted
    places = {place for found in planted.values() for place in found}
    assert len(places) == sum(wanted.values()) == dirty.table.num_rows - ROWS
    kept = dirty.where(~np.isin(np.arange(len(dirty.person)), list(places)))
    assert kept.table.equals(rows.table)
    shape = SHAPES[extract]
    told = {kind: [dirty.table.slice(place, 1).to_pylist()[0] for place in found] for kind, found in planted.items()}
    good = rows.table.to_pylist()
    assert all(row in good for row in told["exact_duplicate"])
    assert all(not row[shape.nhs_number] for row in told["missing_nhs_number"])
    assert all(row[shape.nhs_number] and not is_valid(row[shape.nhs_number]) for row in told["invalid_check_digit"])
    assert all(row[shape.date] > "2028" for row in told.get("future_date", []))
    assert all(row[shape.birth_date] > row[shape.date] for row in told.get("birth_after_event", []))
    assert all(row[shape.date] == "2026-06-06" for row in told.get("after_death", []))
    assert all(row["Value"] == "1200" for row in told.get("impossible_pressure", []))
    assert all((row["Value"], row["Unit"]) == ("16.4", "kPa") for row in told.get("impossible_unit", []))
    for kind, value in (("unknown_code", shape.unknown), ("pseudo_practice", (shape.practice, "V81997"))):
        assert all(row[value[0]] == value[1] for row in told.get(kind, []))
    identifiers = [row[shape.identifier] for kind, rows_ in told.items() if kind != "exact_duplicate" for row in rows_]
    assert len(set(identifiers)) == len(identifiers) and not {row[shape.identifier] for row in good} & set(identifiers)


def test_nobody_who_lives_has_activity_after_death() -> None:
    rows = clean("acute_ecds")
    _, planted = soil(rows, {"after_death": 5}, extract="acute_ecds", given=given(NEVER), rng=np.random.default_rng(1))
    assert planted == {}


def test_a_history_holds_every_kind_at_least_once() -> None:
    for extract in SHAPES:
        assert min(shares_of(extract, clean(extract)).values()) >= 1
        assert set(shares_of(extract, clean(extract))) == set(SHAPES[extract].shares)


def test_rows_after_a_piece_without_rows_are_written_as_they_are() -> None:
    """pyarrow 26 writes whatever lies in its memory for a piece of a table that has no rows."""
    full = pa.table({"a": pa.array(["x", None], pa.string()), "b": pa.array(["1", "2"], pa.string())})
    assert csv_lines(full) == b"x,1\n,2\n"
    assert csv_lines(pa.concat_tables([full.slice(0, 0), full])) == csv_lines(full)
    assert csv_lines(pa.concat_tables([full.slice(1, 0), full, full.slice(0, 0)])) == csv_lines(full)
    assert csv_lines(full.slice(0, 0)) == b""


DATA = b"A,B,C\n1,x,2026-01-01\n2,y,2026-01-02\n3,z,2026-01-03\n"


@pytest.mark.parametrize("kind", [kind for kind in FILE_KINDS if kind not in BEFORE_BYTES])
def test_a_damaged_file_is_another_file(kind: str) -> None:
    assert damaged(DATA, kind) != DATA


def test_damage_does_what_its_name_says() -> None:
    with pytest.raises(UnicodeDecodeError):
        damaged(DATA, "latin_1").decode("utf-8")
    assert damaged(DATA, "latin_1").decode("latin-1").replace("\xa0", "").encode() == DATA
    assert damaged(DATA, "utf_16").decode("utf-16").encode() == DATA
    assert damaged(DATA, "bom").decode("utf-8-sig").encode() == DATA
    assert damaged(DATA, "delimiter").count(b";") == DATA.count(b",")
    assert DATA.startswith(damaged(DATA, "truncated")) and not damaged(DATA, "truncated").endswith(b"\n")
    assert damaged(DATA, "truncated_at_line_end") == DATA[: DATA.index(b"3,z")]
    assert damaged(DATA, "renamed_column").split(b"\n")[0] == b"A,B,C_v2"
    assert [len(line.split(b",")) for line in damaged(DATA, "extra_column").splitlines()] == [4, 4, 4, 4]
    assert all(damaged(DATA, kind) == DATA for kind in ("", *BEFORE_BYTES))
    with pytest.raises(KeyError):
        damaged(DATA, "melted")


def test_older_formats_have_their_own_headers_fewer_columns_and_their_own_values() -> None:
    for extract, contract in CONTRACTS.items():
        rows = pa.table({header: pa.array([header, None], pa.string()) for header in contract.headers()})
        for form in contract.formats:
            table = in_format(rows, contract=contract, form=form.name)
            assert tuple(table.column_names) == form.header_line(contract.columns), (extract, form.name)
            assert table.num_rows == 2
    assert sum(len(contract.formats) > 1 for contract in CONTRACTS.values()) >= 2


def test_values_are_translated_back_to_what_the_older_format_called_them() -> None:
    contract = CONTRACTS["social_care_event"]
    older = next(form for form in contract.formats if form.values)
    name, mapping = next(iter(older.values.items()))
    header = contract.column(name).header
    current = list(dict.fromkeys(mapping.values()))
    columns = {one: pa.array([None] * (len(current) + 1), pa.string()) for one in contract.headers()}
    columns[header] = pa.array([*current, "something else"], pa.string())
    table = in_format(pa.table(columns), contract=contract, form=older.name)
    told = table[older.headers.get(name, header)].to_pylist()
    assert [mapping[value] for value in told[:-1]] == current and told[-1] == "something else"
    with pytest.raises(KeyError):
        named_format(contract, "never")


def test_the_contracts_have_a_rule_for_every_kind_that_needs_one() -> None:
    without = {
        (extract, kind)
        for extract, shape in SHAPES.items()
        for kind in shape.shares
        if expected(CONTRACTS[extract])[kind]["becomes"] in ("set_apart", "counted")
        and not expected(CONTRACTS[extract])[kind]["rule"]
    }
    assert without == set()
