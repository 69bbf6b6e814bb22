"""Receipts and manifests: read as declared, or refused by naming the field and never what stands there."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from pipeline.contracts.manifest import read_manifest
from pipeline.contracts.receipt import FILE_RULES, RefusedByRule, read_receipt, refusal

RECEIPT = {
    "schema": "receipt/1",
    "extract": "gp_event",
    "sender": "GPS01",
    "kind": "regular",
    "period_start": "2026-11-09",
    "period_end": "2026-11-15",
    "received_at": "2026-11-16T02:30:00+01:00",
    "rows": 3,
    "sha256": "a" * 64,
}
LISTED = {"file": "a.csv.gz", "extract": "gp_event", "rows": 3, "sha256": "a" * 64}
MANIFEST = {
    "schema": "manifest/1",
    "sender": "GPS01",
    "received_at": "2026-11-16T01:30:00Z",
    "kind": "regular",
    "period_start": "2026-11-09",
    "period_end": "2026-11-15",
    "files": [LISTED],
}


def receipt(**changes: Any) -> Any:
    return read_receipt(json.dumps({**RECEIPT, **changes}).encode(), where="here")


def manifest(**changes: Any) -> Any:
    return read_manifest(json.dumps({**MANIFEST, **changes}).encode(), where="here")


def refused(read: Any, *, code: str, **changes: Any) -> str:
    with pytest.raises(RefusedByRule) as caught:
        read(**changes)
    assert caught.value.code == code
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert not any("CANARY" in str(error) for error in chain if error is not None)
    return str(caught.value)


def test_a_receipt_names_its_delivery_in_utc() -> None:
    found = receipt()
    assert found.delivery_id == "gp_event.GPS01.20261116T013000Z"
    assert found.received_at_utc == datetime(2026, 11, 16, 1, 30, tzinfo=UTC)
    assert (found.header_rows, found.format, found.corrects, found.note) == (None, None, None, None)


def test_what_a_receipt_may_also_say_is_read() -> None:
    found = receipt(header_rows=3, format="Release 1", corrects="gp_event.GPS01.20261109T013000Z", note="late")
    assert (found.header_rows, found.format, found.note) == (3, "Release 1", "late")
    assert found.corrects == "gp_event.GPS01.20261109T013000Z"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rows", -1),
        ("rows", 10**12),
        ("header_rows", "CANARY"),
        ("sender", "../CANARY"),
        ("sender", "S" * 41),
        ("extract", "CANARY"),
        ("sha256", "CANARY"),
        ("kind", "CANARY"),
        ("received_at", "2026-11-16T01:00:00"),
        ("corrects", "CANARY/.."),
        ("note", "CANARY" * 1000),
        ("format", ""),
        ("schema", "receipt/2"),
    ],
)
def test_a_field_that_does_not_hold_is_named_and_not_quoted(field: str, value: object) -> None:
    assert f"field {field}:" in refused(receipt, code="FILE-001", **{field: value})


@pytest.mark.parametrize(
    "changes",
    [
        {"period_end": "2026-11-08"},
        {"received_at": "0001-01-01T00:00:00+14:00"},
        {"received_at": "9999-12-31T23:00:00-14:00"},
        {"period_start": "1066-10-14"},
    ],
)
def test_dates_that_cannot_be_meant_are_refused(changes: dict[str, str]) -> None:
    assert "field (whole)" in refused(receipt, code="FILE-001", **changes)


def test_a_field_that_is_not_declared_is_not_named_either() -> None:
    assert "field (whole): extra_forbidden" in refused(receipt, code="FILE-001", CANARY=1)


@pytest.mark.parametrize("data", [b"CANARY", b"\xff\xfe", b"[" * 100_000, b'{"rows": ' + b"9" * 5000 + b"}", b""])
def test_what_is_no_json_is_said_so(data: bytes) -> None:
    for read, code in ((read_receipt, "FILE-001"), (read_manifest, "FILE-025")):
        with pytest.raises(RefusedByRule) as caught:
            read(data, where="here")
        assert (caught.value.code, "not JSON" in str(caught.value)) == (code, True)


def test_a_manifest_is_its_files_receipts() -> None:
    own = {
        **LISTED,
        "file": "b.csv",
        "extract": "gp_patient",
        "kind": "bulk",
        "period_start": "2022-11-01",
        "note": "n",
    }
    first, second = manifest(files=[LISTED, own])
    assert (first[0], first[1].delivery_id) == ("a.csv.gz", "gp_event.GPS01.20261116T013000Z")
    assert (second[0], second[1].kind, second[1].period_start) == ("b.csv", "bulk", date(2022, 11, 1))
    assert (first[1].note, second[1].note) == (None, "n")


@pytest.mark.parametrize(
    "files",
    [
        [],
        [{**LISTED, "file": "../CANARY.csv"}],
        [{**LISTED, "CANARY": 1}],
        [LISTED, {**LISTED, "extract": "gp_patient"}],
        [LISTED, {**LISTED, "file": "b.csv"}],
        [{**LISTED, "rows": "CANARY"}],
    ],
)
def test_a_manifest_that_does_not_hold_is_refused_whole(files: list[dict[str, object]]) -> None:
    refused(manifest, code="FILE-025", files=files)


def test_two_files_of_one_extract_need_stamps_of_their_own() -> None:
    later = {**LISTED, "file": "b.csv", "received_at": "2026-11-16T01:31:00Z"}
    assert len(manifest(files=[LISTED, later])) == 2


def test_what_neither_line_nor_manifest_says_is_missing() -> None:
    assert "field kind" in refused(manifest, code="FILE-025", kind=None)


def test_every_rule_has_words_and_the_codes_go_on_without_a_gap() -> None:
    assert list(FILE_RULES) == [f"FILE-{number:03}" for number in range(1, len(FILE_RULES) + 1)]
    for code in FILE_RULES:
        error = refusal(code, where="here")
        assert (error.code, error.exit_code) == (code, 11)
        assert error.what and error.next_step and not error.what.endswith(".")
