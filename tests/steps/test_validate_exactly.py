"""Rows of files of any size: batches and Parquet give exactly what a row-by-row reading and the plain library give."""

import random
from collections import Counter
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import planted_defects as planted
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.contracts.receipt import Receipt
from pipeline.contracts.settings import PROJECT
from pipeline.engines import expectations, judged_values
from pipeline.engines.expectations import Checks
from pipeline.engines.file_rows import FileRows, Rows, read_rows

CONTRACTS = load_extracts(PROJECT)
ODD = ["", " ", "x", "9990000018", "999 000 0018", "2026-02-30", "2026-11-09", "-1", "1.5", "99999"]


def receipt_for(extract: str, rows: int) -> Receipt:
    return Receipt(
        schema_name="receipt/1", extract=extract, sender="RAL01", kind="regular", period_start=date(2026, 11, 1),
        period_end=date(2026, 11, 30), received_at=datetime(2026, 11, 16, 5, tzinfo=UTC), rows=rows, sha256="0" * 64,
    )  # fmt: skip


def table_of(extract: str, lines: list[dict[str, str]]) -> pa.Table:
    columns = {name: pa.array([line[name] for line in lines], pa.string()) for name in CONTRACTS[extract].names()}
    return pa.table({**columns, "source_row_number": pa.array(range(1, len(lines) + 1), type=pa.int64())})


def read(extract: str, lines: list[dict[str, str]]) -> Rows:
    contract, receipt = CONTRACTS[extract], receipt_for(extract, len(lines))
    return read_rows(table_of(extract, lines), contract=contract, receipt=receipt, threads=2, memory_limit="1GB")


@cache
def random_lines(extract: str, seed: int, count: int = 160) -> list[dict[str, str]]:
    """Good rows with random damage: odd values, repeats, other versions and contradictions of earlier rows."""
    draw = random.Random(f"{extract}{seed}")
    contract = CONTRACTS[extract]
    lines: list[dict[str, str]] = []
    for number in range(count):
        line = planted.good_row(extract, number=number)
        if lines and draw.random() < 0.3:
            line = dict(draw.choice(lines))
        if contract.version and draw.random() < 0.3:
            line[contract.version] = draw.choice(["2026-11-14T03:10:00", "2026-11-13T03:10:00", "2026-10-31"])
        if draw.random() < 0.4:
            line[draw.choice(contract.names())] = draw.choice(ODD)
        lines.append(line)
    return lines


def naive_fates(extract: str, rows: list[dict[str, Any]], lines: list[dict[str, str]]) -> list[tuple[Any, bool]]:
    """Fate and is_only_version of each typed row, one row at a time."""
    contract = CONTRACTS[extract]
    number = contract.person.nhs_number if contract.person else ""
    trimmed = [
        tuple(
            value.strip(" ").replace(" ", "").replace("-", "") if name == number else value.strip(" ")
            for name, value in ((name, line[name]) for name in contract.names())
        )
        for line in lines
    ]
    is_copy = [content in trimmed[:place] for place, content in enumerate(trimmed)]
    keys = [
        tuple(row[name] for name in contract.key)
        if all(row[name] is not None for name in contract.required_key())
        else None
        for row in rows
    ]
    versions = [row[contract.version] if contract.version else None for row in rows]
    newest: dict[Any, Any] = {}
    for key, version, copy in zip(keys, versions, is_copy, strict=True):
        if key is not None and not copy and version is not None:
            newest[key] = max(newest.get(key, version), version)
    is_older = [
        key is not None and version is not None and not copy and version < newest[key]
        for key, version, copy in zip(keys, versions, is_copy, strict=True)
    ]
    left = Counter(key for key, c, o in zip(keys, is_copy, is_older, strict=True) if key is not None and not (c or o))
    return [
        ("duplicate", True) if copy else ("superseded", True) if older else (None, left[key] <= 1)
        for key, copy, older in zip(keys, is_copy, is_older, strict=True)
    ]


def naive_rules(contract: ExtractContract, table: pa.Table) -> dict[str, list[int]]:
    """Row numbers that break each rule about values, as Great Expectations says of the whole frame at once."""
    frame = table.to_pandas(date_as_object=False)
    for column in contract.columns:
        if column.type == "decimal":
            frame[column.name] = frame[column.name].astype(float)
    asked = {
        rule.rule: (rule.type, {**Checks(contract)._filled(rule, {}), "mostly": 1.0})
        for rule in contract.expectations
        if rule.type in judged_values.VALUE_RULES
    }
    named = {**judged_values._NAME_ROWS, "unexpected_index_column_names": ["source_row_number"]}
    found = {}
    for code, item in judged_values._validate(frame, asked, named).items():
        places = [entry["source_row_number"] for entry in item.result.get("unexpected_index_list") or []]
        found[code] = sorted(number for place in places for number in (place if isinstance(place, list) else [place]))
    return found


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("extract", CONTRACTS)
def test_repeats_are_what_a_reading_row_by_row_finds(extract: str, seed: int) -> None:
    lines = random_lines(extract, seed)
    table = read(extract, lines).table
    rows = table.to_pylist()
    found = list(zip(table["fate"].to_pylist(), table["is_only_version"].to_pylist(), strict=True))
    assert found == naive_fates(extract, rows, lines)


@pytest.mark.parametrize("extract", CONTRACTS)
def test_rules_name_the_rows_that_the_library_names_over_the_whole_file(extract: str) -> None:
    table = read(extract, random_lines(extract, 0)).table
    found = Checks(CONTRACTS[extract]).look(table)
    expected = {rule: rows for rule, rows in naive_rules(CONTRACTS[extract], table).items() if rows}
    assert {rule: numbers.to_pylist() for rule, numbers in found.items()} == expected
    assert sum(len(rows) for rows in expected.values()) > 20


@pytest.mark.parametrize("extract", ["acute_apc", "gp_event", "social_care_event"])
def test_batches_of_a_parquet_file_say_what_one_table_says(extract: str, tmp_path: Path) -> None:
    lines = random_lines(extract, 1)
    whole = read(extract, lines)
    path = tmp_path / "rows.parquet"
    pq.write_table(table_of(extract, lines), path, row_group_size=33)
    contract, receipt = CONTRACTS[extract], receipt_for(extract, len(lines))
    values = {"rows_on_receipt": len(lines), "rows_on_header": len(lines), "minimum_rows": 0}
    checks, alone = Checks(contract), Checks(contract)
    with FileRows(
        path, contract=contract, receipt=receipt, threads=2, memory_limit="1GB", spill_folder=tmp_path / "spill"
    ) as rows:
        batches = list(rows.batches(size=37))
        digest = rows.digest()
    for batch in batches:
        checks.look(batch)
    alone.look(whole.table)
    assert pa.concat_tables(batches).equals(whole.table)
    assert digest == whole.digest
    assert checks.results(values=values) == alone.results(values=values)


def test_more_broken_rows_than_are_named_are_all_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expectations, "ROWS_NAMED", 5)
    lines = [{**planted.good_row("gp_event", number=n), "snomed_code": ""} for n in range(30)]
    checks = Checks(CONTRACTS["gp_event"])
    table = read("gp_event", lines).table
    assert [len(checks.look(table.slice(start, 10))["GP-EV-012"]) for start in (0, 10, 20)] == [10, 10, 10]
    [result] = [
        one for one in checks.results(values={"rows_on_receipt": 30, "minimum_rows": 0}) if one.rule == "GP-EV-012"
    ]
    assert (result.broken_count, result.broken_rows, result.share) == (30, (1, 2, 3, 4, 5), 1.0)


def test_the_share_that_refuses_a_delivery_is_of_the_whole_file_and_not_of_a_batch() -> None:
    """Half of the rows need an NHS number; a batch without any does not decide."""
    lines = [
        {**planted.good_row("gp_event", number=n), "nhs_number": "" if n < 40 else "9990000018"} for n in range(100)
    ]
    table = read("gp_event", lines).table
    checks = Checks(CONTRACTS["gp_event"])
    for start in range(0, 100, 20):
        checks.look(table.slice(start, 20))
    [result] = [
        one for one in checks.results(values={"rows_on_receipt": 100, "minimum_rows": 0}) if one.rule == "GP-EV-003"
    ]
    assert (result.met, result.broken_rows) == (True, ())


def test_what_was_judged_once_is_remembered_and_judged_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    table = read("gp_patient", random_lines("gp_patient", 0)).table
    first = Checks(CONTRACTS["gp_patient"]).look(table)
    asked = []
    validate = judged_values._validate
    monkeypatch.setattr(
        judged_values, "_validate", lambda frame, *rest: asked.append(len(frame)) or validate(frame, *rest)
    )
    again = Checks(CONTRACTS["gp_patient"]).look(table)
    assert {rule: rows.to_pylist() for rule, rows in again.items()} == {
        r: rows.to_pylist() for r, rows in first.items()
    }
    assert len(asked) <= 2
    kept = [value for known in judged_values._memory.values() for value in known if isinstance(value, str)]
    assert kept and not [value for value in kept if len(value) > 6]


def test_a_rule_about_several_rows_at_once_is_refused() -> None:
    contract = CONTRACTS["gp_event"]
    unique = contract.expectations[8].model_copy(update={"type": "expect_column_values_to_be_unique"})
    with pytest.raises(expectations.PipelineError, match="one value at a time"):
        Checks(contract.model_copy(update={"expectations": (unique,)}))


def test_repeats_and_older_versions_are_told_apart_whatever_the_order() -> None:
    one = planted.good_row("acute_apc", number=1)
    older = {**one, "cds_applicable_at": "2026-11-14T03:10:00", "discharge_date": "", "episode_end_date": ""}
    other = planted.good_row("acute_apc", number=2)
    forward, backward = [one, older, dict(one), other], [other, dict(one), older, one]
    fates = [read("acute_apc", lines).table["fate"].to_pylist() for lines in (forward, backward)]
    assert fates == [[None, "superseded", "duplicate", None], [None, None, "superseded", "duplicate"]]
    assert read("acute_apc", forward).digest == read("acute_apc", backward).digest
    assert read("acute_apc", forward).digest != read("acute_apc", [one, older, other]).digest


def test_a_field_that_moves_to_its_neighbour_changes_the_digest() -> None:
    line = planted.good_row("gp_patient", number=1)
    moved = {**line, "family_name": "AB", "given_name": "C"}, {**line, "family_name": "A", "given_name": "BC"}
    assert read("gp_patient", [moved[0]]).digest != read("gp_patient", [moved[1]]).digest
