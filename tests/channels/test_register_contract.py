"""The declared columns, the packs that cannot be built, and the generated page of words."""

from dataclasses import FrozenInstanceError, replace
from decimal import Decimal
from pathlib import Path

import pytest
from invented_packs import locality_pack, practice_pack

from pipeline.contracts.answers import KEY_COLUMNS
from pipeline.contracts.register_dictionary import (
    OUTPUTS,
    load_output_contract,
    locality_contract,
    practice_contract,
    risk_band,
)
from pipeline.contracts.register_dictionary_page import register_columns_text
from pipeline.errors import ContractError
from pipeline.rules.answers import ANSWER_FIELDS, CODES, DATES, TEXTS
from pipeline.rules.evaluation import RISK_EDGES

PROJECT = Path(__file__).resolve().parents[2]


def test_nhs_number_comes_first_and_what_is_read_back_is_the_practices_own() -> None:
    columns = practice_contract().columns
    assert columns[0].name == "nhs_number"
    assert {column.name for column in columns if column.answer} == set(ANSWER_FIELDS)


def test_the_words_a_practice_may_choose_from_are_those_that_are_read_back() -> None:
    columns = {column.name: column for column in practice_contract().columns if column.answer}
    assert {name: column.values for name, column in columns.items() if column.values} == dict(CODES)
    assert {name for name, column in columns.items() if column.type == "date"} == set(DATES)
    assert {name for name, column in columns.items() if column.type == "text"} == set(TEXTS)
    assert set(KEY_COLUMNS) <= {column.name for column in practice_contract().columns}


def test_the_locality_list_holds_nothing_else_about_a_person() -> None:
    assert [column.name for column in locality_contract().columns] == [
        "practice_code",
        "rank",
        "rank_in_practice",
        "risk_band",
        "segment",
        "practice_key",
    ]


@pytest.mark.parametrize(
    ("risk", "title"),
    [
        ("0", "Low"),
        ("0.049999", "Low"),
        ("0.05", "Moderate"),
        ("0.15", "Raised"),
        ("0.3", "High"),
        ("0.499999", "High"),
        ("0.5", "Very high"),
        ("0.699999", "Very high"),
        ("0.7", "Extremely high"),
        ("0.9", "Highest"),
        ("1", "Highest"),
    ],
)
def test_a_risk_falls_into_the_band_that_begins_at_or_below_it(risk: str, title: str) -> None:
    assert risk_band(Decimal(risk)).title == title


def test_every_word_begins_at_an_edge_of_the_tested_bands() -> None:
    """Else a band of the model's test would lie across two words, and no evidence would be of one word alone."""
    assert {float(band.from_risk) for band in practice_contract().risk_bands} <= set(RISK_EDGES)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("name: rank_before", "name: rank", "declared twice"),
        ('from_risk: "0.30"', 'from_risk: "0.60"', "must fall"),
        ('band: low, title: Low, from_risk: "0"', 'band: low, title: Low, from_risk: "0.01"', "must fall"),
        ("identifiable: true", "identifiable: true\nidentifable: no", "identifable"),
        ("type: integer", "type: whole", "columns.4.type"),
        ("audience:", "- audience:", "register.yml"),
    ],
)
def test_a_faulty_declaration_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = (OUTPUTS / "register.yml").read_text(encoding="utf-8")
    assert old in text
    faulty = tmp_path / "register.yml"
    faulty.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContractError, match=says):
        load_output_contract(faulty)


def test_the_generated_dictionary_is_current() -> None:
    written = (PROJECT / "docs" / "generated" / "register-columns.md").read_text(encoding="utf-8")
    assert written == register_columns_text(), "run `riskstrat docs`"
    assert all(f"`{column.name}`" in written for column in practice_contract().columns)


def test_a_pack_sorts_itself_so_that_equal_content_is_equal() -> None:
    pack = practice_pack(10)
    shuffled = replace(pack, people=tuple(reversed(pack.people)), left=tuple(reversed(pack.left)))
    assert shuffled == pack
    assert [person.rank for person in shuffled.people] == sorted(person.rank for person in pack.people)
    rows = locality_pack().rows
    assert replace(locality_pack(), rows=tuple(reversed(rows))) == locality_pack()


def test_a_pack_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        practice_pack(2).k = 5  # type: ignore[misc]  # the point of the test


def _with_first(**changes: object):
    def build() -> object:
        pack = practice_pack(5)
        return replace(pack, people=(replace(pack.people[0], **changes), *pack.people[1:]))

    return build


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (_with_first(nhs_number=practice_pack(5).people[1].nhs_number), "stands twice"),
        (_with_first(rank=2), "stands twice"),
        (_with_first(rank=0), "below 1"),
        (_with_first(nhs_number="999 000 0018"), "ten digits"),
        (_with_first(nhs_number="٩٩٩٠٠٠٠٠١٨"), "ten digits"),
        (_with_first(risk_score=Decimal("1.01")), "between 0 and 1"),
        (_with_first(risk_before=Decimal("NaN")), "between 0 and 1"),
        (_with_first(practice_key="=1+1"), "practice key"),
        (_with_first(listing="kept"), "do not fit"),
        (lambda: replace(practice_pack(5), k=4), "do not fit"),
        (lambda: replace(practice_pack(5), practice_code="../F83999"), "organisation code"),
        (
            lambda: replace(
                practice_pack(5),
                left=(replace(practice_pack(5).left[0], nhs_number=practice_pack(5).people[0].nhs_number),),
            ),
            "both on the register",
        ),
        (
            lambda: replace(
                locality_pack(), rows=(*locality_pack().rows, replace(locality_pack().rows[0], rank_in_practice=99))
            ),
            "rank stands twice",
        ),
        (
            lambda: replace(locality_pack(), rows=(replace(locality_pack().rows[0], risk_score=Decimal("-0.1")),)),
            "between 0 and 1",
        ),
    ],
)
def test_a_pack_that_does_not_hold_together_cannot_be_built(build, says: str) -> None:
    with pytest.raises(ContractError, match=says) as refusal:
        build()
    assert "999" not in str(refusal.value).replace("F83999", "").replace("U99999", "")
