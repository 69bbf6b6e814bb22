"""Features in buckets of people are those of everyone at once, cell by cell; rows of a person lie together."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from run_home import write_policy
from small_home import deliver, entry, keys, numbers, patient, small_context

from pipeline.contracts.policy import load_policy
from pipeline.contracts.settings import Settings
from pipeline.ledger.deliveries import list_deliveries
from pipeline.rules.times import index_date, intake_cut_off
from pipeline.steps.at_hand import relations
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.relations import View
from pipeline.steps.features.events import events
from pipeline.steps.features.features import look
from pipeline.steps.link.link import link
from pipeline.steps.upkeep.rotate_keys import rotate_keys
from pipeline.store import layout, tables

NIGHT = date(2026, 11, 15)
PEOPLE = numbers(40)
FIRST, LAST = PEOPLE[0], PEOPLE[-1]


@pytest.fixture
def context(home: Settings) -> Context:
    """Forty people with a few contacts and stays each; the record of one contact was corrected to be another's."""
    context = small_context(home)
    write_policy(home, lambda policy: None)
    deliver(context, "gp_patient", [patient(number, str(place)) for place, number in enumerate(PEOPLE)])
    contacts = [
        entry(number, f"O-{place}-{visit}", "11429006", effective_date=f"2026-{10 - visit:02}-0{1 + place % 7}")
        for place, number in enumerate(PEOPLE)
        for visit in range(1 + place % 4)
    ]
    deliver(context, "gp_event", contacts)
    deliver(context, "gp_medication", [])
    stays = [{"nhs_number": number, "cds_unique_identifier": f"U{place}"} for place, number in enumerate(PEOPLE[::3])]
    deliver(context, "acute_apc", stays, sender="RKE")
    moved = [entry(LAST, "O-0-0", "11429006", effective_date="2026-10-01")]
    deliver(context, "gp_event", moved, at="2026-11-15T22:00:00")
    link(context)
    events(context)
    return context


def seen(context: Context) -> tuple[pa.Table, pa.Table]:
    ids = [delivery.delivery_id for delivery in list_deliveries(context.ledger)]
    policy, day = load_policy(context.settings.policy_file), index_date(NIGHT)
    return look(context, view=View(policy, ids, day, intake_cut_off(NIGHT), day))


def test_however_many_buckets_the_features_are_the_same(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    cohort, wide = seen(context)
    assert wide.num_rows == len(PEOPLE)
    for rows in (60, 20):
        monkeypatch.setattr(relations, "ROWS_PER_BUCKET", rows)
        assert seen(context) == (cohort, wide)


def test_a_row_corrected_to_be_another_persons_is_not_its_first_persons_in_any_bucket(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relations, "ROWS_PER_BUCKET", 30)
    _, wide = seen(context)
    contacts = dict(zip(wide["person_key"].to_pylist(), wide["gp_contacts_12m"].to_pylist(), strict=True))
    former, present = keys(context, FIRST)[0], keys(context, LAST)[0]
    assert contacts[former] == 0
    assert contacts[present] == 1 + (1 + (len(PEOPLE) - 1) % 4)


def test_event_rows_of_a_person_lie_together_also_under_new_keys(context: Context) -> None:
    assert [len(set(keys)) for keys in lying(context)] == [40, 14, 1]
    rotate_keys(context.settings, who="test", reason="a yearly change of keys")
    assert [len(set(keys)) for keys in lying(context)] == [40, 14, 1]


def lying(context: Context) -> list[list[str]]:
    """Person keys as they lie in each file of events, largest first; each file is sorted by them."""
    files = tables.files(
        layout.table(context.settings.home, "event"),
        column="delivery_id",
        values=[delivery.delivery_id for delivery in list_deliveries(context.ledger)],
    )
    found = [pq.read_table(Path(uri.removeprefix("file://")))["person_key"].to_pylist() for uri in files]
    assert all(keys == sorted(keys) for keys in found)
    return sorted(found, key=len, reverse=True)


def test_what_does_not_fit_in_memory_leaves_nothing_behind(context: Context) -> None:
    spill = layout.spill(context.settings.home)
    assert not spill.exists() or not list(spill.iterdir())
