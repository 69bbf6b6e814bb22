"""Deliveries in whatever order life brings them, through receive and validate: what the ledger says of each."""

import csv
import gzip
import hashlib
import io
import json
import zipfile
from datetime import date

import pyarrow as pa
import pytest
from landed_files import csv_of, land, take_in
from openpyxl import Workbook
from pyarrow import parquet
from run_home import enter_model, finish, write_policy
from small_home import ANN, deliver, entry, patient, small_context

from pipeline.contracts.settings import Settings
from pipeline.ledger import runs
from pipeline.ledger.deliveries import get_delivery, list_deliveries
from pipeline.steps.at_hand.context import Context
from pipeline.steps.receive.receive import left_lying, order_of, receive
from pipeline.steps.run.run import open_run
from pipeline.steps.validate.validate import validate
from pipeline.store import layout, tables

FIRST = "acute_ecds.RAL.20261115T200000Z"
SECOND = "acute_ecds.RAL.20261116T200000Z"
NIGHT = date(2026, 11, 15)


@pytest.fixture
def context(home: Settings) -> Context:
    return small_context(home)


def clean(context: Context, delivery_id: str) -> list[dict[str, object]]:
    path = layout.clean(context.settings.home, "acute_ecds")
    return tables.read(path, column="delivery_id", values=[delivery_id]).to_pylist()


def test_a_resend_of_the_same_bytes_is_a_duplicate(context: Context) -> None:
    land(context, "acute_ecds")
    land(context, "acute_ecds", name="again", at="2026-11-16T20:00:00Z")
    assert take_in(context) == {FIRST: "accepted", SECOND: "duplicate"}


def test_a_correction_of_a_file_refused_unopened_names_the_id_of_its_receipt(context: Context) -> None:
    land(context, "acute_ecds", sha256="0" * 64)
    assert [one.code for one in receive(context).refused] == ["FILE-003"]
    land(context, "acute_ecds", name="again", at="2026-11-16T20:00:00Z", corrects=FIRST)
    assert receive(context).delivery_ids == (SECOND,)
    land(context, "acute_ecds", name="third", at="2026-11-17T20:00:00Z", corrects="acute_ecds.RAL")
    assert [one.code for one in receive(context).refused] == ["FILE-003", "FILE-027"]


def test_a_resend_after_a_refusal_is_judged_afresh(context: Context) -> None:
    data = csv_of("acute_ecds", [{}])
    land(context, "acute_ecds", rows=2)
    assert take_in(context)[FIRST].startswith("refused")
    land(context, "acute_ecds", name="again", at="2026-11-16T20:00:00Z", data=data)
    assert take_in(context) == {SECOND: "accepted"}


def test_a_correction_is_a_delivery_of_its_own_that_says_what_it_corrects(context: Context) -> None:
    land(context, "acute_ecds", [{"cds_unique_identifier": "A1"}])
    corrected = {"cds_unique_identifier": "A1", "cds_applicable_at": "2026-11-16T10:00:00"}
    land(context, "acute_ecds", [corrected], name="again", at="2026-11-16T20:00:00Z", corrects=FIRST)
    assert take_in(context) == {FIRST: "accepted", SECOND: "accepted"}
    second = get_delivery(context.ledger, SECOND)
    assert second is not None and (second.corrects, second.rows_valid) == (FIRST, 1)
    assert len(clean(context, FIRST)) == len(clean(context, SECOND)) == 1


def test_a_correction_of_what_never_came_is_refused(context: Context) -> None:
    land(context, "acute_ecds", corrects="acute_ecds.RKE.20261115T200000Z")
    assert [one.code for one in receive(context).refused] == ["FILE-027"]


def test_a_withdrawal_is_a_row_like_any_other_to_the_ledger(context: Context) -> None:
    land(context, "acute_ecds", [{"cds_unique_identifier": "A1"}])
    taken_back = {"cds_unique_identifier": "A1", "cds_update_type": "1"}
    land(context, "acute_ecds", [taken_back], name="again", at="2026-11-16T20:00:00Z")
    assert take_in(context) == {FIRST: "accepted", SECOND: "accepted"}
    assert [row["cds_update_type"] for row in clean(context, SECOND)] == ["1"]


def test_an_older_stamp_that_comes_later_is_taken_in_and_said_to_be_out_of_order(context: Context) -> None:
    land(context, "acute_ecds", [{"cds_unique_identifier": "B1"}], name="later", at="2026-11-16T20:00:00Z")
    assert take_in(context) == {SECOND: "accepted"}
    land(context, "acute_ecds", [{"cds_unique_identifier": "A1"}], name="first")
    result = receive(context)
    assert (result.delivery_ids, result.out_of_order) == ((FIRST,), (FIRST,))
    validate(context, delivery_id=FIRST)
    assert [one.delivery_id for one in list_deliveries(context.ledger, states=["accepted"])] == [FIRST, SECOND]
    assert order_of(context, FIRST) == {"nights_frozen_before": 0, "newer_ones_before": 1}
    assert order_of(context, SECOND) == {"nights_frozen_before": 0, "newer_ones_before": 0}


def test_one_stamped_before_a_night_that_finished_is_late_and_the_night_stays(context: Context) -> None:
    write_policy(context.settings, lambda policy: None)
    deliver(context, "gp_patient", [patient(ANN, "1")])
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    enter_model(context, "model")
    night = open_run(context, as_of=NIGHT, knowledge="then")
    finish(context, night)
    before = runs.run_deliveries(context.ledger, night.run_key)
    land(context, "acute_ecds")
    land(context, "acute_ecds", [{"cds_unique_identifier": "B1"}], name="next", at="2026-11-16T20:00:00Z")
    result = receive(context)
    assert (result.delivery_ids, result.late) == ((FIRST, SECOND), (FIRST,))
    assert f"late: {FIRST} is stamped before a night that finished without it" in result.told()
    validate(context, delivery_id=FIRST)
    assert runs.run_deliveries(context.ledger, night.run_key) == before
    assert FIRST in runs.run_deliveries(
        context.ledger, open_run(context, as_of=date(2026, 11, 16), knowledge="then").run_key
    )


def manifest(context: Context, files: list[dict[str, object]], **changes: object) -> None:
    whole = {
        "schema": "manifest/1",
        "sender": "RAL",
        "received_at": "2026-11-15T20:00:00Z",
        "kind": "regular",
        "period_start": "2026-11-01",
        "period_end": "2026-11-30",
        "files": files,
        **changes,
    }
    (layout.landing(context.settings.home) / "RAL" / "manifest.json").write_text(json.dumps(whole))


def listed(context: Context, extract: str, name: str, **changes: object) -> dict[str, object]:
    """A line of a manifest, and the file it speaks of."""
    folder = layout.landing(context.settings.home) / "RAL"
    folder.mkdir(parents=True, exist_ok=True)
    data = csv_of(extract, [{}])
    (folder / name).write_bytes(data)
    line = {"file": name, "extract": extract, "rows": 1, "sha256": hashlib.sha256(data).hexdigest()}
    return {**line, **changes}


def test_a_manifest_brings_in_each_of_its_files(context: Context) -> None:
    files = [
        listed(context, "acute_ecds", "ed.csv"),
        listed(context, "acute_apc", "apc.csv"),
        listed(context, "acute_ecds", "ed_old.csv", received_at="2026-11-14T20:00:00Z", note="of the week before"),
    ]
    manifest(context, files)
    told = take_in(context)
    assert told == {
        "acute_ecds.RAL.20261114T200000Z": "accepted",
        "acute_apc.RAL.20261115T200000Z": "accepted",
        FIRST: "duplicate",
    }
    kept = layout.original(context.settings.home, "acute_ecds.RAL.20261114T200000Z").parent
    receipt = json.loads((kept / "acute_ecds.RAL.20261114T200000Z.receipt.json").read_text())
    assert (receipt["note"], receipt["schema"]) == ("of the week before", "receipt/1")
    assert take_in(context) == {}


def test_a_file_missing_from_a_manifest_waits_and_the_others_go_in(context: Context) -> None:
    files = [listed(context, "acute_ecds", "ed.csv"), listed(context, "acute_apc", "apc.csv")]
    (layout.landing(context.settings.home) / "RAL" / "apc.csv").unlink()
    manifest(context, files)
    result = receive(context)
    assert (result.delivery_ids, [one.code for one in result.refused]) == ((FIRST,), ["FILE-002"])
    assert "manifest.json, apc.csv" in left_lying(context)[0]
    listed(context, "acute_apc", "apc.csv")
    assert receive(context).delivery_ids == ("acute_apc.RAL.20261115T200000Z",)
    assert left_lying(context) == []


def test_a_file_named_after_a_person_is_told_without_its_number(context: Context) -> None:
    """Whether it is missing or not what the manifest says."""
    files = [
        listed(context, "acute_ecds", "9990000018.csv", sha256="0" * 64),
        {**listed(context, "acute_apc", "of_9990000018.csv"), "file": "missing_9990000018.csv"},
    ]
    manifest(context, files)
    result = receive(context)
    assert [one.code for one in result.refused] == ["FILE-003", "FILE-002"]
    known = (list_deliveries(context.ledger), result.refused, left_lying(context))
    assert "9990000018" not in str(known)


def test_a_manifest_with_a_slip_is_refused_whole(context: Context) -> None:
    files = [listed(context, "acute_ecds", "ed.csv"), listed(context, "acute_apc", "apc.csv", rows=-1)]
    manifest(context, files)
    result = receive(context)
    assert ([one.code for one in result.refused], result.delivery_ids) == (["FILE-025"], ())
    assert "files.1.rows" in result.refused[0].reason


def packed(data: bytes, ending: str) -> bytes:
    """The same rows in the wrapping that goes with the ending."""
    out = io.BytesIO()
    lines = list(csv.reader(io.StringIO(data.decode())))
    if ending == ".csv.gz":
        return gzip.compress(data)
    if ending == ".zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("rows.csv", data)
    elif ending == ".parquet":
        parquet.write_table(pa.table({name: [row[i] for row in lines[1:]] for i, name in enumerate(lines[0])}), out)
    else:
        book = Workbook()
        for line in lines:
            book.active.append(line)
        book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("ending", [".csv.gz", ".zip", ".parquet", ".xlsx"])
def test_every_kind_of_file_gives_the_same_rows(context: Context, ending: str) -> None:
    lines = [{"cds_unique_identifier": "A1"}, {"cds_unique_identifier": "A2"}]
    land(context, "acute_ecds", lines, name="plain", at="2026-11-16T20:00:00Z")
    land(context, "acute_ecds", lines, data=packed(csv_of("acute_ecds", lines), ending), ending=ending)
    assert take_in(context) == {FIRST: "accepted", SECOND: "accepted"}
    found, plain = get_delivery(context.ledger, FIRST), get_delivery(context.ledger, SECOND)
    assert found is not None and plain is not None
    assert (found.file_name, found.rows_valid, found.format_name) == (f"file{ending}", 2, plain.format_name)
    assert found.content_digest == plain.content_digest
    assert found.format_name
