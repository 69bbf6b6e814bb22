"""What became of people like these: by band in one PCN, and for lists of a length."""

from decimal import Decimal

import numpy as np
import pytest

from pipeline.rules.like_these import Judged, is_few, lists_of, observed_in

BANDS = [Decimal("0.5"), Decimal("0.15"), Decimal("0")]


def judged(risk, outcome, *, pcn=None, practice=None, age=None) -> Judged:
    number = len(risk)
    return Judged(
        person_keys=np.array([f"p{position:04d}" for position in range(number)]),
        practice_codes=np.array(practice or ["A"] * number),
        pcn_codes=np.array(pcn or ["U1"] * number),
        age_years=np.array(age or [70] * number),
        risk=np.array(risk, dtype=float),
        outcome=np.array(outcome),
    )


def test_each_band_of_the_pcn_alone_tells_its_own_share() -> None:
    risk = [0.5] * 40 + [0.1499999] * 100 + [0.9] * 40
    outcome = [1] * 30 + [0] * 10 + [1] * 12 + [0] * 88 + [0] * 40
    pcn = ["U1"] * 140 + ["U2"] * 40
    assert observed_in(judged(risk, outcome, pcn=pcn), pcn_code="U1", from_risks=BANDS) == [(75, 40), None, (12, 100)]
    assert observed_in(judged(risk, outcome, pcn=pcn), pcn_code="U3", from_risks=BANDS) == [None, None, None]


@pytest.mark.parametrize(
    ("happened", "people", "says"),
    [(10, 19, None), (10, 20, (50, 20)), (7, 40, None), (8, 40, (20, 40)), (33, 40, None), (0, 40, (0, 40))],
)
def test_nothing_is_said_of_a_few(happened: int, people: int, says: tuple[int, int] | None) -> None:
    rows = judged([0.6] * people, [1] * happened + [0] * (people - happened))
    assert observed_in(rows, pcn_code="U1", from_risks=BANDS)[0] == says
    assert is_few(1) and is_few(7) and not is_few(0) and not is_few(8)


def test_a_list_is_cut_in_each_practice_among_adults_and_ties_go_by_key() -> None:
    # Practice A: 50 adults, so a list of one; B: 51, so two (rounded up); a child with the highest risk is on none.
    risk = [0.9, *[0.5] * 50, 0.9, 0.9, *[0.5] * 49]
    practice = ["A"] * 51 + ["B"] * 51
    age = [17] + [70] * 101
    outcome = [1] * 2 + [0] * 49 + [1, 0] + [1] * 49
    found = lists_of(judged(risk, outcome, practice=practice, age=age), pct=Decimal(2))
    assert found == (101, 3, 2, 51)
    # The order of rows does not matter: of the fifty alike, the first key is listed.
    order = np.random.default_rng(3).permutation(102)
    rows = judged(risk, outcome, practice=practice, age=age)
    mixed = Judged(**{name: values[order] for name, values in vars(rows).items()})
    assert lists_of(mixed, pct=Decimal(2)) == found


def test_no_list_finds_nobody() -> None:
    assert lists_of(judged([0.2, 0.3], [1, 0]), pct=Decimal(0)) == (2, 0, 0, 1)
