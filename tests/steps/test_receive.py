"""Receive: what lies in the landing folder is taken in once, in order, or refused with a reason and left there."""

import gzip
import hashlib
import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.contracts.settings import PROJECT, Settings
from pipeline.ledger.connect import open_ledger
from pipeline.ledger.deliveries import get_delivery, list_deliveries, record_verdict
from pipeline.steps.at_hand.context import Context
from pipeline.steps.receive import receive as step
from pipeline.steps.receive.receive import receive
from pipeline.store import layout
from pipeline.store.keys import create_keys
from pipeline.store.sealed import open_sealed

DATA = b"anything,at,all\n1,2,3\n"


@pytest.fixture
def context(home: Settings) -> Context:
    return at(Context(settings=home, ledger=open_ledger(home.ledger_url), keys=create_keys(home.keys_folder)), "16T06")


def at(context: Context, day_and_hour: str) -> Context:
    """The context on this day and hour of November 2026."""
    now = datetime.fromisoformat(f"2026-11-{day_and_hour}:00:00+00:00")
    return replace(context, settings=context.settings.model_copy(update={"now": now}))


def land(context: Context, name: str, data: bytes = DATA, *, folder: str = "RAL01", **changes: object) -> Path:
    place = layout.landing(context.settings.home) / folder
    place.mkdir(parents=True, exist_ok=True)
    receipt = {
        "schema": "receipt/1",
        "extract": "acute_ecds",
        "sender": "RAL01",
        "kind": "regular",
        "period_start": "2026-11-09",
        "period_end": "2026-11-15",
        "received_at": "2026-11-16T01:00:00Z",
        "rows": 1,
        "sha256": hashlib.sha256(data).hexdigest(),
        **changes,
    }
    (place / f"{name}.csv").write_bytes(data)
    (place / f"{name}.receipt.json").write_text(json.dumps(receipt))
    return place / f"{name}.csv"


def test_a_delivery_is_entered_and_its_bytes_sealed(context: Context) -> None:
    land(context, "week46")
    result = receive(context)
    (delivery_id,) = result.delivery_ids
    assert delivery_id == "acute_ecds.RAL01.20261116T010000Z"
    assert get_delivery(context.ledger, delivery_id).state == "received"
    original = layout.original(context.settings.home, delivery_id)
    assert DATA not in original.read_bytes()
    with original.open("rb") as sealed:
        assert open_sealed(sealed, key=context.keys.original, name=delivery_id).read() == DATA


@pytest.mark.parametrize(
    ("stamp", "is_taken"),
    [
        ("2026-11-17T06:00:00Z", True),
        ("2026-11-17T07:00:00+01:00", True),
        ("2026-11-17T06:00:01Z", False),
        ("2026-11-18T01:00:00Z", False),
        ("2027-11-16T01:00:00Z", False),
    ],
)
def test_a_stamp_may_lie_a_day_ahead_of_the_clock_and_no_more(context: Context, stamp: str, is_taken: bool) -> None:
    land(context, "week46", received_at=stamp)
    result = receive(context)
    assert [one.code for one in result.refused] == ([] if is_taken else ["FILE-031"])
    assert len(result.delivery_ids) == int(is_taken)
    (entered,) = list_deliveries(context.ledger)
    assert (entered.state, entered.reason_code) == (("received", None) if is_taken else ("refused", "FILE-031"))
    if not is_taken:
        assert "more than 24 hours ahead of our clock" in result.refused[0].reason
        assert "send the receipt again" in result.refused[0].reason


def test_a_stamp_that_was_refused_for_lying_ahead_is_not_taken_in_when_its_day_has_come(context: Context) -> None:
    """By then the file is as old as the slip was long, and would count as the newest word of its sender."""
    land(context, "week46", received_at="2026-11-19T01:00:00Z")
    receive(context)
    later = at(context, "20T06")
    assert [one.code for one in receive(later).refused] == ["FILE-031"]
    land(later, "week46", received_at="2026-11-16T01:00:00Z")
    assert receive(later).delivery_ids == ("acute_ecds.RAL01.20261116T010000Z",)


def test_where_everything_is_invented_so_is_the_clock(context: Context) -> None:
    shutil.copyfile(PROJECT / "policy" / "demo.yml", context.settings.policy_file)
    land(context, "week46", received_at="2027-11-16T01:00:00Z")
    assert len(receive(context).delivery_ids) == 1
    made_real = context.settings.policy_file.read_text().replace("fictitious: true", "fictitious: false")
    context.settings.policy_file.write_text(made_real)
    land(context, "week47", b"1\n", received_at="2027-11-16T02:00:00Z")
    assert [one.code for one in receive(context).refused] == ["FILE-031"]


def test_receiving_again_changes_nothing(context: Context) -> None:
    land(context, "week46")
    receive(context)
    before = list_deliveries(context.ledger)
    result = receive(context)
    assert (result.delivery_ids, result.duplicates, result.refused) == ((), (), ())
    assert list_deliveries(context.ledger) == before


def test_deliveries_come_in_the_order_they_were_received(context: Context) -> None:
    land(context, "a_later", b"1\n", received_at="2026-11-16T03:00:00Z")
    land(context, "b_first", b"2\n", received_at="2026-11-16T02:30:00+01:00")
    land(context, "c_beyond", b"3\n", received_at="2026-11-16T04:00:00Z")
    result = receive(context, received_before=datetime(2026, 11, 16, 4, tzinfo=UTC))
    stamps = [delivery_id.rpartition(".")[2] for delivery_id in result.delivery_ids]
    assert stamps == ["20261116T013000Z", "20261116T030000Z"]


def test_the_same_bytes_again_are_a_duplicate(context: Context) -> None:
    land(context, "week46")
    land(context, "again", received_at="2026-11-17T01:00:00Z", rows=1)
    result = receive(context)
    assert result.duplicates == ("acute_ecds.RAL01.20261117T010000Z",)
    again = get_delivery(context.ledger, result.duplicates[0])
    assert (again.state, again.rows_duplicate, again.balances()) == ("duplicate", 1, True)


FIRST, SECOND = b"anything,at,all\nas,it,was\n", b"anything,at,all\nnot,as,meant\n"


def there_and_back(context: Context, extract: str, *, days: tuple[int, int, int]) -> list[str]:
    """States after the same file again, with another one in between; each accepted as it came, each of its own day."""
    states = []
    for number, (data, day) in enumerate(zip((FIRST, SECOND, FIRST), days, strict=True), start=1):
        period = {"period_start": f"2026-10-{day:02}", "period_end": f"2026-10-{day:02}"}
        land(context, f"file{number}", data, extract=extract, received_at=f"2026-11-{number:02}T01:00:00Z", **period)
        for delivery_id in receive(context).delivery_ids:
            record_verdict(context.ledger, delivery_id=delivery_id, state="accepted", rows_in=1, rows_valid=1)
        states.append(get_delivery(context.ledger, f"{extract}.RAL01.202611{number:02}T010000Z").state)
    return states


@pytest.mark.parametrize("extract", ["reference_organisation", "nhs_number_change"])
def test_a_snapshot_that_goes_back_to_an_earlier_one_is_its_senders_last_word(context: Context, extract: str) -> None:
    """A wrong merger of two people's numbers, or of two practices, is mended by last month's file sent again."""
    assert there_and_back(context, extract, days=(1, 2, 3)) == ["accepted"] * 3


@pytest.mark.parametrize("extract", ["community_contact", "community_referral", "social_care_event"])
def test_a_whole_period_that_goes_back_is_its_senders_last_word(context: Context, extract: str) -> None:
    assert there_and_back(context, extract, days=(1, 1, 1)) == ["accepted"] * 3


def test_a_period_sent_again_after_another_period_is_a_repeat(context: Context) -> None:
    assert there_and_back(context, "community_contact", days=(1, 2, 1)) == ["accepted", "accepted", "duplicate"]


@pytest.mark.parametrize("extract", ["gp_event", "acute_apc"])
def test_changes_sent_again_undo_nothing_that_came_since(context: Context, extract: str) -> None:
    assert there_and_back(context, extract, days=(1, 2, 3)) == ["accepted", "accepted", "duplicate"]


@pytest.mark.parametrize("settled", ["received", "accepted"])
def test_a_file_without_rows_of_another_day_is_no_repeat(context: Context, settled: str) -> None:
    """Whether the first was judged before the second was looked at depends on where a night was cut short."""
    header = b"anything,at,all\n"
    days = {"period_start": "2026-11-15", "period_end": "2026-11-15"}
    land(context, "saturday", header, rows=0, period_start="2026-11-14", period_end="2026-11-14")
    (first,) = receive(context).delivery_ids
    if settled == "accepted":
        record_verdict(context.ledger, delivery_id=first, state="accepted", rows_in=0)
    land(context, "sunday", header, rows=0, received_at="2026-11-16T02:00:00Z", **days)
    land(context, "sunday_again", header, rows=0, received_at="2026-11-16T03:00:00Z", **days)
    result = receive(context)
    assert result.delivery_ids == ("acute_ecds.RAL01.20261116T020000Z",)
    assert result.duplicates == ("acute_ecds.RAL01.20261116T030000Z",)


def test_the_same_bytes_after_a_refusal_are_looked_at_anew(context: Context) -> None:
    land(context, "week46", rows=2)
    (first,) = receive(context).delivery_ids
    record_verdict(context.ledger, delivery_id=first, state="refused", rows_in=1, rows_refused=1)
    land(context, "again", received_at="2026-11-17T01:00:00Z", rows=1)
    assert receive(context).delivery_ids == ("acute_ecds.RAL01.20261117T010000Z",)


def test_a_kill_before_the_entry_and_one_after_it_end_alike(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    land(context, "week46")
    land(context, "again", received_at="2026-11-17T01:00:00Z")

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for name in ("record_received", "record_verdict"):
        with monkeypatch.context() as patch:
            patch.setattr(step, name, killed)
            with pytest.raises(KeyboardInterrupt):
                receive(context)
    receive(context)
    states = [delivery.state for delivery in list_deliveries(context.ledger)]
    assert states == ["received", "duplicate"]


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("FILE-003", {"sha256": "0" * 64}),
        ("FILE-004", {"extract": "horoscope"}),
        ("FILE-005", {"folder": "F83004"}),
        ("FILE-001", {"rows": -1}),
        ("FILE-001", {"sha256": "999 000 0018"}),
        ("FILE-001", {"received_at": "2026-11-16T01:00:00"}),
        ("FILE-001", {"sender": "../RAL01"}),
        ("FILE-001", {"surprise": 1}),
    ],
)
def test_a_receipt_that_does_not_hold_is_refused_and_the_file_stays(
    context: Context, code: str, changes: dict[str, object]
) -> None:
    path = land(context, "week46", **changes)
    result = receive(context)
    assert [refused.code for refused in result.refused] == [code]
    assert "999 000 0018" not in result.refused[0].reason
    assert path.read_bytes() == DATA
    recorded = list_deliveries(context.ledger)
    assert [(one.state, one.reason_code) for one in recorded] == ([] if code == "FILE-001" else [("refused", code)])
    receive(context)
    assert list_deliveries(context.ledger) == recorded


def test_a_refused_receipt_may_still_come_true(context: Context) -> None:
    path = land(context, "week46")
    path.write_bytes(DATA[:-4])
    assert [refused.code for refused in receive(context).refused] == ["FILE-003"]
    path.write_bytes(DATA)
    assert receive(context).delivery_ids == ("acute_ecds.RAL01.20261116T010000Z",)


def test_a_receipt_without_its_file_waits(context: Context) -> None:
    land(context, "week46").unlink()
    assert [refused.code for refused in receive(context).refused] == ["FILE-002"]
    assert list_deliveries(context.ledger) == []


def test_another_file_under_a_used_stamp_is_refused(context: Context) -> None:
    land(context, "week46")
    receive(context)
    land(context, "other", b"other bytes\n")
    assert [refused.code for refused in receive(context).refused] == ["FILE-006"]
    states = [delivery.state for delivery in list_deliveries(context.ledger)]
    assert sorted(states) == ["received", "refused"]


def test_hidden_files_and_strangers_in_the_folder_are_ignored(context: Context) -> None:
    land(context, "_draft")
    land(context, ".partial")
    land(context, "week46", folder="_archive")
    assert receive(context) == step.ReceiveResult(delivery_ids=(), duplicates=(), refused=())


def test_a_compressed_file_keeps_its_bytes(context: Context) -> None:
    packed = gzip.compress(DATA, mtime=0)
    path = land(context, "week46", packed)
    path.rename(path.with_name("week46.csv.gz"))
    (delivery_id,) = receive(context).delivery_ids
    assert get_delivery(context.ledger, delivery_id).file_name == "week46.csv.gz"


def test_a_number_in_a_name_or_receipt_comes_into_no_record(context: Context) -> None:
    land(context, "list_of_9990000018")
    land(context, "other", b"other\n", received_at="2026-11-17T01:00:00Z", corrects="9990000018")
    result = receive(context)
    assert [refused.code for refused in result.refused] == ["FILE-027"]
    assert "9990000018" not in str(list_deliveries(context.ledger)) + str(result)
    (taken_in,) = list_deliveries(context.ledger, states=["received"])
    assert taken_in.file_name.endswith(".csv")
