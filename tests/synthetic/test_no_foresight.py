"""Records know nothing of what is to come: what was written before a day does not depend on what happens after it."""

from datetime import date

import numpy as np
import pytest

from pipeline.synthetic.latent.block import INDEX_STEP, Block, draw_block
from pipeline.synthetic.population.frame import load_frame
from pipeline.synthetic.population.people import NEVER
from pipeline.synthetic.records import Records, write_records
from pipeline.synthetic.records.social_care import HOME_CARE, PLANNED, REVIEW, SERVICE

ADDRESSED = (
    ("gp_patient", "Postcode"),
    ("acute_apc", "POSTCODE OF USUAL ADDRESS"),
    ("acute_ecds", "POSTCODE OF USUAL ADDRESS"),
    ("acute_outpatient", "POSTCODE OF USUAL ADDRESS"),
    ("community_contact", "POSTCODE"),
    ("community_referral", "POSTCODE"),
    ("mental_health_contact", "Postcode"),
    ("social_care_event", "Postcode"),
)


@pytest.fixture(scope="module")
def block() -> Block:
    return draw_block(load_frame(19_000), 0, seed=8, as_of=date(2026, 11, 15))


@pytest.fixture(scope="module")
def records(block: Block) -> Records:
    return write_records(block)


@pytest.fixture(scope="module")
def index_day(block: Block) -> int:
    return int(block.lives.starts[INDEX_STEP])


@pytest.mark.parametrize(("extract", "header"), ADDRESSED)
def test_nobody_has_the_address_of_a_care_home_before_moving_in(
    extract: str, header: str, block: Block, records: Records, index_day: int
) -> None:
    people = block.people
    rows = records.told(extract, known=index_day)
    moves_in = (people.care_home_from > index_day) & (people.care_home_from < NEVER)
    ahead = moves_in[rows.person]
    assert ahead.any()
    told = np.array(rows.table[header])[ahead]
    assert (told == people.home_postcode[rows.person[ahead]]).all()
    assert (told != people.postcode[rows.person[ahead]]).any()


def test_an_address_changes_in_the_delta_of_the_day(block: Block, records: Records, index_day: int) -> None:
    people = block.people
    rows = records.told("gp_patient", known=index_day, changed_after=index_day - 400)
    moved = (people.care_home_from > index_day - 400) & (people.care_home_from <= index_day)
    supplied = np.array([practice.supplier is not None for practice in block.frame.practices] + [False])
    moved &= people.registered_on(index_day) & supplied[people.practice] & (people.registered < index_day - 400)
    assert moved.sum() >= 5
    assert np.isin(np.flatnonzero(moved), rows.person).all()


def test_memory_is_a_reason_only_once_it_is_lost(block: Block, records: Records, index_day: int) -> None:
    rows = records.told("social_care_event", known=index_day)
    memory = np.array(rows.table["Primary_Support_Reason"].to_pylist()) == "Support with Memory & Cognition"
    onset = block.lives.onset[:, block.lives.conditions.index("dementia")]
    assert memory.sum() > 20
    assert (onset[rows.person[memory]] <= rows.day[memory]).all()


def test_a_review_does_not_tell_that_support_goes_on(records: Records, index_day: int) -> None:
    care = records.care
    long = (care.event == SERVICE) & (care.detail == HOME_CARE) & (care.start < index_day - 430)
    long &= care.end > index_day
    planned = (care.event == REVIEW) & (care.detail == PLANNED) & (care.start < index_day)
    reviewed = np.isin(care.person, care.person[planned])
    ends = long & (care.end < NEVER)
    assert ends.sum() > 8
    assert reviewed[ends].mean() > 0.5


def test_carers_die_and_leave_as_others_do(block: Block, index_day: int) -> None:
    """A carer's record may not vouch for the year to come."""
    people = block.people
    carers = people.registered_on(index_day) & (people.carer_from < index_day)
    assert carers.sum() > 300
    assert (people.last_day[carers] < block.today).sum() > 3
    assert (people.carer_from[people.is_carer] - people.birth[people.is_carer] >= 14 * 365).all()
