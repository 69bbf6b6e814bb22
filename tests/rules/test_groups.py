"""Sharing out: every name once and in order, even groups, neither too many nor too small."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.groups import groups


@pytest.mark.parametrize(
    ("number", "sizes"),
    [(0, []), (1, [1]), (3, [3]), (4, [4]), (7, [7]), (8, [4, 4]), (20, [4] * 5), (33, [5] + [4] * 7)],
)
def test_groups_of_practices(number: int, sizes: list[int]) -> None:
    names = [f"F{number:05}" for number in range(number)]
    assert [len(group) for group in groups(names, at_most=8, at_least=4)] == sizes


@given(st.lists(st.text(), unique=True), st.integers(1, 20), st.integers(1, 9))
def test_no_name_is_lost_and_none_comes_twice(names: list[str], at_most: int, at_least: int) -> None:
    made = groups(names, at_most=at_most, at_least=at_least)
    assert [name for group in made for name in group] == names
    assert len(made) <= at_most and all(made)
    assert not made or max(map(len, made)) - min(map(len, made)) <= 1
    assert len(names) < at_least or all(len(group) >= at_least for group in made)
