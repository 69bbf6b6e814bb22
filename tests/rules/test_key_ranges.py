"""Buckets of people: every key lies in exactly one, in order, and each holds about as many as the others."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.key_ranges import EVERYONE, KeyRange, buckets_for, key_ranges

PREFIX = "p1_"


def holds(people: KeyRange, key: str) -> bool:
    return key >= people.first and (people.before is None or key < people.before)


def drawn(count: int) -> list[str]:
    return [PREFIX + hashlib.sha256(str(number).encode()).hexdigest()[:32] for number in range(count)]


@given(key=st.one_of(st.text(max_size=8), st.from_regex(r"p[0-9a-z]{1,3}_[0-9a-f]{32}", fullmatch=True)))
def test_every_key_lies_in_exactly_one_bucket_whatever_it_looks_like(key: str) -> None:
    for buckets in (1, 2, 7, 64):
        assert sum(holds(people, key) for people in key_ranges(PREFIX, buckets=buckets)) == 1


def test_buckets_follow_one_another_and_hold_about_equally_many() -> None:
    ranges = key_ranges(PREFIX, buckets=7)
    assert [people.first for people in ranges[1:]] == [people.before for people in ranges[:-1]]
    counts = [sum(holds(people, key) for key in drawn(7_000)) for people in ranges]
    assert sum(counts) == 7_000
    assert min(counts) > 850
    assert max(counts) < 1_150


def test_one_bucket_is_everyone() -> None:
    assert list(key_ranges(PREFIX, buckets=1)) == [EVERYONE]


@pytest.mark.parametrize(("rows", "buckets"), [(0, 1), (1, 1), (100, 1), (101, 2), (1_000, 10)])
def test_as_many_buckets_as_keep_each_within_its_rows(rows: int, buckets: int) -> None:
    assert buckets_for(rows, rows_per_bucket=100) == buckets


@pytest.mark.parametrize("buckets", [0, 65_537])
def test_what_four_digits_cannot_tell_apart_is_refused(buckets: int) -> None:
    with pytest.raises(ValueError, match="buckets of people"):
        key_ranges(PREFIX, buckets=buckets)
