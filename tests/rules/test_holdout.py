"""Which practices teach a model nothing: a stable share of them, and none while they are few."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.holdout import unseen_practices

TEN = [f"E8300{number}" for number in range(10)]


@pytest.mark.parametrize(
    ("practices", "share", "held_out"),
    [(9, 0.2, 0), (10, 0.2, 2), (10, 0.25, 3), (10, 0.5, 5), (10, 0.99, 9), (10, 0.0, 0)],
)
def test_how_many(practices: int, share: float, held_out: int) -> None:
    found = unseen_practices(TEN[:practices], share=share, at_least=10, seed=1)
    assert len(found) == held_out and found <= set(TEN)


@given(st.permutations(TEN), st.integers(0, 1000))
def test_order_does_not_matter_and_most_stay_when_one_joins(codes: list[str], seed: int) -> None:
    before = unseen_practices(codes, share=0.3, at_least=10, seed=seed)
    assert before == unseen_practices(TEN, share=0.3, at_least=10, seed=seed)
    after = unseen_practices([*codes, "Y00001"], share=0.3, at_least=10, seed=seed)
    assert len(before - after) <= 1


def test_another_seed_chooses_others() -> None:
    chosen = {unseen_practices(TEN, share=0.2, at_least=10, seed=seed) for seed in range(20)}
    assert len(chosen) > 5
