"""Churn of a list and the cause each person who came or left is counted under."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.rules.watch_churn import CAUSES, Facts, causes_of, jaccard, rank_correlation, top

NOTHING = Facts(
    before=frozenset("abcdef"),
    now=frozenset("abcdef"),
    died=frozenset(),
    data_change={key: 0.1 for key in "abcdef"},
    coverage_changed=frozenset(),
    news={},
    top_without_model_change=None,
)


def entered(facts: Facts, key: str = "a") -> str:
    (cause,) = causes_of([key], [], facts).entered
    return cause


def left(facts: Facts, key: str = "a") -> str:
    (cause,) = causes_of([], [key], facts).left
    return cause


def test_the_top_breaks_ties_as_the_registers_do() -> None:
    assert top(["c", "b", "a", "d"], np.array([0.5, 0.5, 0.5, 0.9]), pct=50) == ["d", "a"]


def test_shared_over_either() -> None:
    assert jaccard("abc", "bcd") == 0.5
    assert jaccard("", "") is None


def test_rank_correlation_by_hand() -> None:
    assert rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([3.0, 2.0, 1.0])) == pytest.approx(-1)
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 x 5).
    tied = rank_correlation(np.array([1.0, 2.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    assert tied == pytest.approx(4.5 / (4.5 * 5) ** 0.5)


def test_rank_correlation_says_nothing_where_nothing_can_be_said() -> None:
    assert rank_correlation(np.array([0.1]), np.array([0.2])) is None
    assert rank_correlation(np.array([0.1, 0.1]), np.array([0.2, 0.3])) is None
    with pytest.raises(ValueError, match="same people"):
        rank_correlation(np.array([0.1]), np.array([0.2, 0.3]))


def test_who_came_is_told_from_who_rose() -> None:
    assert entered(replace(NOTHING, before=frozenset("bcdef"))) == "came"
    assert entered(NOTHING) == "time"


def test_who_died_is_told_from_who_went_and_from_who_fell() -> None:
    gone = replace(NOTHING, now=frozenset("bcdef"))
    assert left(gone) == "went"
    assert left(replace(gone, died=frozenset("a"))) == "died"
    assert left(replace(NOTHING, data_change={"a": -0.1})) == "time"


def test_the_models_part_is_who_would_not_have_moved_by_the_model_before() -> None:
    by_model = replace(NOTHING, top_without_model_change=frozenset("b"))
    assert entered(by_model, "a") == "model"
    assert entered(by_model, "b") == "time"
    assert left(by_model, "b") == "model"


def test_new_records_and_coverage_explain_only_who_moved_that_way() -> None:
    news = replace(NOTHING, news={"a": frozenset({"gp", "acute"})})
    assert entered(news) == "news"
    assert causes_of(["a"], [], news).news_by_source == {"acute": 1, "gp": 1}
    assert entered(replace(news, coverage_changed=frozenset("a"))) == "coverage"
    assert entered(replace(news, data_change={"a": 0.0})) == "others"
    assert left(news) == "others"


def test_every_cause_has_its_words() -> None:
    assert set(CAUSES) == {"came", "died", "went", "model", "coverage", "news", "time", "others"}
