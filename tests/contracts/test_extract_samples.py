"""What a supplier's page shows as a complete example is valid: taken from the page itself, landed, and let through."""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.holidays import load_holidays
from pipeline.contracts.settings import PROJECT, read_settings
from pipeline.ledger.connect import open_ledger
from pipeline.ledger.deliveries import get_delivery
from pipeline.steps.at_hand.context import Context
from pipeline.steps.receive.receive import receive
from pipeline.steps.validate.validate import validate
from pipeline.store import layout
from pipeline.store.keys import create_keys

CONTRACTS = load_extracts(PROJECT)
HOLIDAYS = load_holidays(PROJECT)
PAGES = PROJECT / "docs" / "generated" / "extracts"


def blocks(extract: str, language: str) -> Iterator[str]:
    text = (PAGES / f"{extract}.md").read_text(encoding="utf-8")
    yield from re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """A home in which the example of every page lies as its page says."""
    home = tmp_path_factory.mktemp("samples") / "home"
    made = read_settings({"RISKSTRAT_HOME": str(home)})
    settings = made.model_copy(update={"now": datetime(2027, 3, 1, tzinfo=UTC)})
    context = Context(
        settings=settings, ledger=open_ledger(settings.ledger_url), keys=create_keys(settings.keys_folder)
    )
    for extract, contract in CONTRACTS.items():
        folder = layout.landing(home) / contract.example_sender
        folder.mkdir(parents=True, exist_ok=True)
        data = next(blocks(extract, "csv"))
        (folder / f"{extract}-sample.csv").write_bytes(data.encode("utf-8"))
        (folder / f"{extract}-sample.receipt.json").write_text(next(blocks(extract, "json")), encoding="utf-8")
    taken = receive(context)
    assert not taken.refused
    assert len(taken.delivery_ids) == len(CONTRACTS)
    return context


def delivery_id(extract: str) -> str:
    receipt = json.loads(next(blocks(extract, "json")))
    stamp = datetime.fromisoformat(receipt["received_at"])
    return f"{extract}.{receipt['sender']}.{stamp:%Y%m%dT%H%M%SZ}"


@pytest.mark.parametrize("extract", CONTRACTS)
def test_the_example_of_a_page_goes_through_with_every_row(landed: Context, extract: str) -> None:
    rows = len(CONTRACTS[extract].sample)
    assert rows >= 2
    counts = validate(landed, delivery_id=delivery_id(extract)).counts
    delivery = get_delivery(landed.ledger, delivery_id(extract))
    report = json.loads(
        (layout.delivery_report(landed.settings.home, delivery.delivery_id) / "report.json").read_text()
    )
    assert (delivery.state, [rule["rule"] for rule in report["rules"]]) == ("accepted", [])
    assert (counts["rows_in"], counts["rows_valid"]) == (rows, rows)


@pytest.mark.parametrize("extract", CONTRACTS)
def test_the_receipt_of_a_page_is_of_its_file(extract: str) -> None:
    receipt = json.loads(next(blocks(extract, "json")))
    data = next(blocks(extract, "csv")).encode("utf-8")
    assert receipt["sha256"] == hashlib.sha256(data).hexdigest()
    assert receipt["rows"] == data.count(b"\n") - 1
