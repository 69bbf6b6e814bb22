"""Pseudonyms: stable, keyed, one domain for each purpose, and short keys a practice can read out."""

import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import PipelineError
from pipeline.rules.pseudonym import ALPHABET, person_key, practice_key

KEY, OTHER = b"k" * 32, b"o" * 32
NUMBER = "9990000018"


def test_a_person_key_is_a_keyed_hash_in_its_own_domain() -> None:
    expected = hmac.new(KEY, b"riskstrat/v1/person\x009990000018", hashlib.sha256).hexdigest()[:32]
    assert person_key(NUMBER, key=KEY, key_id="k1") == f"pk1_{expected}"


def test_another_key_gives_another_pseudonym() -> None:
    made = {person_key(NUMBER, key=key, key_id="k1") for key in (KEY, OTHER)}
    assert len(made) == 2


@pytest.mark.parametrize("number", ["", "9990000019", "999 000 0018", "0000000000"])
def test_no_pseudonym_without_a_valid_number_and_no_number_in_the_error(number: str) -> None:
    with pytest.raises(PipelineError) as caught:
        person_key(number, key=KEY, key_id="k1")
    assert not number or number not in str(caught.value)


@pytest.mark.parametrize("key_id", ["", "k_1", "k 1", "é"])
def test_a_key_id_must_be_readable_back(key_id: str) -> None:
    with pytest.raises(PipelineError, match="key id"):
        person_key(NUMBER, key=KEY, key_id=key_id)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(PipelineError, match="32 bytes"):
        person_key(NUMBER, key=b"short", key_id="k1")


@given(st.integers(0, 10**9))
def test_a_practice_key_can_be_read_out(number: int) -> None:
    made = practice_key(f"pk1_{number:032x}", practice_code="F83004", key=KEY)
    assert len(made) == 10
    assert re.fullmatch(f"[{ALPHABET}]{{2}}-[{ALPHABET}]{{3}}-[{ALPHABET}]{{3}}", made)
    assert not set("01ILOU") & set(made)


def test_practices_cannot_compare_their_keys() -> None:
    keys = {practice_key("pk1_a", practice_code=code, key=KEY) for code in ("F83004", "F83005")}
    assert len(keys | {practice_key("pk1_a", practice_code="F83004", key=OTHER)}) == 3


def test_twenty_thousand_people_of_a_practice_get_different_keys() -> None:
    keys = {practice_key(f"pk1_{n}", practice_code="F83004", key=KEY) for n in range(20_000)}
    assert len(keys) == 20_000


@pytest.mark.parametrize(("person", "practice"), [("", "a"), ("a", ""), ("a", "b\0c")])
def test_a_practice_key_needs_person_and_practice(person: str, practice: str) -> None:
    with pytest.raises(PipelineError, match="person and a practice"):
        practice_key(person, practice_code=practice, key=KEY)
