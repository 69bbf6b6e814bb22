"""A home of a handful of invented people for tests of single steps: rows written as validation would have left them.

Great Expectations is left out on purpose: these tests are about what comes after it.
"""

import csv
import io
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import planted_defects as planted
import pyarrow as pa

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.receipt import Receipt
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.engines.file_rows import clean_rows, latest_event_date, quarantine_rows, read_rows
from pipeline.ledger.connect import open_ledger
from pipeline.ledger.deliveries import record_received, record_verdict
from pipeline.rules.nhs_number import check_digit
from pipeline.steps.at_hand.context import Context
from pipeline.steps.opt_out.erasure import key_of
from pipeline.store import layout, tables
from pipeline.store.keys import create_keys

CONTRACTS = load_extracts(PROJECT)
DISSENT, WITHDRAWAL = "827241000000103", "827261000000102"
PRACTICE = "F83671"


def numbers(count: int) -> list[str]:
    """The first NHS numbers of the range for invented people that have a check digit."""
    found = []
    first_nine = 999_000_000
    while len(found) < count:
        digit = check_digit(str(first_nine))
        if digit is not None:
            found.append(f"{first_nine}{digit}")
        first_nine += 1
    return found


ANN, BEN, CAT, DAN = numbers(4)


def small_context(home: Settings) -> Context:
    """An empty home with keys, ledger and the demo's policy."""
    home.home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT / "policy" / "demo.yml", home.policy_file)
    return Context(settings=home, ledger=open_ledger(home.ledger_url), keys=create_keys(home.keys_folder))


def deliver(
    context: Context,
    extract: str,
    lines: Sequence[Mapping[str, str]],
    *,
    at: str = "2026-11-15T20:00:00",
    sender: str = "GPS01",
    kind: str = "regular",
    apart: Sequence[Mapping[str, str]] = (),
) -> str:
    """An accepted delivery of these rows, each a good row with the named values changed; its delivery id.

    Rows in `apart` were quarantined by a rule.
    """
    contract = CONTRACTS[extract]
    received = datetime.fromisoformat(at).replace(tzinfo=UTC)
    delivery_id = f"{extract}.{sender}.{received:%Y%m%dT%H%M%SZ}"
    good = [{**planted.good_row(extract, number=n), **line} for n, line in enumerate(lines, start=1)]
    text = _text(contract.names(), [*good, *({**planted.good_row(extract, number=900), **line} for line in apart)])
    receipt = Receipt(
        schema_name="receipt/1", extract=extract, sender=sender, kind=kind, period_start="2026-11-01",
        period_end="2026-11-30", received_at=received, rows=text.num_rows, sha256="0" * 64,
    )  # fmt: skip
    rows = read_rows(text, contract=contract, receipt=receipt, threads=1, memory_limit="1GB")
    broken = {number: ["XX-XX-001"] for number in range(len(good) + 1, text.num_rows + 1)}
    kept = clean_rows(rows.table, contract=contract).slice(0, len(good))
    for zone, part in (
        (layout.clean, kept),
        (layout.quarantine, quarantine_rows(text, broken=broken, contract=contract)),
    ):
        tables.replace_slice(zone(context.settings.home, extract), part, column="delivery_id", value=delivery_id)
    record_received(
        context.ledger, delivery_id=delivery_id, extract=extract, sender=sender, kind=kind, file_name="a.csv",
        sha256=delivery_id.encode().hex().ljust(64, "0")[:64], period_start=date(2026, 11, 1),
        period_end=date(2026, 11, 30), received_at=received, rows_in=text.num_rows,
    )  # fmt: skip
    record_verdict(
        context.ledger, delivery_id=delivery_id, state="accepted", content_digest=rows.digest,
        rows_in=text.num_rows, rows_valid=kept.num_rows, rows_broken=len(broken),
        latest_event_date=latest_event_date(rows.table.slice(0, len(good)), contract=contract),
    )  # fmt: skip
    return delivery_id


def patient(nhs_number: str, patient_id: str, **changes: str) -> dict[str, str]:
    """A row of a practice list, registration open."""
    return {
        "nhs_number": nhs_number,
        "patient_id": patient_id,
        "practice_code": PRACTICE,
        "family_name": f"FAMILY{patient_id}",
        "registration_end_date": "",
        **changes,
    }


def entry(nhs_number: str, observation_id: str, code: str = "271649006", **changes: str) -> dict[str, str]:
    """A coded entry of a GP record."""
    return {
        "nhs_number": nhs_number,
        "observation_id": observation_id,
        "practice_code": PRACTICE,
        "snomed_code": code,
        **changes,
    }


def keys(context: Context, *nhs_numbers: str) -> list[str]:
    """Person keys of these people, sorted."""
    return sorted(key_of(context, number) for number in nhs_numbers)


def people_in(context: Context, path_of_table: object) -> list[str]:
    """Distinct person keys of a table of the store, sorted; none when it was never written. Nobody's rows have none."""
    if not tables.exists(path_of_table):
        return []
    return sorted(set(tables.read(path_of_table, columns=["person_key"])["person_key"].to_pylist()) - {None})


def _text(names: Sequence[str], lines: Sequence[Mapping[str, str]]) -> pa.Table:
    columns = {name: pa.array([line[name] for line in lines], type=pa.string()) for name in names}
    return pa.table({**columns, "source_row_number": pa.array(range(1, len(lines) + 1), type=pa.int64())})


def csv_of(rows: Sequence[Mapping[str, str]]) -> bytes:
    """Rows as a register file is written: byte order mark, everything quoted."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return ("\ufeff" + out.getvalue()).encode("utf-8")
