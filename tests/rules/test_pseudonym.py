"""Pseudonyms: stable, keyed, one domain for each purpose, and short keys a practice can read out."""

import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import PipelineError
from pipeline.rules.pseudonym import ALPHABET, local_key, person_key, practice_key

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
        local_key("a", context="b", key=b"short")


@given(st.text(min_size=1), st.text(min_size=1), st.text("abc.", min_size=1), st.text("abc.", min_size=1))
def test_local_keys_are_equal_only_for_the_same_issuer_and_value(one: str, two: str, here: str, there: str) -> None:
    first = local_key(one, context=here, key=KEY)
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert (first == local_key(two, context=there, key=KEY)) == ((one, here) == (two, there))


def test_where_the_context_ends_and_the_value_begins_matters() -> None:
    assert local_key("bc", context="a", key=KEY) != local_key("c", context="ab", key=KEY)


@pytest.mark.parametrize(("value", "context"), [("", "a"), ("a", ""), ("a", "b\0c")])
def test_a_local_key_needs_value_and_context(value: str, context: str) -> None:
    with pytest.raises(PipelineError, match="value and a context"):
        local_key(value, context=context, key=KEY)


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
