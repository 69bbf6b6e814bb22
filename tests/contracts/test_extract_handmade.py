"""Small files written by hand from the generated pages alone, one per extract, in every kind of file, go through.

`handmade/` holds them as their writer typed them; the receipts are written here as docs/for-suppliers.md says.
"""

import csv
import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.settings import PROJECT, read_settings
from pipeline.ledger.connect import open_ledger
from pipeline.ledger.deliveries import get_delivery
from pipeline.steps.at_hand.context import Context
from pipeline.steps.receive.receive import receive
from pipeline.steps.validate.validate import validate
from pipeline.store import layout, tables
from pipeline.store.keys import create_keys

HANDMADE = Path(__file__).parent / "handmade"
EXTRACTS = tuple(sorted(path.stem for path in HANDMADE.glob("*.csv")))
NIGHT, OCTOBER = ("2026-11-15", "2026-11-15"), ("2026-10-01", "2026-10-31")
PERIODS = {"social_care_event": ("2025-10-01", "2026-09-30")} | dict.fromkeys(
    ("gp_patient", "gp_event", "gp_medication", "acute_daily", "acute_ecds"), NIGHT
)
RECEIVED = "2026-11-16T00:30:00Z"


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def as_zip(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export.csv", text)
    return packed.getvalue()


def as_parquet(text: str) -> bytes:
    """Dates as dates and numbers as numbers, as a database would export them."""
    header, *rows = rows_of(text)
    columns: dict[str, pa.Array] = {}
    for place, name in enumerate(header):
        values = [row[place] or None for row in rows]
        if name.startswith("Date") or name.endswith("Date"):
            columns[name] = pa.array([value and date.fromisoformat(value) for value in values], pa.date32())
        elif name == "Value":
            columns[name] = pa.array([value and float(value) for value in values], pa.float64())
        else:
            columns[name] = pa.array(values, pa.string())
    written = io.BytesIO()
    pq.write_table(pa.table(columns), written)
    return written.getvalue()


def as_workbook(text: str) -> bytes:
    """Every cell as text."""
    book = Workbook()
    assert book.active is not None
    for row in rows_of(text):
        book.active.append(row)
    for cells in book.active.iter_rows():
        for cell in cells:
            cell.number_format = "@"
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


KINDS: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "gp_patient": (".csv.gz", lambda text: gzip.compress(text.encode())),
    "gp_event": (".parquet", as_parquet),
    "gp_medication": (".csv.zip", as_zip),
    "acute_apc": (".xlsx", as_workbook),
    "community_contact": (".csv", lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()),
}


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Context:
    home = tmp_path_factory.mktemp("handmade") / "home"
    made = read_settings({"RISKSTRAT_HOME": str(home)})
    settings = made.model_copy(update={"now": datetime(2026, 11, 16, 1, tzinfo=UTC)})
    context = Context(
        settings=settings, ledger=open_ledger(settings.ledger_url), keys=create_keys(settings.keys_folder)
    )
    folder = layout.landing(home) / "HAND1"
    folder.mkdir(parents=True)
    for extract in EXTRACTS:
        text = (HANDMADE / f"{extract}.csv").read_text(encoding="utf-8")
        ending, write = KINDS.get(extract, (".csv", str.encode))
        data = write(text)
        (folder / f"{extract}{ending}").write_bytes(data)
        first, last = PERIODS.get(extract, OCTOBER)
        receipt = {
            "schema": "receipt/1",
            "extract": extract,
            "sender": "HAND1",
            "kind": "regular",
            "period_start": first,
            "period_end": last,
            "received_at": RECEIVED,
            "rows": len(rows_of(text)) - 1,
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        (folder / f"{extract}.receipt.json").write_text(json.dumps(receipt))
    assert not receive(context).refused
    return context


def test_every_extract_has_its_file() -> None:
    assert set(EXTRACTS) == set(load_extracts(PROJECT))


@pytest.mark.parametrize("extract", EXTRACTS)
def test_a_file_made_by_hand_goes_through_with_every_row(landed: Context, extract: str) -> None:
    delivery_id = f"{extract}.HAND1.20261116T003000Z"
    counts = validate(landed, delivery_id=delivery_id).counts
    delivery = get_delivery(landed.ledger, delivery_id)
    report = json.loads((layout.delivery_report(landed.settings.home, delivery_id) / "report.json").read_text())
    assert (delivery.state, [rule["rule"] for rule in report["rules"]]) == ("accepted", [])
    assert counts["rows_valid"] == counts["rows_in"] == len(rows_of((HANDMADE / f"{extract}.csv").read_text())) - 1


def test_what_was_typed_is_what_is_kept(landed: Context) -> None:
    validate(landed, delivery_id="gp_patient.HAND1.20261116T003000Z")
    validate(landed, delivery_id="gp_event.HAND1.20261116T003000Z")
    people = tables.read(layout.clean(landed.settings.home, "gp_patient")).to_pylist()
    assert [(one["family_name"], one["nhs_number"]) for one in people][0] == ("O'HAND, OF THE HILL", "9990001006")
    entries = tables.read(layout.clean(landed.settings.home, "gp_event")).to_pylist()
    assert [str(one["value_number"]) for one in entries] == ["31.4000", "58.0000", "None", "None"]
    assert [one["effective_date"] for one in entries][:1] == [date(2026, 11, 12)]
