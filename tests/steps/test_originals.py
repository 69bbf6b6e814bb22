"""Originals: kept until their contract's last day, counted, deleted with an audit row, and missed by nobody."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from landed_files import CONTRACTS, land, take_in
from small_home import small_context

from pipeline.contracts.settings import Settings
from pipeline.errors import UserError
from pipeline.ledger import audit
from pipeline.ledger.deliveries import get_delivery
from pipeline.steps.at_hand.context import Context
from pipeline.steps.receive import originals as step
from pipeline.steps.receive.originals import delete_expired, originals
from pipeline.steps.receive.receive import receive
from pipeline.steps.validate.validate import validate
from pipeline.store import layout

KEPT_DAYS = CONTRACTS["acute_ecds"].originals_kept_days
LAST_DAY = date(2026, 11, 15) + timedelta(days=KEPT_DAYS)


@pytest.fixture
def context(home: Settings) -> Context:
    context = small_context(home)
    land(context, "acute_ecds")
    return context


def on(context: Context, day: date) -> Context:
    now = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return replace(context, settings=context.settings.model_copy(update={"now": now}))


def test_the_ledger_says_until_when_an_original_is_kept(context: Context) -> None:
    (delivery_id,) = receive(context).delivery_ids
    found = get_delivery(context.ledger, delivery_id)
    assert found is not None
    assert (found.original_expires_on, found.original_deleted_at) == (LAST_DAY, None)


def test_what_is_past_its_last_day_goes_with_an_audit_row_and_nothing_else_does(context: Context) -> None:
    ((delivery_id, state),) = take_in(context).items()
    path = layout.original(context.settings.home, delivery_id)
    size = path.stat().st_size
    assert delete_expired(on(context, LAST_DAY), who="A. Name").counts["originals_deleted"] == 0
    assert path.is_file()
    after = on(context, LAST_DAY + timedelta(days=1))
    assert [(one.files, one.expired, one.deleted) for one in originals(after).kept] == [(1, 1, 0)]
    assert delete_expired(after, who="A. Name").counts == {"originals_deleted": 1, "bytes_deleted": size}
    assert [one.name for one in path.parent.iterdir()] == []
    assert [(one.files, one.expired, one.deleted) for one in originals(after).kept] == [(0, 0, 1)]
    found = get_delivery(context.ledger, delivery_id)
    assert found is not None
    assert (found.state, found.rows_valid, found.original_deleted_at) == (state, 1, after.now())
    (entry,) = audit.list_entries(context.ledger, action="delete_originals")
    assert (entry.subject, entry.counts["bytes_deleted"]) == (delivery_id, size)
    assert delete_expired(after, who="A. Name").counts["originals_deleted"] == 0
    assert validate(after, delivery_id=delivery_id).counts["rows_valid"] == 1


def test_receiving_again_brings_no_deleted_original_back(context: Context) -> None:
    take_in(context)
    after = on(context, LAST_DAY + timedelta(days=1))
    delete_expired(after, who="A. Name")
    assert receive(after).delivery_ids == ()
    assert originals(after).kept[0].files == 0


def test_one_that_waits_for_its_verdict_keeps_its_bytes(context: Context) -> None:
    (delivery_id,) = receive(context).delivery_ids
    after = on(context, LAST_DAY + timedelta(days=1))
    assert delete_expired(after, who="A. Name").counts["originals_deleted"] == 0
    assert layout.original(context.settings.home, delivery_id).is_file()


def test_a_deletion_killed_half_way_is_finished_by_the_next(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    ((delivery_id, _),) = take_in(context).items()
    after = on(context, LAST_DAY + timedelta(days=1))

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(step, "record_original_deleted", killed)
        with pytest.raises(KeyboardInterrupt):
            delete_expired(after, who="A. Name")
    assert not layout.original(context.settings.home, delivery_id).is_file()
    delete_expired(after, who="A. Name")
    found = get_delivery(context.ledger, delivery_id)
    assert found is not None and found.original_deleted_at is not None
    assert len(audit.list_entries(context.ledger, action="delete_originals")) == 2


def test_nothing_is_deleted_without_a_name(context: Context) -> None:
    with pytest.raises(UserError, match="needs a name"):
        delete_expired(context, who=" ")


def test_the_lines_say_how_many_are_kept(context: Context) -> None:
    take_in(context)
    told = originals(on(context, LAST_DAY + timedelta(days=1))).told()
    assert told[0].startswith("acute_ecds") and "1 kept" in told[0] and "1 past their expiry" in told[0]
    assert told[-1].endswith("1 originals kept, 1 of them past their expiry")
