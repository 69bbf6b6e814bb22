"""Validate: every rule of every contract catches a planted defect of its own, and no value leaves the zone."""

import csv
import hashlib
import io
import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import planted_defects as planted
import pyarrow as pa
import pytest
import yaml
from small_home import ANN, BEN

from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.contracts.receipt import Receipt
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.engines.expectations import RuleResult, run_expectations
from pipeline.engines.file_rows import Rows, read_rows
from pipeline.errors import PipelineError
from pipeline.ledger.connect import open_ledger
from pipeline.ledger.deliveries import get_delivery
from pipeline.steps.at_hand.context import Context
from pipeline.steps.opt_out.erasure import current_erasure
from pipeline.steps.receive.receive import receive
from pipeline.steps.validate.rows import Seen, sort_rows
from pipeline.steps.validate.validate import validate
from pipeline.steps.validate.verdict import Verdict, decide
from pipeline.store import layout, tables
from pipeline.store.keys import create_keys
from pipeline.store.pile import Pile

CONTRACTS = load_extracts(PROJECT)
RULES = [(extract, rule) for extract, contract in CONTRACTS.items() for rule in contract.expectations]
GOOD_ROWS = 60
CANARIES = ("9990000018", "999 000 0018", "CANARYNAME", "ZZ99 3VZ", "1948-03-09")


@dataclass(frozen=True)
class Planted:
    """A file of good rows and planted ones, and what every rule said of it."""

    rows: Rows
    results: list[RuleResult]
    row_of: dict[str, int]


def prefix(extract: str) -> str:
    return CONTRACTS[extract].expectations[0].rule.rpartition("-")[0]


def receipt_for(extract: str, *, rows: int, kind: str = "regular") -> Receipt:
    return Receipt(
        schema_name="receipt/1",
        extract=extract,
        sender="RAL01",
        kind=kind,
        period_start="2026-11-01",
        period_end="2026-11-30",
        received_at="2026-11-16T05:00:00Z",
        rows=rows,
        sha256="0" * 64,
    )


def read(extract: str, lines: list[dict[str, str]], *, announced: int | None = None) -> Rows:
    contract = CONTRACTS[extract]
    text = pa.table({name: pa.array([line[name] for line in lines]) for name in contract.names()})
    numbered = text.append_column("source_row_number", pa.array(range(1, len(lines) + 1), type=pa.int64()))
    receipt = receipt_for(extract, rows=announced or len(lines))
    return read_rows(numbered, contract=contract, receipt=receipt, threads=2, memory_limit="1GB")


def conflicting(extract: str, line: dict[str, str]) -> dict[str, str]:
    """The same key and version with another content, which no other rule minds."""
    return {**line, planted.in_conflict(extract): ""}


@cache
def row_plants(extract: str) -> Planted:
    """One run over good rows and one planted row per rule that judges rows."""
    lines = [planted.good_row(extract, number=number) for number in range(1000, 1000 + GOOD_ROWS)]
    row_of: dict[str, int] = {}
    for number, (rule, change) in enumerate(planted.row_defects(extract, prefix=prefix(extract)).items()):
        line = {**planted.good_row(extract, number=number), **change}
        lines.append(line)
        row_of[rule] = len(lines)
        if rule.endswith(planted.CONFLICT):
            lines.append(conflicting(extract, line))
    rows = read(extract, lines)
    values = {"rows_on_receipt": len(lines), "minimum_rows": 0}
    return Planted(rows, run_expectations(CONTRACTS[extract], rows.table, values=values), row_of)


@cache
def file_plant(extract: str, number: str) -> Planted:
    """A file that only the file rule of this number minds."""
    lines = [planted.good_row(extract, number=one) for one in range(10)]
    values = {"rows_on_receipt": len(lines), "minimum_rows": 0}
    if planted.FILE_DEFECTS[number] == "one row fewer than the receipt":
        values["rows_on_receipt"] += 1
    elif planted.FILE_DEFECTS[number] == "shorter than usual":
        values["minimum_rows"] = 11
    elif planted.FILE_DEFECTS[number] == "most rows without NHS number":
        lines = [{**line, planted.mostly_filled(extract): ""} for line in lines[:6]] + lines[6:]
    else:
        lines = [{**line, **planted.UNREADABLE[extract]} for line in lines[:3]] + lines[3:]
    rows = read(extract, lines)
    return Planted(rows, run_expectations(CONTRACTS[extract], rows.table, values=values), {})


@dataclass(frozen=True)
class Sorted:
    """A verdict, row numbers kept, and rules by row set apart."""

    verdict: Verdict
    kept: list[int]
    broken: dict[int, list[str]]


def sorted_by(rows: Rows, contract: ExtractContract, results: list[RuleResult]) -> Sorted:
    """The verdict these results mean, and where each row goes, as validation does it for one batch."""
    found = {one.rule: pa.array(one.broken_rows, type=pa.int64()) for one in results if one.broken_count}
    part = sort_rows(rows.table, contract=contract, found=found)
    account = Seen(kept=Pile(Path("kept")), broken=Pile(Path("broken")))
    account.add(part, latest=None)
    made = decide(account, rows_in=rows.table.num_rows, results=results, contract=contract)
    broken = {row["source_row_number"]: row["rules"].split() for row in part.broken.to_pylist()}
    return Sorted(made, part.kept["source_row_number"].to_pylist(), broken)


def verdict(case: Planted, extract: str, *, without: str | None = None) -> Sorted:
    contract = CONTRACTS[extract] if without is None else CONTRACTS[extract].without(without)
    return sorted_by(case.rows, contract, [result for result in case.results if result.rule != without])


@pytest.mark.parametrize(("extract", "rule"), RULES, ids=[f"{rule.rule}-{rule.level}" for _, rule in RULES])
def test_deleting_this_expectation_lets_its_planted_defect_through(extract: str, rule) -> None:
    number = rule.rule[-3:]
    if number in planted.FILE_DEFECTS:
        case = file_plant(extract, number)
        assert verdict(case, extract).verdict.state == "refused"
        assert verdict(case, extract).verdict.reason_code == rule.rule
        assert verdict(case, extract, without=rule.rule).verdict.state == "accepted"
        return
    case = row_plants(extract)
    row = case.row_of[rule.rule]
    caught = verdict(case, extract)
    assert [result.rule for result in caught.verdict.unmet if row in result.broken_rows] == [rule.rule]
    passed = verdict(case, extract, without=rule.rule)
    assert not [result.rule for result in passed.verdict.unmet if row in result.broken_rows]
    assert row in passed.kept
    if rule.level == "quarantine":
        assert caught.broken[row] == [rule.rule]
        assert row not in caught.kept
    else:
        assert row in caught.kept


@pytest.mark.parametrize("extract", CONTRACTS)
def test_good_rows_break_no_rule(extract: str) -> None:
    case = row_plants(extract)
    broken = {number for result in case.results for number in result.broken_rows}
    assert not broken & set(range(1, GOOD_ROWS + 1))


@pytest.mark.parametrize("extract", CONTRACTS)
def test_every_rule_has_a_planted_defect_and_every_defect_a_rule(extract: str) -> None:
    rules = [rule.rule for rule in CONTRACTS[extract].expectations]
    files = [f"{prefix(extract)}-{number}" for number in planted.FILE_DEFECTS]
    assert rules == [*files, *planted.row_defects(extract, prefix=prefix(extract))]


@pytest.mark.parametrize("extract", CONTRACTS)
def test_a_rule_deleted_from_the_file_is_not_run(extract: str, tmp_path: Path) -> None:
    """The deletion above is of results; this one is of the declaration, through the library."""
    folder = tmp_path / "expectations" / "extracts"
    folder.mkdir(parents=True)
    declared = yaml.safe_load((PROJECT / "expectations" / "extracts" / f"{extract}.yml").read_text())
    deleted = declared["expectations"].pop(6)["rule"]
    (folder / f"{extract}.yml").write_text(yaml.safe_dump(declared))
    contract = load_extracts(tmp_path)[extract]
    case = row_plants(extract)
    values = {"rows_on_receipt": case.rows.table.num_rows, "minimum_rows": 0}
    results = run_expectations(contract, case.rows.table, values=values)
    assert case.row_of[deleted] in sorted_by(case.rows, contract, results).kept


def test_an_expectation_that_raises_is_an_error_and_not_a_failure() -> None:
    contract = CONTRACTS["gp_event"]
    wrong = contract.expectations[4].model_copy(
        update={"type": "expect_column_values_to_be_between", "kwargs": {"column": "snomed_code", "min_value": 1}}
    )
    with pytest.raises(PipelineError, match="GP-EV-005") as caught:
        run_expectations(
            contract.model_copy(update={"expectations": (wrong,)}),
            row_plants("gp_event").rows.table,
            values={},
        )
    assert not any(canary in str(caught.value) for canary in CANARIES)


@pytest.fixture
def context(home: Settings) -> Context:
    ledger = open_ledger(home.ledger_url)
    home.home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT / "policy" / "demo.yml", home.policy_file)
    now = datetime(2026, 11, 16, 6, tzinfo=UTC)
    return Context(settings=home.model_copy(update={"now": now}), ledger=ledger, keys=create_keys(home.keys_folder))


def land(
    context: Context, extract: str, lines: list[dict[str, str]], *, stamp: str = "2026-11-16T05:00:00Z", rows: int = -1
) -> str:
    """Land a file and its receipt; the delivery id."""
    return land_file(context, extract, lines, received_at=stamp, **({} if rows < 0 else {"rows": rows}))


def land_file(context: Context, extract: str, lines: list[dict[str, str]], **changes: Any) -> str:
    """Land a file and a receipt with these fields changed; the delivery id."""
    contract: ExtractContract = CONTRACTS[extract]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(contract.headers())
    writer.writerows([[line[name] for name in contract.names()] for line in lines])
    data = text.getvalue().encode()
    told = receipt_for(extract, rows=len(lines)).model_dump(mode="json", by_alias=True)
    made = Receipt.model_validate({**told, **changes, "sha256": hashlib.sha256(data).hexdigest()})
    folder = layout.landing(context.settings.home) / "RAL01"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{extract}-{made.received_at_utc:%Y%m%d%H%M%S}"
    (folder / f"{name}.csv").write_bytes(data)
    (folder / f"{name}.receipt.json").write_text(made.model_dump_json(by_alias=True, exclude_none=True))
    return made.delivery_id


def mixed_lines() -> list[dict[str, str]]:
    good = [planted.good_row("gp_patient", number=number) for number in range(8)]
    broken = {**planted.good_row("gp_patient", number=50), "gender_code": "9990000018"}
    return [*good, dict(good[0]), broken, {**good[1], "patient_id": "777", "nhs_number": "999 000 0018"}]


def test_rows_balance_and_lie_where_they_belong(context: Context) -> None:
    delivery_id = land(context, "gp_patient", mixed_lines())
    receive(context)
    result = validate(context, delivery_id=delivery_id)
    delivery = get_delivery(context.ledger, delivery_id)
    assert (delivery.state, delivery.balances()) == ("accepted", True)
    assert result.counts == {
        "rows_in": 11,
        "rows_valid": 9,
        "rows_duplicate": 1,
        "rows_superseded": 0,
        "rows_broken": 1,
        "rows_refused": 0,
    }
    assert delivery.latest_event_date.isoformat() == "2011-05-02"
    home = context.settings.home
    clean = tables.read(layout.clean(home, "gp_patient"))
    assert clean["source_row_number"].to_pylist() == [1, 2, 3, 4, 5, 6, 7, 8, 11]
    assert clean["nhs_number"].unique().to_pylist() == ["9990000018"]
    assert clean["birth_date"].type == pa.date32()
    set_apart = tables.read(layout.quarantine(home, "gp_patient"))
    assert set_apart.select(["source_row_number", "rules"]).to_pylist() == [
        {"source_row_number": 10, "rules": "GP-PT-015"}
    ]


def test_a_second_validation_changes_nothing_and_a_lost_verdict_is_made_again(context: Context) -> None:
    delivery_id = land(context, "gp_patient", mixed_lines())
    receive(context)
    first = validate(context, delivery_id=delivery_id)
    report = (layout.delivery_report(context.settings.home, delivery_id) / "report.json").read_bytes()
    assert validate(context, delivery_id=delivery_id) == first
    # As if killed after the rows were written and before the verdict.
    Path(context.settings.home / "ledger.db").unlink()
    again = Context(settings=context.settings, ledger=open_ledger(context.settings.ledger_url), keys=context.keys)
    receive(again)
    assert validate(again, delivery_id=delivery_id) == first
    assert tables.read(layout.clean(context.settings.home, "gp_patient")).num_rows == 9
    assert (layout.delivery_report(context.settings.home, delivery_id) / "report.json").read_bytes() == report


@pytest.mark.parametrize("defect", ["row count", "header", "truncated"])
def test_a_refused_delivery_leaves_the_last_good_one_whole(context: Context, defect: str) -> None:
    good = land(context, "gp_patient", mixed_lines(), stamp="2026-11-15T05:00:00Z")
    bad = land(context, "gp_patient", mixed_lines()[:5], rows=6 if defect == "row count" else 5)
    if defect != "row count":
        spoil(context, defect)
    receive(context)
    validate(context, delivery_id=good)
    validate(context, delivery_id=bad)
    refused = get_delivery(context.ledger, bad)
    expected = {"row count": "GP-PT-001", "header": "FILE-010", "truncated": "FILE-012"}
    assert (refused.state, refused.reason_code) == ("refused", expected[defect])
    assert refused.balances()
    assert refused.rows_refused == refused.rows_in == 5
    clean = tables.read(layout.clean(context.settings.home, "gp_patient"))
    assert clean["delivery_id"].unique().to_pylist() == [good]


@pytest.mark.parametrize("written", ["827241000000103", " 827241000000103 "])
def test_the_dissents_of_a_refused_delivery_are_set_apart_and_count(context: Context, written: str) -> None:
    """Even before any delivery was accepted; and of a file that cannot be read nothing is known."""
    other = {**planted.good_row("gp_event", number=1), "nhs_number": ANN}
    objects = {**planted.good_row("gp_event", number=2), "nhs_number": BEN, "snomed_code": written}
    delivery_id = land(context, "gp_event", [other, objects], rows=3)
    receive(context)
    validate(context, delivery_id=delivery_id)
    refused = get_delivery(context.ledger, delivery_id)
    assert (refused.state, refused.reason_code, refused.rows_broken) == ("refused", "GP-EV-001", 0)
    home = context.settings.home
    assert tables.files(layout.clean(home, "gp_event"), column="delivery_id", values=[delivery_id]) == []
    rows = tables.read(layout.quarantine(home, "gp_event")).to_pylist()
    assert [(row["source_row_number"], row["rules"], row["nhs_number"]) for row in rows] == [(2, "GP-EV-001", BEN)]
    assert current_erasure(context).nhs_numbers == {BEN}
    # Judged again, as every refused delivery is each night, it says the same once.
    assert validate(context, delivery_id=delivery_id).counts["rows_refused"] == 2
    assert current_erasure(context).nhs_numbers == {BEN}


def test_nothing_else_of_a_refused_delivery_is_kept(context: Context) -> None:
    delivery_id = land(context, "gp_event", [planted.good_row("gp_event", number=1)], rows=3)
    patients = land(context, "gp_patient", mixed_lines(), rows=99)
    receive(context)
    for one in (delivery_id, patients):
        validate(context, delivery_id=one)
    for extract in ("gp_event", "gp_patient"):
        for zone in (layout.clean, layout.quarantine):
            path = zone(context.settings.home, extract)
            assert not tables.exists(path) or tables.read(path).num_rows == 0
    assert current_erasure(context).nhs_numbers == frozenset()


def spoil(context: Context, defect: str) -> None:
    """Damage the newest file, with a receipt that agrees with the damage."""

    path = layout.landing(context.settings.home) / "RAL01" / "gp_patient-20261116050000.csv"
    data = path.read_bytes()
    data = data.replace(b"NHSNumber", b"NHS_Number") if defect == "header" else data[:-3]
    path.write_bytes(data)
    receipt_path = path.with_name(path.name.replace(".csv", ".receipt.json"))
    receipt = json.loads(receipt_path.read_text())
    receipt_path.write_text(json.dumps({**receipt, "sha256": hashlib.sha256(data).hexdigest()}))


def test_no_value_of_a_person_leaves_the_identified_zone(context: Context, capfd, caplog) -> None:
    lines = mixed_lines() + [{**planted.good_row("gp_patient", number=60), "birth_date": "CANARYNAME"}]
    delivery_id = land(context, "gp_patient", lines)
    receive(context)
    validate(context, delivery_id=delivery_id)
    home = context.settings.home
    report = layout.delivery_report(home, delivery_id)
    shutil.copy(home / "ledger.db", home / "copy.db")
    said = capfd.readouterr()
    seen = [path.read_bytes() for path in [*report.iterdir(), home / "ledger.db", home / "ledger.db-wal"]]
    seen += [said.out.encode(), said.err.encode(), caplog.text.encode()]
    assert b"GP-PT-015" in seen[0] + seen[1]
    # The canaries can be found where they belong, so the search works.
    landed = b"".join(path.read_bytes() for path in (home / "landing" / "RAL01").iterdir())
    for canary in CANARIES:
        assert canary.encode() in landed
        assert not any(canary.encode() in one for one in seen), canary
    original = layout.original(home, delivery_id).read_bytes()
    assert b"CANARYNAME" not in original


def test_the_report_names_rules_steps_and_row_numbers(context: Context) -> None:
    delivery_id = land(context, "gp_patient", mixed_lines())
    receive(context)
    validate(context, delivery_id=delivery_id)
    folder = layout.delivery_report(context.settings.home, delivery_id)
    report = json.loads((folder / "report.json").read_text())
    assert report["rules"] == [
        {
            "rule": "GP-PT-015",
            "level": "quarantine",
            "says": "GenderCode is not one of the codes of the standard",
            "next_step": "use a code that the page of this extract lists and send the row again",
            "rows_broken": 1,
            "row_numbers": [10],
        }
    ]
    page = (folder / "report.html").read_text()
    assert "GP-PT-015" in page and "http" not in page and "<script" not in page
