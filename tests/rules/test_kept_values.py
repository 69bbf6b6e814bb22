"""What a kept column may hold on its way out of the identified zone: codes and words of the standard, no person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.settings import PROJECT
from pipeline.rules.kept_values import is_concept_id, may_be_kept
from pipeline.rules.nhs_number import check_digit

_CODES = """J440 I10X 0212 300 F83671 RAL RAL01 E09000007 E01002701 A12 12 1 X 60621009 1011481000000105 mmHg mm[Hg]
kg kg/m2 mL/min/1.73m2 mL/min/{1.73_m2} g/dL mmol/mol % 10*9/L en 2B TAF ng/mL"""
CODES = _CODES.split()
PHRASES = ["No further action", "Long term support: Nursing care", "Short term support: ST-Max", "Day support", ""]
PERSONAL = [
    "9990000018", "999 000 0018", "999-000-0019", "8880000017", "Holloway", "HOLLOWAY", "Mary Holloway", "N1 9GU",
    "n19gu", "SW1A 1AA", "12 Canal Lane", "1948-03-09", "09/03/1948", "19480309", "09031948", "9-Mar-1948",
    "9 March 1948", "Care of Mrs Holloway", "No further action 9990000018",
]  # fmt: skip


@pytest.mark.parametrize("value", [*CODES, *PHRASES])
def test_codes_units_and_words_of_the_standard_are_kept(value: str) -> None:
    assert may_be_kept(value)


@pytest.mark.parametrize("value", PERSONAL)
def test_what_may_be_somebodys_is_not(value: str) -> None:
    assert not may_be_kept(value)
    assert may_be_kept(value, codes=[value]), "a declared code is one, whatever it looks like"


def test_every_example_and_code_of_every_contract_is_kept() -> None:
    for contract in load_extracts(PROJECT).values():
        for column in contract.columns if contract.person else ():
            if column.type == "text" and column.privacy == "keep":
                told = [column.example, *column.codes, *(row.get(column.name, "") for row in contract.sample)]
                assert [one for one in told if one and not may_be_kept(one, codes=column.codes)] == [], column.name


@pytest.mark.parametrize(
    ("text", "expected"),
    [("60621009", True), ("1011481000000105", True), ("60621008", False), ("60621", False), ("9990000018", False)],
)
def test_a_concept_identifier_has_its_partition_and_check_digit(text: str, expected: bool) -> None:
    assert is_concept_id(text) is expected


@given(st.integers(400_000_000, 799_999_999))
def test_hardly_any_nhs_number_is_also_a_concept_identifier(nine: int) -> None:
    digit = check_digit(str(nine))
    number = f"{nine}{digit}"
    assert digit is None or may_be_kept(number) == is_concept_id(number)
