"""The check digit against examples of public documentation, and masking that neither misses nor spoils."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.rules.nhs_number import MASKED, check_digit, is_valid, mask, spaced

NINE = st.text("0123456789", min_size=9, max_size=9)


def numbers() -> st.SearchStrategy[str]:
    """Ten digits with a right check digit, ten equal digits left out."""
    made = NINE.filter(lambda nine: check_digit(nine) is not None).map(lambda nine: f"{nine}{check_digit(nine)}")
    return made.filter(lambda number: len(set(number)) > 1)


@pytest.mark.parametrize(
    "number",
    [
        "9434765919",
        "4010232137",
        "9990000018",
        "9990000026",
    ],
)
def test_known_numbers_are_valid(number: str) -> None:
    assert is_valid(number)
    assert check_digit(number[:9]) == int(number[9])


def test_a_sum_that_leaves_ten_has_no_check_digit() -> None:
    nine = next(f"99900{n:04d}" for n in range(10_000) if _remainder(f"99900{n:04d}") == 1)
    assert check_digit(nine) is None
    assert not any(is_valid(f"{nine}{digit}") for digit in range(10))


def _remainder(nine: str) -> int:
    return sum(int(digit) * (10 - place) for place, digit in enumerate(nine)) % 11


@pytest.mark.parametrize(
    "text",
    [
        "",
        "943476591",
        "94347659190",
        "9434765918",
        "943 476 5919",
        " 9434765919",
        "9434765919\n",
        "943476591X",
        "٩٤٣٤٧٦٥٩١٩",
        "²434765919",
        "0000000000",
        "9999999999",
    ],
)
def test_anything_else_is_not_valid(text: str) -> None:
    assert not is_valid(text)


@given(NINE)
def test_at_most_one_last_digit_fits(nine: str) -> None:
    assert sum(check_digit(nine) == digit for digit in range(10)) == (check_digit(nine) is not None)


@given(numbers(), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(number: str, place: int, by: int) -> None:
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    assert is_valid(number)
    assert not is_valid(wrong)


@given(numbers(), st.integers(0, 8))
def test_two_neighbours_swapped_are_always_noticed(number: str, place: int) -> None:
    assume(number[place] != number[place + 1])
    assert not is_valid(number[:place] + number[place + 1] + number[place] + number[place + 2 :])


def test_spaced_is_how_people_read_it() -> None:
    assert spaced("9990000018") == "999 000 0018"


@given(numbers(), st.sampled_from(["{}", "x{}y", "nhs={};", "'{}'", "p{}", "é{} ", "\n{}\t", "a_{}_b"]))
def test_masking_finds_every_number_however_it_is_written(number: str, around: str) -> None:
    written = [number, spaced(number), spaced(number).replace(" ", "-"), spaced(number).replace(" ", "\u00a0")]
    for text in written:
        masked = mask(around.format(text))
        assert masked == around.format(MASKED)
        assert not re.search(r"\d", masked)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9434765918 has a wrong check digit",
        "19434765919 is longer",
        "2026-11-15T02:00:00+00:00 rows_in=12",
        "run 9f9434765919abcd",
        "acute_ecds.RAL.20261115T020000Z",
    ],
)
def test_masking_leaves_everything_else_as_it_is(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize("text", ["0123456789434765919", "9434765919 9990000018"])
def test_masking_is_about_whole_numbers(text: str) -> None:
    assert mask(text) == (text if " " not in text else f"{MASKED} {MASKED}")
