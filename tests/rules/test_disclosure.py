"""Counts under disclosure control: what is shown, and that no small count can be worked out from it.

The attacker is tests/rules/disclosure_attacker.py, written apart from the rule.
"""

import random
from collections.abc import Mapping

import numpy as np
import pytest
from disclosure_attacker import Parents, bare, filled, told_apart, worked_out
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from pipeline.rules.disclosure import Released, has_room, percentage, release, rounded

PAIR: Parents = {"a": "P", "b": "P", "P": None}
DEEP: Parents = {"a": "P", "b": "P", "c": "Q", "P": "Q", "Q": None}
THREE: Parents = {"a": "P", "b": "P", "c": "P", "P": None}


def shown(found: Mapping[str, Released]) -> dict[str, int | None]:
    return {area: one.shown for area, one in found.items()}


def values(one: Released) -> set[int]:
    return {value for first, last in one.possible for value in range(first, last + 1)}


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, None), (1, None), (7, None), (8, 10), (12, 10), (13, 15), (17, 15), (18, 20), (1002, 1000), (1003, 1005)],
)
def test_small_counts_are_suppressed_alike_and_the_rest_rounded_to_five(count: int, expected: int | None) -> None:
    assert rounded(count) == expected
    assert release({"a": count}, parents={"a": None})["a"].shown == expected


@given(st.integers(0, 10_000_000))
def test_no_figure_is_small_or_off_the_grid_or_far_from_the_count(count: int) -> None:
    figure = rounded(count)
    assert (figure is None) == (count <= 7)
    assert figure is None or (figure % 5 == 0 and figure >= 10 and abs(figure - count) <= 2)


def test_percentages_come_from_figures_alone() -> None:
    assert percentage(rounded(52), rounded(1001)) == percentage(rounded(48), rounded(998)) == 5
    assert percentage(None, 100) is percentage(10, None) is None
    assert percentage(15, 10) == 100
    assert percentage(25, 1000) == 3
    assert percentage(20, 1000) == 2


def test_a_parent_is_shown_while_it_leaves_three_values() -> None:
    found = release({"a": 10, "b": 2}, parents=PAIR)
    assert shown(found) == {"a": 10, "b": None, "P": 10}
    assert found["b"].possible == ((0, 4),)


def test_a_parent_that_would_leave_two_is_suppressed_and_so_is_the_figure_beside_it() -> None:
    """20 would mean 6 or 7. If 20 alone were missing, its being missing would mean it: 15 is suppressed with it."""
    for count in (6, 7, 3):
        found = release({"a": 12, "b": count}, parents=PAIR)
        assert shown(found) == {"a": 10, "b": None, "P": None}
        assert found["b"].possible == ((1, 7),)


def test_areas_without_a_small_count_keep_every_figure() -> None:
    assert shown(release({"a": 8, "b": 8, "c": 400}, parents=DEEP)) == {"a": 10, "b": 10, "c": 400, "P": 15, "Q": 415}


def test_a_suppressed_area_does_not_take_those_around_it_with_it_for_nothing() -> None:
    """The region keeps its figure where it says too little of the small count far below."""
    parents: Parents = {"R": None} | {f"b{n}": "R" for n in range(5)} | {f"p{n}": f"b{n % 5}" for n in range(30)}
    counts = {f"p{n}": 90 + 3 * n for n in range(30)} | {"p0": 5}
    found = release(counts, parents=parents)
    assert [area for area, one in found.items() if one.shown is None] == ["p0"]


def test_the_order_areas_are_given_in_changes_nothing() -> None:
    counts = {"c": 3, "a": 10, "b": 7}
    backwards = release(dict(reversed(counts.items())), parents=dict(reversed(DEEP.items())))
    assert backwards == release(counts, parents=DEEP)


def drawn_tree(rng: random.Random) -> tuple[Parents, list[str]]:
    """A tree of two to four levels, as PCNs in boroughs in an ICB, or practices in PCNs as well."""
    parents: dict[str, str | None] = {"r": None}
    level = ["r"]
    for _ in range(rng.choice((1, 1, 2, 2, 3))):
        below = []
        for area in level:
            inside = [f"{area}.{n}" for n in range(rng.randint(1, 4 if len(level) < 4 else 3))]
            parents |= dict.fromkeys(inside, area)
            below += inside
        level = below
    return parents, level


def drawn_count(rng: random.Random) -> int:
    return rng.choice((rng.randint(0, 8), rng.randint(0, 12), rng.randint(8, 30), rng.randint(8, 400)))


# The whole ten thousand in CI's acceptance suite, a part of them on every change.
CASES = pytest.mark.parametrize("cases", [1_500, pytest.param(10_000, marks=pytest.mark.acceptance)])


@CASES
def test_trees_leave_nothing_to_work_out(cases: int) -> None:
    rng = random.Random("trees")
    leaks, small, others = 0, 0, 0
    for _ in range(cases):
        parents, leaves = drawn_tree(rng)
        table = {leaf: drawn_count(rng) for leaf in leaves}
        found = release(table, parents=parents)
        figures = shown(found)
        possible = worked_out(figures, parents)
        leaks += len(bare(figures, possible))
        for area, true in filled(table, parents).items():
            assert figures[area] is None or (figures[area] == rounded(true) and true > 7)
            # What the rule says anyone may know holds the truth, and is never more than figures alone leave possible.
            assert true in values(found[area]) <= possible[area]
            small += figures[area] is None and true <= 7
            others += figures[area] is None and true > 7
    assert leaks == 0
    # Three of four missing figures are small counts, so that the rule can be told from one that suppresses everything.
    assert small > 3 * others > cases / 5


def test_plain_rounding_would_not_do() -> None:
    """The attacker can win: against rounding and suppressing each figure by itself."""
    rng = random.Random("plain")
    leaks = 0
    for _ in range(600):
        parents, leaves = drawn_tree(rng)
        table = filled({leaf: drawn_count(rng) for leaf in leaves}, parents)
        figures = {area: rounded(count) for area, count in table.items()}
        leaks += len(bare(figures, worked_out(figures, parents)))
    assert leaks > 20


@pytest.mark.parametrize(
    ("parents", "up_to"), [(PAIR, 42), (THREE, 17), (DEEP, 17), ({**DEEP, "c": "R", "Q": "R", "R": None}, 12)]
)
def test_whoever_knows_the_rule_as_well_learns_no_more(parents: Parents, up_to: int) -> None:
    """Every table is made, and those with the same figures are told apart in no small count."""
    leaves = sorted(set(parents) - set(parents.values()))
    tables, betrayed = told_apart(leaves, parents, lambda t: shown(release(t, parents=parents)), up_to=up_to)
    assert (tables, betrayed) == ((up_to + 1) ** len(leaves), 0)


def test_suppressing_only_what_betrays_would_itself_betray() -> None:
    """Why a figure beside the telling one goes too: this attacker finds the lazy rule out."""

    def lazy(table: dict[str, int]) -> dict[str, int | None]:
        true = filled(table, PAIR)
        figures = {area: rounded(count) for area, count in true.items()}
        return {**figures, "P": None} if bare(figures, worked_out(figures, PAIR)) else figures

    assert told_apart(["a", "b"], PAIR, lazy, up_to=22)[1] > 0


def drawn_change(rng: random.Random, count: int) -> int:
    return count if rng.random() < 0.6 else max(0, count + rng.randint(-4, 4))


@CASES
def test_editions_in_a_row_leave_nothing_to_work_out(cases: int) -> None:
    """Who takes a small count to be what it was and lays every edition over the last learns it no better.

    One such attacker reads figures alone, the other knows the rule: what the rule itself says is still possible.
    """
    rng = random.Random("editions")
    leaks, narrowed = 0, 0
    for _ in range(cases // 5):
        parents, leaves = drawn_tree(rng)
        table = {leaf: drawn_count(rng) for leaf in leaves}
        before: dict[str, Released] = {}
        held: dict[str, set[int]] = {}
        for _ in range(5):
            found = release(table, parents=parents, before=before)
            figures, possible = shown(found), worked_out(shown(found), parents)
            for area, now in possible.items():
                same = held[area] & now if area in held and before[area].shown is None is figures[area] else set()
                narrowed += bool(same) and same < now
                held[area] = same or now
            leaks += len(bare(figures, possible)) + len(bare(figures, held))
            leaks += len(bare(figures, {area: values(one) for area, one in found.items()}))
            before = found
            table = {leaf: drawn_change(rng, count) for leaf, count in table.items()}
    assert leaks == 0
    assert narrowed > cases / 50


@pytest.mark.parametrize("parents", [PAIR, THREE, DEEP, {**DEEP, "c": "R", "Q": "R", "R": None}])
@given(data=st.data())
def test_the_same_people_make_no_other_figures_week_after_week(parents: Parents, data: st.DataObject) -> None:
    """Nothing to average: there is no chance in it. A figure may go missing; none becomes another or returns."""
    leaves = sorted(set(parents) - set(parents.values()))
    table = {leaf: data.draw(st.integers(0, 40)) for leaf in leaves}
    before = release(table, parents=parents)
    for _ in range(3):
        found = release(table, parents=parents, before=before)
        assert all(found[leaf].shown == before[leaf].shown for leaf in leaves)
        assert all(one.shown in (None, before[area].shown) for area, one in found.items())
        before = found


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_difference_of_two_editions_or_areas_is_never_exact(one: int, other: int) -> None:
    """Two figures tell the difference of their counts to no better than nine values, two suppressed ones to fifteen."""
    spans = [(figure - 2, figure + 2) if figure else (0, 7) for figure in (rounded(one), rounded(other))]
    widest = spans[0][1] - spans[1][0] - (spans[0][0] - spans[1][1]) + 1
    assert widest >= 9


def test_known_totals_do_not_help_where_one_category_is_left_out() -> None:
    """The attacker knows every area's true total, all figures of all categories, and solves for each small count."""
    rng = random.Random("categories")
    parents = {"a": "P", "b": "P", "P": None}
    solved = 0
    while solved < 250:
        tables = [{leaf: drawn_count(rng) for leaf in "ab"} for _ in range(3)]
        totals = {leaf: sum(t[leaf] for t in tables) + rng.randint(8, 60) for leaf in "ab"}
        if not all(has_room(totals[leaf], [t[leaf] for t in tables]) for leaf in "ab"):
            continue
        found = [release(t, parents=parents) for t in tables]
        for category, released in enumerate(found):
            for place, leaf in enumerate("ab"):
                if released[leaf].shown is None:
                    low, high = span(found, totals, cell=2 * category + place)
                    alone = worked_out(shown(released), parents)[leaf]
                    assert (low, high) == (min(alone), max(alone))
                    solved += 1


def span(found: list[dict[str, Released]], totals: dict[str, int], *, cell: int) -> tuple[int, int]:
    """Lowest and highest count of a cell, by integer programming: a, b of each category, then of the one left out."""
    cells = 2 * len(found)
    low, high = np.zeros(cells + 2), np.full(cells + 2, np.inf)
    rows, least, most = [], [], []
    for category, released in enumerate(found):
        for place, area in enumerate("ab"):
            figure = released[area].shown
            low[2 * category + place], high[2 * category + place] = (figure - 2, figure + 2) if figure else (0, 7)
        figure = released["P"].shown
        if figure is not None:
            rows.append([float(n // 2 == category) for n in range(cells)] + [0.0, 0.0])
            least.append(figure - 2)
            most.append(figure + 2)
    for place, area in enumerate("ab"):
        rows.append([float(n % 2 == place) for n in range(cells)] + [float(place == 0), float(place == 1)])
        least.append(totals[area])
        most.append(totals[area])
    ends = []
    for sign in (1, -1):
        goal = np.zeros(cells + 2)
        goal[cell] = sign
        solved = milp(
            goal,
            constraints=LinearConstraint(rows, least, most),
            bounds=Bounds(low, high),
            integrality=np.ones(cells + 2),
        )
        assert solved.success
        ends.append(round(solved.x[cell]))
    return ends[0], ends[1]


def test_too_little_room_is_judged_by_figures_alone() -> None:
    assert has_room(100, [20, 3, 40])
    assert not has_room(70, [20, 3, 40])
    assert not has_room(5, [])
    for total in (98, 100, 102):
        assert has_room(total, [20, 3, 40]) == has_room(total, [22, 7, 38])
