"""Chains of superseded numbers end where they should, and a rate is told when it leaves its sender's own bounds."""

import pytest

from pipeline.rules.linkage_rules import current_numbers, numbers_of_one, odd_rates


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        ([], {}),
        ([("a", "b")], {"a": "b"}),
        ([("a", "b"), ("b", "c")], {"a": "c", "b": "c"}),
        ([("b", "c"), ("a", "b")], {"a": "c", "b": "c"}),
        ([("a", "b"), ("a", "c")], {"a": "c"}),
        ([("a", "b"), ("b", "a")], {}),
        ([("a", "a")], {}),
        ([("x", "a"), ("a", "b"), ("b", "a"), ("c", "d")], {"c": "d"}),
    ],
    ids=["none", "one", "chain", "chain in another order", "twice", "circle", "itself", "into a circle"],
)
def test_a_superseded_number_leads_to_the_end_of_its_chain(
    changes: list[tuple[str, str]], ends: dict[str, str]
) -> None:
    assert current_numbers(changes) == ends


def test_numbers_of_one_person_are_found_from_each_of_them() -> None:
    found = numbers_of_one([("a", "b"), ("c", "d"), ("b", "e"), ("f", "e")])
    assert found["a"] == found["b"] == found["e"] == found["f"] == {"a", "b", "e", "f"}
    assert found["c"] == found["d"] == {"c", "d"}


def rates(unlinked: float, *, rows: int = 1_000, conflict: float = 0.0, odd: bool = False) -> dict[str, float]:
    told = {"linkage.rows": float(rows), "linkage.unlinked": unlinked, "linkage.conflict": conflict}
    return {**told, **({"linkage.odd.linkage.unlinked": 0.02} if odd else {})}


USUAL = [rates(share) for share in (0.010, 0.012, 0.011, 0.010, 0.012)]


@pytest.mark.parametrize(
    ("now", "past", "is_odd"),
    [
        (rates(0.011), USUAL, False),
        (rates(0.022), USUAL, False),
        (rates(0.05), USUAL, True),
        (rates(0.0), USUAL, False),
        (rates(0.05), USUAL[:3], False),
        (rates(0.15, rows=19), USUAL, False),
        (rates(0.15, rows=40), [rates(0.0, rows=40)] * 5, True),
        (rates(0.05, rows=40), [rates(0.0, rows=40)] * 5, False),
        (rates(0.05), [rates(share) for share in (0.01, 0.05, 0.02, 0.06, 0.03)], False),
        (rates(0.05), [*USUAL, rates(0.05, odd=True)], True),
        (rates(0.05), [*USUAL, *[rates(0.05, odd=True)] * 4], False),
        (rates(0.05), [rates(0.01, rows=5)] * 8, False),
    ],
    ids=[
        "as ever", "within chance", "far above", "better", "little history", "few rows", "four times chance",
        "one of few", "restless sender", "after an odd one", "odd for long", "history of few rows",
    ],
)  # fmt: skip
def test_a_rate_is_odd_beyond_its_senders_own_bounds(
    now: dict[str, float], past: list[dict[str, float]], is_odd: bool
) -> None:
    assert ("linkage.unlinked" in odd_rates(now, past)) == is_odd


def test_each_rate_has_bounds_of_its_own_and_the_bound_is_told() -> None:
    found = odd_rates(rates(0.011, conflict=0.02), USUAL)
    assert list(found) == ["linkage.conflict"]
    assert 0.005 <= found["linkage.conflict"] < 0.02
