"""Who lives in the invented region: real practices and lists, unmistakable numbers, households, registrations, care."""

from collections import Counter
from datetime import date

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.rules.nhs_number import is_valid
from pipeline.synthetic.latent.block import Block, draw_block
from pipeline.synthetic.population.addresses import HOMES_PER_COUNCIL, care_homes
from pipeline.synthetic.population.draw import people_of_block
from pipeline.synthetic.population.frame import (
    CORE_PRACTICES,
    COUNCILS,
    LARGEST_REGION,
    all_practices,
    blocks,
    load_frame,
)
from pipeline.synthetic.population.identity import draw_nhs_numbers, number_positions
from pipeline.synthetic.population.people import NEVER

AS_OF = date(2026, 11, 15)


@pytest.fixture(scope="module")
def small() -> Block:
    return draw_block(load_frame(2_000), 0, seed=5, as_of=AS_OF)


@pytest.fixture(scope="module")
def two_blocks() -> tuple[Block, Block]:
    """The core and the small last block of a larger region."""
    frame = load_frame(66_000)
    last = len(blocks(frame)) - 1
    return draw_block(frame, 0, seed=1, as_of=AS_OF), draw_block(frame, last, seed=1, as_of=AS_OF)


def test_all_practices_of_north_central_london_are_there_with_their_lists() -> None:
    practices = all_practices()
    assert len({practice.code for practice in practices}) == 173
    assert sum(practice.list_size for practice in practices) == 1_828_516
    assert {practice.borough_code for practice in practices} == set(COUNCILS)
    assert all(practice.name and practice.pcn_code and practice.pcn_name for practice in practices)
    assert tuple(practice.code for practice in practices[:5]) == CORE_PRACTICES


@pytest.mark.parametrize("people", [500, 5_000, 19_806, 60_000, 200_000, LARGEST_REGION])
def test_a_region_has_about_the_people_asked_for_in_blocks_of_whole_practices(people: int) -> None:
    frame = load_frame(people)
    total = sum(practice.list_size for practice in frame.practices)
    # Half of the practice that would have been added next at most.
    assert abs(total - people) <= max(125, max(practice.list_size for practice in all_practices()[:100]) / 2)
    found = blocks(frame)
    assert [index for block in found for index in block] == list(range(len(frame.practices)))
    for block in found:
        size = sum(frame.practices[index].list_size for index in block)
        assert size <= 40_000 or len(block) == 1
        assert size <= 50_000


def test_two_hundred_thousand_people_are_spread_over_all_five_boroughs() -> None:
    boroughs = Counter(practice.borough_code for practice in load_frame(200_000).practices)
    assert set(boroughs) == set(COUNCILS)
    assert min(boroughs.values()) >= 3


@pytest.mark.parametrize("people", [0, 499, LARGEST_REGION + 1])
def test_a_region_too_small_or_too_large_is_refused(people: int) -> None:
    with pytest.raises(UserError, match="500 to 1000000"):
        load_frame(people)


def test_a_block_that_is_not_there_is_refused() -> None:
    with pytest.raises(UserError, match="no block 1"):
        draw_block(load_frame(600), 1, seed=1, as_of=AS_OF)


def test_each_practice_has_exactly_its_list_on_the_first_night(small: Block, two_blocks: tuple[Block, Block]) -> None:
    for block in (small, *two_blocks):
        listed = Counter(block.people.practice[block.people.registered_on(block.today)].tolist())
        expected = {i: block.frame.practices[i].list_size for i in blocks(block.frame)[block.number]}
        assert dict(listed) == expected


def test_the_same_seed_gives_the_same_block_alone_or_after_others(two_blocks: tuple[Block, Block]) -> None:
    last = two_blocks[1]
    again = draw_block(last.frame, last.number, seed=1, as_of=AS_OF)
    assert np.array_equal(again.people.nhs_number, last.people.nhs_number)
    assert np.array_equal(again.people.postcode, last.people.postcode)
    assert np.array_equal(again.lives.hazard, last.lives.hazard)
    other = draw_block(last.frame, last.number, seed=2, as_of=AS_OF)
    assert not np.array_equal(other.people.birth, last.people.birth)


def test_the_core_has_the_same_people_and_lives_in_a_region_of_any_size(two_blocks: tuple[Block, Block]) -> None:
    alone, within = draw_block(load_frame(20_000), 0, seed=1, as_of=AS_OF), two_blocks[0]
    assert np.array_equal(alone.people.nhs_number, within.people.nhs_number)
    assert np.array_equal(alone.people.birth, within.people.birth)
    assert np.array_equal(alone.lives.admissions.day, within.lives.admissions.day)


def test_nhs_numbers_are_valid_never_issued_and_nobody_elses(two_blocks: tuple[Block, Block]) -> None:
    numbers = [
        number
        for block in two_blocks
        for array in (block.people.nhs_number, block.people.other_nhs_number, block.people.superseded_nhs_number)
        for number in array.tolist()
        if number
    ]
    assert len(set(numbers)) == len(numbers)
    assert all(is_valid(number) and number.startswith("999") for number in numbers)
    people = two_blocks[0].people
    assert 0.001 <= (people.other_nhs_number != "").mean() <= 0.005
    assert 0.005 <= (people.superseded_nhs_number != "").mean() <= 0.012


def test_a_million_people_find_numbers_in_the_range_that_is_not_to_be_issued() -> None:
    frame = load_frame(LARGEST_REGION)
    positions = sum(number_positions(round(people_of_block(frame, block) * 1.02)) for block in blocks(frame))
    assert positions < 2_000_000
    across = draw_nhs_numbers(900, offset=999_500, rng=np.random.default_rng(1))
    assert len(set(across.tolist())) == 900
    assert {number[:3] for number in across.tolist()} == {"999", "998"}
    assert all(is_valid(number) for number in across.tolist())


def test_a_household_shares_an_address_and_a_practice_and_no_child_lives_alone(two_blocks: tuple[Block, Block]) -> None:
    people = two_blocks[1].people
    at_home = people.care_home < 0
    order = np.argsort(people.household, kind="stable")
    same = (np.diff(people.household[order]) == 0) & at_home[order][1:] & at_home[order][:-1]
    for values in (people.postcode, people.lsoa, people.borough, people.practice):
        assert (values[order][1:][same] == values[order][:-1][same]).all()
    age = (two_blocks[1].today - people.birth) / 365.25
    _, household, sizes = np.unique(people.household, return_inverse=True, return_counts=True)
    grown_up = np.bincount(household, weights=age >= 18) > 0
    listed = people.practice >= 0
    assert grown_up[household][(age < 16) & listed].mean() > 0.99
    shares = np.bincount(np.minimum(sizes, 5)) / len(sizes)
    assert 0.3 <= shares[1] <= 0.6  # one person
    assert shares[2] > shares[4] > 0.02


def test_blocks_share_no_household(two_blocks: tuple[Block, Block]) -> None:
    one, other = (set(block.people.household.tolist()) for block in two_blocks)
    assert not one & other


def test_who_lives_where_follows_the_areas(two_blocks: tuple[Block, Block]) -> None:
    people = two_blocks[0].people
    listed = people.practice >= 0
    outside = ~np.isin(people.council, COUNCILS)
    assert 0.01 <= outside[listed].mean() <= 0.12
    black = np.isin(people.ethnic_codes, list("MNP"))
    assert black[listed & (people.decile <= 2)].mean() > 1.3 * black[listed & (people.decile >= 6)].mean()
    deciles = [people.decile[people.practice == index].mean() for index in range(5)]
    assert max(deciles) - min(deciles) > 0.5  # catchments differ in deprivation


def test_language_and_interpreters(two_blocks: tuple[Block, Block]) -> None:
    people = two_blocks[0].people
    assert set(map(len, set(people.language.tolist()))) == {2}
    assert 0.1 <= (people.language != "en").mean() <= 0.35
    assert not (people.needs_interpreter & (people.language == "en")).any()
    assert 0.01 <= people.needs_interpreter.mean() <= 0.08


def test_the_region_is_younger_than_the_country(two_blocks: tuple[Block, Block]) -> None:
    block = two_blocks[0]
    age = ((block.today - block.people.birth) / 365.25)[block.people.registered_on(block.today)]
    assert 0.11 <= (age >= 65).mean() <= 0.16  # the United Kingdom: 19%
    assert 0.17 <= (age < 18).mean() <= 0.22
    assert 0.02 <= (age >= 80).mean() <= 0.045


def test_registration_history_is_possible(two_blocks: tuple[Block, Block]) -> None:
    block = two_blocks[0]
    people, today = block.people, block.today
    assert (people.registered >= people.birth).all()
    gone = people.left < NEVER
    assert 0.05 <= gone[people.practice >= 0].mean() <= 0.11
    assert (people.death[gone] == NEVER).all()
    assert (people.left[gone] >= people.registered[gone]).all()
    assert (people.left[gone] <= today).all()
    moved = people.moved < NEVER
    assert moved.sum() > 20
    assert (people.former_practice[moved] != people.practice[moved]).all()
    assert (people.registered[moved] < people.moved[moved]).all()
    twice = people.second_practice >= 0
    assert twice.sum() > 5
    assert (people.second_practice[twice] != people.practice[twice]).all()
    assert (people.second_left[twice] > people.second_registered[twice]).all()
    assert (people.registered[people.is_arriving] > today).all()
    assert 8 <= people.is_arriving.sum() <= 30


def test_care_homes_hold_the_old_at_the_home_s_address_and_councils_know_where(
    two_blocks: tuple[Block, Block],
) -> None:
    block = two_blocks[0]
    people, homes = block.people, care_homes(block.frame, seed=1)
    inside = np.flatnonzero(people.care_home >= 0)
    assert len(homes.postcode) == len(COUNCILS) * HOMES_PER_COUNCIL
    assert (people.postcode[inside] == homes.postcode[people.care_home[inside]]).all()
    assert (people.lsoa[inside] == homes.lsoa[people.care_home[inside]]).all()
    assert np.isin(people.council[inside], COUNCILS).all()
    assert (people.care_home_from[inside] < NEVER).all()
    assert (people.care_home_from[people.care_home < 0] == NEVER).all()
    age = (block.today - people.birth[inside]) / 365.25
    assert (age >= 65).all()
    assert (age >= 75).mean() > 0.7
    assert 0.001 <= len(inside) / people.count <= 0.01


def test_carers_are_adults_who_care_for_somebody_else(two_blocks: tuple[Block, Block]) -> None:
    block = two_blocks[0]
    people = block.people
    carers = np.flatnonzero(people.is_carer)
    age = (block.today - people.birth[carers]) / 365.25
    assert 0.025 <= len(carers) / people.count <= 0.07
    assert (age >= 18).all()
    cared = people.cares_for[carers]
    known = cared >= 0
    assert 0.2 <= known.mean() <= 0.9
    assert (cared[known] != carers[known]).all()
    together = people.household[carers[known]] == people.household[cared[known]]
    assert together.mean() > 0.1
    assert (people.carer_from[carers] < NEVER).all()
