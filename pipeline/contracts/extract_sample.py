"""A small valid file of an extract with its receipt, made from the contract's own examples.

What a supplier's page shows is what these return, byte for byte; a test sends it through intake. Invented people.
"""

import csv
import hashlib
import io
import json
from collections.abc import Collection, Sequence
from datetime import date, timedelta

from pipeline.contracts.extract import ExtractContract
from pipeline.rules import calendar
from pipeline.rules.calendar import Period

# The Sunday of the demo's first night: examples are written as if it were this week.
EXAMPLE_DAY = date(2026, 11, 15)


def sample_rows(contract: ExtractContract) -> list[dict[str, str]]:
    """Rows by our names: the examples of the columns, with what each sample row declares to differ."""
    examples = {column.name: column.example for column in contract.columns}
    return [{**examples, **row} for row in contract.sample]


def sample_file(contract: ExtractContract) -> bytes:
    """The sample as a CSV file of the current format: UTF-8, every line ended by a line feed."""
    lines = [contract.headers(), *([row[name] for name in contract.names()] for row in sample_rows(contract))]
    return "".join(f"{csv_line(line)}\n" for line in lines).encode("utf-8")


def csv_line(fields: Sequence[str]) -> str:
    """The fields as one line of CSV, without its end; those that need it are quoted."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(fields)
    return text.getvalue()


def sample_period(contract: ExtractContract, holidays: Collection[date]) -> Period:
    """What the sample's receipt covers: the last period that was over on the example day."""
    period = calendar.period_of(EXAMPLE_DAY, contract.cadence, holidays)
    if period is None:
        return Period(EXAMPLE_DAY, EXAMPLE_DAY)
    if period.last > EXAMPLE_DAY:
        earlier = calendar.period_of(period.first - timedelta(days=1), contract.cadence, holidays)
        assert earlier is not None  # a cadence with one period has the one before
        period = earlier
    if contract.cadence.content == "rolling_12_months":
        after = period.last + timedelta(days=1)
        return Period(after.replace(year=after.year - 1), period.last)
    return period


def sample_receipt(contract: ExtractContract, holidays: Collection[date]) -> str:
    """The receipt of the sample file, as JSON: received on the day its period is due."""
    data = sample_file(contract)
    period = sample_period(contract, holidays)
    due = calendar.expectation_of(period, contract.cadence, holidays).due_on
    receipt = {
        "schema": "receipt/1",
        "extract": contract.extract,
        "sender": contract.example_sender,
        "kind": "regular",
        "period_start": period.first.isoformat(),
        "period_end": period.last.isoformat(),
        "received_at": f"{due.isoformat()}T21:00:00Z",
        "rows": len(contract.sample),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    return json.dumps(receipt, indent=2) + "\n"
