"""Ranks, capacity and the list: exactly k by rank, people kept for two editions, the same whatever the order."""

import math
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.ranking import PreviousEntry, Ranked, capacity, choose_listed, rank

AS_OF = date(2026, 11, 22)
EARLIER = date(2026, 11, 15)

SCORED = st.dictionaries(
    st.integers(0, 999).map(lambda n: f"p{n:03d}"),
    st.integers(0, 20).map(lambda n: Decimal(n) / 20),
    max_size=40,
).map(lambda people: list(people.items()))
PREVIOUS = st.dictionaries(
    st.integers(0, 999).map(lambda n: f"p{n:03d}"),
    st.builds(
        PreviousEntry,
        listing=st.sampled_from(["by_rank", "kept"]),
        editions_beyond=st.integers(0, 1),
        editions_on_register=st.integers(1, 9),
        first_listed_on=st.just(EARLIER),
    ),
    max_size=40,
)


def people(how_many: int) -> list[Ranked]:
    return rank([(f"p{n:03d}", 1 - Decimal(n) / 1000) for n in range(1, how_many + 1)])


def before(*, beyond: int = 0, editions: int = 1) -> PreviousEntry:
    return PreviousEntry("by_rank", beyond, editions, EARLIER)


def test_rank_by_score_then_key():
    ranked = rank([("b", Decimal("0.5")), ("c", Decimal("0.9")), ("a", Decimal("0.5"))])
    assert [(each.person_key, each.rank) for each in ranked] == [("c", 1), ("a", 2), ("b", 3)]


@given(SCORED, st.randoms())
def test_ranks_are_1_to_n_and_the_order_given_does_not_matter(scored, random):
    ranked = rank(scored)
    assert [each.rank for each in ranked] == list(range(1, len(scored) + 1))
    assert all(one.risk_score >= two.risk_score for one, two in zip(ranked, ranked[1:], strict=False))
    mixed = list(scored)
    random.shuffle(mixed)
    assert rank(mixed) == ranked


def test_a_person_ranks_once():
    with pytest.raises(ValueError, match="twice"):
        rank([("a", Decimal("0.5")), ("a", Decimal("0.4"))])


@pytest.mark.parametrize(
    ("adults", "pct", "k"),
    [(0, "2", 0), (1, "2", 1), (50, "2", 1), (51, "2", 2), (4350, "2", 87), (4351, "2", 88), (1000, "0.1", 1)],
)
def test_capacity_rounds_up(adults, pct, k):
    assert capacity(adults, pct=Decimal(pct)) == k


@given(st.integers(0, 10**7), st.integers(0, 10_000))
def test_capacity_is_the_least_that_holds_the_share(adults, hundredths):
    k = capacity(adults, pct=Decimal(hundredths) / 100)
    assert k == math.ceil(adults * hundredths / 10_000) or abs(k * 10_000 - adults * hundredths) < 10_000
    assert (k - 1) * 10_000 < adults * hundredths <= k * 10_000 or k == 0


def test_capacity_refuses_nonsense():
    for adults, pct in ((-1, "2"), (10, "-1"), (10, "101")):
        with pytest.raises(ValueError, match="capacity"):
            capacity(adults, pct=Decimal(pct))


def test_the_first_edition_is_exactly_k():
    listed = choose_listed(people(30), k=10, previous={}, as_of=AS_OF)
    assert [each.rank for each in listed] == list(range(1, 11))
    assert {(each.listing, each.editions_on_register, each.first_listed_on) for each in listed} == {
        ("by_rank", 1, AS_OF)
    }


@pytest.mark.parametrize(
    ("place", "beyond_before", "kept", "beyond_after"),
    [
        (11, 0, True, 0),  # just out of the ten: kept
        (15, 1, True, 0),  # at 1.5 k exactly is not beyond it, and the count starts again
        (16, 0, True, 1),  # first edition beyond
        (16, 1, False, None),  # second in a row: leaves
    ],
)
def test_people_leave_after_two_editions_beyond_one_and_a_half_k(place, beyond_before, kept, beyond_after):
    key = f"p{place:03d}"
    listed = choose_listed(people(30), k=10, previous={key: before(beyond=beyond_before, editions=4)}, as_of=AS_OF)
    found = {each.person_key: each for each in listed}
    assert len([each for each in listed if each.listing == "by_rank"]) == 10
    assert (key in found) is kept
    if kept:
        entry = found[key]
        assert (entry.listing, entry.editions_beyond, entry.editions_on_register) == ("kept", beyond_after, 5)
        assert entry.first_listed_on == EARLIER


def test_a_person_who_came_back_by_rank_starts_again_but_keeps_the_first_date():
    first = choose_listed(people(30), k=10, previous={"p003": before(beyond=1, editions=2)}, as_of=AS_OF)[2]
    assert (first.listing, first.editions_beyond, first.editions_on_register) == ("by_rank", 0, 3)
    assert first.first_listed_on == EARLIER


def test_people_no_longer_scored_leave_at_once():
    listed = choose_listed(people(30), k=10, previous={"p900": before()}, as_of=AS_OF)
    assert "p900" not in {each.person_key for each in listed}


def test_an_odd_k_compares_without_rounding():
    # k = 3: beyond 4.5 begins at rank 5.
    listed = choose_listed(people(9), k=3, previous={"p004": before(), "p005": before()}, as_of=AS_OF)
    assert {each.person_key: each.editions_beyond for each in listed[3:]} == {"p004": 0, "p005": 1}


def test_no_register_is_smaller_than_nobody():
    with pytest.raises(ValueError, match="nobody"):
        choose_listed([], k=-1, previous={}, as_of=AS_OF)


@given(SCORED, st.integers(0, 45), PREVIOUS)
def test_the_laws_of_the_list(scored, k, previous):
    ranked = rank(scored)
    listed = choose_listed(ranked, k=k, previous=previous, as_of=AS_OF)
    by_rank = [each for each in listed if each.listing == "by_rank"]
    kept = [each for each in listed if each.listing == "kept"]
    assert [each.rank for each in by_rank] == list(range(1, min(k, len(ranked)) + 1))
    assert [each.rank for each in listed] == sorted({each.rank for each in listed})
    assert {each.person_key for each in kept} <= set(previous)
    assert all(each.rank > k and each.editions_beyond < 2 for each in kept)
    assert choose_listed(ranked[::-1], k=k, previous=previous, as_of=AS_OF) == listed
    away = {each.person_key for each in ranked if each.person_key in previous} - {each.person_key for each in listed}
    assert all(previous[key].editions_beyond == 1 for key in away)


@given(SCORED, st.integers(1, 10))
def test_nobody_flickers_when_scores_stand_still(scored, k):
    ranked = rank(scored)
    first = choose_listed(ranked, k=k, previous={}, as_of=EARLIER)
    held = {
        each.person_key: PreviousEntry(
            each.listing, each.editions_beyond, each.editions_on_register, each.first_listed_on
        )
        for each in first
    }
    second = choose_listed(ranked, k=k, previous=held, as_of=AS_OF)
    assert [each.person_key for each in second] == [each.person_key for each in first]
    assert all(each.editions_on_register == 2 and each.first_listed_on == EARLIER for each in second)


@given(SCORED, st.integers(0, 20), PREVIOUS, st.sets(st.integers(1, 45)), st.sets(st.integers(1, 45)))
def test_the_laws_of_who_is_counted_apart(scored, k, previous, put_on, set_aside):
    ranked = rank(scored)
    nominated = {each.person_key for each in ranked if each.rank in put_on}
    declined = {each.person_key for each in ranked if each.rank in set_aside} - nominated
    listed = choose_listed(ranked, k=k, previous=previous, as_of=AS_OF, nominated=nominated, declined=declined)
    of = {each.person_key: each.listing for each in listed}
    others = [each for each in ranked if each.person_key not in declined]
    # Exactly k of those who were not set aside, the highest risks of them, whatever was nominated or declined.
    assert [key for key, listing in of.items() if listing == "by_rank"] == [each.person_key for each in others[:k]]
    assert {key for key, listing in of.items() if listing == "declined"} == declined & of.keys()
    assert nominated <= of.keys()
    assert {key for key, listing in of.items() if listing == "kept"} <= previous.keys()
    assert [each.rank for each in listed] == sorted(each.rank for each in listed)
    # Who declined would have stood there otherwise, and loses nothing by it but the place.
    without = choose_listed(ranked, k=k, previous=previous, as_of=AS_OF, nominated=nominated)
    assert {each.person_key for each in without} <= of.keys() | declined


def test_the_next_one_has_the_place_of_somebody_declined_who_comes_back_as_known():
    first = choose_listed(people(30), k=10, previous={}, as_of=EARLIER, declined={"p003"})
    assert [each.person_key for each in first if each.listing == "by_rank"][-1] == "p011"
    assert [each.person_key for each in first if each.listing == "declined"] == ["p003"]
    held = {each.person_key: PreviousEntry(each.listing, 0, 1, EARLIER) for each in first}
    back = {each.person_key: each for each in choose_listed(people(30), k=10, previous=held, as_of=AS_OF)}
    assert (back["p003"].listing, back["p003"].editions_on_register) == ("by_rank", 2)
    assert back["p011"].listing == "kept"


def test_somebody_only_ever_nominated_leaves_with_the_nomination():
    first = choose_listed(people(30), k=10, previous={}, as_of=EARLIER, nominated={"p012"})
    held = {each.person_key: PreviousEntry(each.listing, 0, 1, EARLIER) for each in first}
    assert first[-1].listing == "nominated"
    assert "p012" not in {each.person_key for each in choose_listed(people(30), k=10, previous=held, as_of=AS_OF)}
