"""Files of the check for national data opt-outs: what is asked, and every fault of a reply."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.nhs_number import check_digit, is_valid
from pipeline.rules.opt_out_check import (
    INVALID_NUMBERS,
    ReplyUnusable,
    allowed,
    batches,
    file_name,
    numbers_of,
    request_bytes,
)

ONE, TWO, THREE, OTHER = "9990000018", "9990000026", "9990000034", "9990000042"
SENT = (ONE, TWO, THREE)
VALID = (
    st.integers(100_000_000, 999_999_999).map(str).filter(check_digit).map(lambda nine: f"{nine}{check_digit(nine)}")
)


def test_the_numbers_here_are_valid() -> None:
    assert all(is_valid(number) for number in (*SENT, OTHER))


def test_a_request_is_sorted_with_a_comma_and_a_line_feed() -> None:
    assert request_bytes((TWO, ONE)) == f"{ONE},\n{TWO},\n".encode()


def test_only_valid_numbers_are_asked_about_each_once_in_batches() -> None:
    assert batches([THREE, "9990000019", "1111111111", "", ONE, TWO, ONE], size=2) == [(ONE, TWO), (THREE,)]
    assert batches(["9990000019"], size=2) == []


def test_a_batch_with_an_invalid_number_is_not_written() -> None:
    with pytest.raises(ValueError, match="1 of them not valid") as caught:
        request_bytes((ONE, "9990000019"))
    assert "9990000019" not in str(caught.value)
    with pytest.raises(ValueError, match="0 numbers"):
        request_bytes(())


def test_the_name_of_a_file() -> None:
    assert file_name("X26DEMO", day=date(2026, 11, 9), number=7) == "X26DEMO-091126-0007.dat"
    for mailbox, number in (("X26:DEMO", 1), ("x26demo", 1), ("X26DEMO", 0), ("X26DEMO", 10_000)):
        with pytest.raises(ValueError):
            file_name(mailbox, day=date(2026, 11, 9), number=number)


def test_the_reply_is_who_may_be_used() -> None:
    assert allowed(request_bytes((THREE, ONE)), sent=SENT) == {ONE, THREE}
    assert allowed(b"", sent=SENT) == frozenset()


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (INVALID_NUMBERS.encode(), "refused the whole file"),
        (f"{INVALID_NUMBERS}\r\n".encode(), "refused the whole file"),
        (f"{ONE},\n{OTHER},\n".encode(), "1 of its 2 numbers were not asked about"),
        (f"{ONE},\n{ONE},\n".encode(), "1 of its lines repeat"),
        (f"{ONE},\r\n".encode(), "CRLF"),
        (f"{ONE},\n{TWO}".encode(), "cut off"),
        (f"{ONE}\n".encode(), "1 of its 1 lines"),
        (f"{ONE},\n9990000019,\n".encode(), "1 of its 2 lines"),
        (f"{ONE},\n\n".encode(), "1 of its 2 lines"),
        (f"{ONE},yes\n".encode(), "1 of its 1 lines"),
        (f"NHS number\n{ONE},\n".encode(), "1 of its 2 lines"),
        (b"\xff\xfe9\x00", "not plain text"),
        (f"\ufeff{ONE},\n".encode(), "not plain text"),
    ],
)
def test_every_fault_of_a_reply_is_told_without_a_number(reply: bytes, says: str) -> None:
    with pytest.raises(ReplyUnusable, match=says) as caught:
        allowed(reply, sent=SENT)
    assert not any(number in str(caught.value) for number in (*SENT, OTHER, "9990000019"))


@given(people=st.sets(VALID, min_size=1, max_size=30), size=st.integers(1, 7))
def test_what_is_written_is_read_again_and_any_part_of_it_is_a_reply(people: set[str], size: int) -> None:
    made = batches(people, size=size)
    assert {number for batch in made for number in batch} == {number for number in people if is_valid(number)}
    for batch in made:
        assert numbers_of(request_bytes(batch)) == batch
        part = batch[:: 1 + len(batch) // 2]
        assert allowed(request_bytes(part), sent=batch) == set(part)
