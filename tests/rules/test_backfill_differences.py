"""Why a row of a backfilled register differs from the published one: a reason for each, and none invented."""

from typing import Any

import pytest

from pipeline.rules.backfill_differences import Listed, changed_inputs, differences


def row(rank: int, risk: str = "50.0", listing: str = "by_rank", **words: str) -> Listed:
    return Listed(listing, rank, risk, words)


PUBLISHED = {"a": row(1, "90.0"), "b": row(2, "80.0"), "c": row(3, "70.0")}


def why(made: dict[str, Listed], *, changed: tuple[str, ...] = (), **known: str) -> list[tuple[Any, ...]]:
    found = differences(PUBLISHED, made, known=known, changed=changed)
    return [(one.rank_published, one.rank_made, one.what, one.why) for one in found]


def test_the_same_rows_differ_in_nothing() -> None:
    assert why(dict(PUBLISHED), changed=("policy", "code")) == []


def test_who_opted_out_went_for_that_and_who_moved_up_for_them() -> None:
    made = {"a": row(1, "90.0"), "c": row(2, "70.0"), "d": row(3, "60.0")}
    assert why(made, changed=("opted_out",), b="opted_out") == [
        (2, None, "went", "opted_out"),
        (3, 2, "place", "others_moved"),
        (None, 3, "came", "others_moved"),
    ]


def test_another_risk_is_explained_by_what_the_whole_run_is_made_of() -> None:
    made = {**PUBLISHED, "b": row(2, "81.0")}
    assert why(made, changed=("code", "model", "opted_out")) == [(2, 2, "risk", "code+model")]


def test_what_is_known_of_the_person_comes_before_what_is_known_of_the_run() -> None:
    made = {**PUBLISHED, "b": row(2, "81.0")}
    assert why(made, changed=("code",), b="deliveries") == [(2, 2, "risk", "deliveries")]


def test_a_row_that_nothing_explains_is_said_to_be_so() -> None:
    assert why({**PUBLISHED, "b": row(2, "81.0")}) == [(2, 2, "risk", "unexplained")]
    assert why({"a": PUBLISHED["a"], "b": PUBLISHED["b"]}) == [(3, None, "went", "unexplained")]
    assert why({**PUBLISHED, "b": row(2, "80.0", reason_1="x")}) == [(2, 2, "words", "unexplained")]


def test_another_place_with_the_same_risk_is_no_matter_of_code_or_model() -> None:
    made = {"a": row(1, "90.0"), "b": row(3, "80.0"), "c": row(2, "70.0")}
    assert {one[3] for one in why(made, changed=("code", "deliveries"))} == {"others_moved"}
    assert {one[3] for one in why(made, changed=("policy",))} == {"policy"}


def test_the_columns_that_differ_are_named_and_none_of_their_values() -> None:
    [found] = differences(
        {"a": row(1, segment="frail", reason_1="x")},
        {"a": row(1, segment="well", reason_1="x")},
        known={},
        changed=("code_lists",),
    )
    assert (found.what, found.columns, found.why) == ("words", ("segment",), "code_lists")


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("policy", "policy"),
        ("codelist_release", "code_lists"),
        ("chain", "editions_continued"),
        ("erasure", "opted_out"),
    ],
)
def test_what_two_runs_are_made_of_otherwise_is_named_in_words(name: str, word: str) -> None:
    then = {"policy": "p", "code": "c", "as_of": "2026-11-15", "kind": "nightly", "knowledge": "then"}
    assert changed_inputs(then, then | {"kind": "replay", "chain": None}) == ()
    assert changed_inputs(then, then | {name: "other"}) == (word,)
