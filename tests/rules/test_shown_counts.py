"""Counts of people on an operator's screen: small ones are told alike, those of one practice roughly."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.shown_counts import FEW, shown, shown_roughly, told_or_none


def test_examples() -> None:
    assert [shown(count) for count in (0, 1, 7, 8, 16_480)] == [FEW, FEW, FEW, "8", "16,480"]
    assert [shown_roughly(count) for count in (0, 7, 8, 12, 13, 3_802)] == [
        FEW, FEW, "about 10", "about 10", "about 15", "about 3,800",
    ]  # fmt: skip
    assert [told_or_none(count) for count in (0, 7, 8)] == [None, None, 8]


@given(st.integers(min_value=0, max_value=100_000))
def test_no_small_count_is_told_and_no_large_one_lies_far_off(count: int) -> None:
    if count <= 7:
        assert shown(count) == shown_roughly(count) == FEW and told_or_none(count) is None
    else:
        assert abs(int(shown_roughly(count).removeprefix("about ").replace(",", "")) - count) <= 2
