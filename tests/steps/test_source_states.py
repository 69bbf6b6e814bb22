"""What a register says of the model's test, band by band."""

import pytest

from pipeline.contracts.register_dictionary import practice_contract
from pipeline.rules.evaluation import RISK_EDGES
from pipeline.steps.watch.source_states import FEWEST_TESTED, observed_by_band


def a_test(**people: tuple[int, float]) -> list[dict[str, object]]:
    """A `by_risk` table: people and observed share by edge in percent (`p90`), nobody elsewhere."""
    rows = []
    for edge in RISK_EDGES:
        number, observed = people.get(f"p{round(100 * edge)}", (0, None))
        rows.append({"from_risk": edge, "people": number, "observed": observed})
    return rows


def test_every_word_has_its_row_highest_first() -> None:
    told = observed_by_band(a_test(p90=(40, 0.925), p50=(10, 0.5)))
    assert told is not None
    assert [title for title, _, _ in told] == [band.title for band in practice_contract().risk_bands]
    assert told[0] == ("Highest", 92, 40)
    assert told[1] == ("Extremely high", None, 0)


def test_bands_of_one_word_are_put_together_by_their_people() -> None:
    told = dict(
        (title, (share, people))
        for title, share, people in observed_by_band(
            a_test(p5=(300, 0.06), p10=(100, 0.14), p15=(50, 0.2), p20=(150, 0.24))
        )
        or ()
    )
    assert told["Moderate"] == (8, 400)
    assert told["Raised"] == (23, 200)


@pytest.mark.parametrize(("people", "share"), [(FEWEST_TESTED - 1, None), (FEWEST_TESTED, 100)])
def test_too_few_people_claim_nothing(people: int, share: int | None) -> None:
    told = observed_by_band(a_test(p70=(people, 1.0)))
    assert told is not None and told[1] == ("Extremely high", share, people)


def test_a_model_of_before_the_table_tells_nothing() -> None:
    assert observed_by_band(None) is None
