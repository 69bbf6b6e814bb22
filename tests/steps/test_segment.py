"""Segments and tiers of a night, where everyone was on the night behind their practice's last edition, who moved."""

from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from run_home import AT, enter_edition, enter_model, write_policy
from small_home import ANN, deliver, entry, patient, small_context

from pipeline.contracts.settings import Settings
from pipeline.errors import UserError
from pipeline.ledger import runs, steps
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.register.segment import moves_of, segment
from pipeline.steps.register.transitions import transitions
from pipeline.steps.run.run import open_run
from pipeline.store import layout, tables

FIRST, SECOND = date(2026, 11, 15), date(2026, 11, 22)
PRACTICE, OTHER_PRACTICE = "F83671", "F83039"


@pytest.fixture
def context(home: Settings) -> Context:
    context = small_context(home)
    write_policy(home, lambda policy: None)
    deliver(context, "gp_patient", [patient(ANN, "1")])
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    enter_model(context, "model")
    return context


def night(context: Context, as_of: date, people: dict[str, tuple[str, dict[str, Any]]]) -> tuple[Run, StepResult]:
    """A run whose cohort and features are these people: key to practice and values that differ from a well person's."""
    run = open_run(context, as_of=as_of, knowledge="then")
    home = context.settings.home
    cohort = [{"person_key": key, "practice_code": code} for key, (code, _) in people.items()]
    well: dict[str, Any] = {"long_term_condition_count": 0, "has_dementia": False, "emergency_admissions_12m": 0}
    feature = [{"person_key": key, **well, **values} for key, (_, values) in people.items()]
    for name, rows in (("cohort", cohort), ("feature", feature)):
        tables.replace_slice(layout.table(home, name), pa.Table.from_pylist(rows), column="run_key", value=run.run_key)
    found = segment(context, run=run)
    runs.finish_run(context.ledger, run_key=run.run_key, at=AT, counts={})
    return run, found


def rows_of(context: Context, run: Run) -> dict[str, tuple[str, str, str | None, str | None]]:
    rows = tables.read(layout.table(context.settings.home, "segment"), column="run_key", values=[run.run_key])
    return {
        row["person_key"]: (row["segment"], row["need_tier"], row["segment_before"], row["need_tier_before"])
        for row in rows.to_pylist()
    }


FIRST_NIGHT: dict[str, tuple[str, dict[str, Any]]] = {
    "p1_a": (PRACTICE, {}),
    "p1_b": (PRACTICE, {"long_term_condition_count": 2}),
    "p1_c": (PRACTICE, {"long_term_condition_count": 1}),
    "p1_d": (OTHER_PRACTICE, {}),
    "p1_gone": (PRACTICE, {"has_dementia": True}),
}
SECOND_NIGHT: dict[str, tuple[str, dict[str, Any]]] = {
    "p1_a": (PRACTICE, {"long_term_condition_count": 1}),
    "p1_b": (PRACTICE, {"long_term_condition_count": 2, "has_dementia": True}),
    "p1_c": (PRACTICE, {"long_term_condition_count": 1}),
    "p1_d": (OTHER_PRACTICE, {"has_dementia": True}),
    "p1_new": (PRACTICE, {"long_term_condition_count": None}),
}


def test_before_the_first_edition_nobody_was_anywhere(context: Context) -> None:
    run, found = night(context, FIRST, FIRST_NIGHT)
    assert rows_of(context, run)["p1_b"] == ("long_term_condition", "some_help", None, None)
    assert found.counts == {
        "frailty_or_dementia": 1, "generally_well": 2, "long_term_condition": 2,
        "tier_able": 3, "tier_more_help": 1, "tier_some_help": 1, "moved": 0, "not_there_before": 5,
    }  # fmt: skip


def test_who_moved_since_the_last_edition(context: Context) -> None:
    """A practice without an edition (that of d) has nothing to compare with; who is new was nowhere."""
    before, _ = night(context, FIRST, FIRST_NIGHT)
    enter_edition(context, before, as_of=FIRST)
    run, found = night(context, SECOND, SECOND_NIGHT)
    assert rows_of(context, run) == {
        "p1_a": ("long_term_condition", "able", "generally_well", "able"),
        "p1_b": ("frailty_or_dementia", "more_help", "long_term_condition", "some_help"),
        "p1_c": ("long_term_condition", "able", "long_term_condition", "able"),
        "p1_d": ("frailty_or_dementia", "more_help", None, None),
        "p1_new": ("not_known", "not_known", None, None),
    }
    assert (found.counts["moved"], found.counts["not_there_before"]) == (2, 2)
    assert moves_of(found.counts) == {
        ("generally_well", "long_term_condition"): 1,
        ("long_term_condition", "frailty_or_dementia"): 1,
    }


def test_a_night_no_longer_kept_leaves_everyone_without_a_before(context: Context) -> None:
    before, _ = night(context, FIRST, FIRST_NIGHT)
    enter_edition(context, before, as_of=FIRST)
    table = layout.table(context.settings.home, "segment")
    tables.replace_slice(table, tables.read(table).slice(0, 0), column="run_key", value=before.run_key)
    run, found = night(context, SECOND, SECOND_NIGHT)
    assert {earlier for *_, earlier, _ in rows_of(context, run).values()} == {None}
    assert found.counts["moved"] == 0


def test_an_earlier_slice_without_tiers_still_tells_its_segments(context: Context) -> None:
    """As an earlier release wrote it."""
    before, _ = night(context, FIRST, FIRST_NIGHT)
    enter_edition(context, before, as_of=FIRST)
    old = pa.table({"person_key": ["p1_a"], "segment": ["generally_well"]})
    tables.replace_slice(layout.table(context.settings.home, "segment"), old, column="run_key", value=before.run_key)
    run, _ = night(context, SECOND, SECOND_NIGHT)
    assert rows_of(context, run)["p1_a"] == ("long_term_condition", "able", "generally_well", None)
    assert rows_of(context, run)["p1_b"][2] is None


def test_again_is_the_same(context: Context) -> None:
    before, _ = night(context, FIRST, FIRST_NIGHT)
    enter_edition(context, before, as_of=FIRST)
    run, first = night(context, SECOND, SECOND_NIGHT)
    assert segment(context, run=run) == first


def test_what_the_operator_is_told(context: Context) -> None:
    with pytest.raises(UserError, match="No night of this date.*riskstrat nightly --as-of 2026-11-22"):
        transitions(context, as_of=SECOND)
    before, _ = night(context, FIRST, FIRST_NIGHT)
    enter_edition(context, before, as_of=FIRST)
    run, found = night(context, SECOND, SECOND_NIGHT)
    steps.start_step(context.ledger, scope=run.run_key, step="segment", at=AT)
    steps.finish_step(context.ledger, scope=run.run_key, step="segment", at=AT, counts=found.counts)
    told = transitions(context, as_of=SECOND).splitlines()
    assert told[0] == "night of 2026-11-22: 5 people, 2 in another segment than at the last editions"
    columns = [line.split() for line in told]
    assert [*["Long-term", "condition"], "2", "40.0%"] in columns
    assert [*["Needs", "more", "help"], "2", "40.0%"] in columns
    assert told[-4:] == [
        "moved from, to, people",
        "Generally well -> Long-term condition: 1",
        "Long-term condition -> Frailty or dementia: 1",
        "not there at the last editions: 2",
    ]
