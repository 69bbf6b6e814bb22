"""Watching a night: a quiet week is quiet; what was spoilt is found, named, and followed by what was declared.

A real model scores six thousand drawn people; of each home one thing is changed.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_home import deliver
from watched_home import (
    ACUTE,
    BEFORE,
    EARLY,
    TONIGHT,
    WHOLE,
    Home,
    a_week_later,
    keep_admissions,
    looked_at,
    promoted,
    small_family,
    stay,
    watched_copy,
    what_followed,
)

from pipeline.contracts.settings import PROJECT
from pipeline.contracts.watching import Watching, load_watching
from pipeline.errors import PublicationHeld, UserError
from pipeline.ledger import audit, runs
from pipeline.steps.publish.publish import publish
from pipeline.steps.run import run as freezing
from pipeline.steps.run.run import MODEL
from pipeline.steps.tell.status import STOPPED, status
from pipeline.steps.watch import watch as step
from pipeline.steps.watch.notices import RELEASED, check_not_held, publish_anyway, watch_notices
from pipeline.steps.watch.told import as_json, told
from pipeline.steps.watch.watch import PROPOSAL, REPORT, watch
from pipeline.store import layout, tables


@pytest.fixture
def home(begun: Home, tmp_path: Path) -> Home:
    return watched_copy(begun, tmp_path / "home")


def codes(content: dict[str, Any], level: str | None = None) -> set[str]:
    return {one["code"] for one in content["findings"] if level in (None, one["level"])}


def with_policy(monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], object]) -> None:
    """Other bounds than the declared ones, as another version of the file would give."""
    content = load_watching(PROJECT, MODEL).model_dump()
    change(content)
    other = Watching(**content)
    for module in (freezing, step):
        monkeypatch.setattr(module, "load_watching", lambda project, name: other)


def test_a_quiet_week_is_quiet_and_publishes_without_a_word(home: Home) -> None:
    what_followed(home)
    run, content = looked_at(home)
    assert content["verdict"] == "quiet" and content["findings"] == []
    assert watch_notices(home.context, run) == []
    check_not_held(home.context, run)
    churn = content["churn"]
    assert churn["before"]["as_of"] == BEFORE.isoformat() and churn["jaccard"] > 0.6
    assert churn["frozen"]["model_changed"] is False and churn["frozen"]["model_jaccard"] == 1.0
    assert content["calibration"]["whole"]["of"]["as_of"] == WHOLE.isoformat()
    assert content["calibration"]["early"]["of"]["as_of"] == EARLY.isoformat()
    assert all(content["calibration"][name]["judged"] for name in ("early", "whole"))
    assert content["not_known"] == []
    assert not (layout.run_report(home.context.settings.home, run.run_key) / PROPOSAL).exists()


def test_a_drifted_source_is_named_and_the_practices_are_told(home: Home) -> None:
    """The hospitals' file says of everyone that there was nothing."""
    columns = a_week_later(home.columns) | {name: np.zeros_like(home.columns[name]) for name in ACUTE}
    run, content = looked_at(home, columns=columns)
    acute, gp = (next(one for one in content["drift"]["sources"] if one["source"] == name) for name in ("acute", "gp"))
    assert (acute["shifted"], gp["shifted"]) == (3, 0)
    assert "source_drift" in codes(content)
    assert any(notice.startswith("Hospital admissions: these records") for notice in watch_notices(home.context, run))
    assert {one["feature"] for one in content["drift"]["features"]} == set(ACUTE)


def test_a_shifted_population_is_told_by_what_came_of_it_and_held(home: Home) -> None:
    """A model trained on another population: of what it expects, less than half comes."""
    what_followed(home, times=0.4)
    run, content = looked_at(home)
    whole = content["calibration"]["whole"]
    assert whole["high"] < 0.67
    assert "calibration" in codes(content, "hold") and content["verdict"] == "hold"
    proposal = json.loads((layout.run_report(home.context.settings.home, run.run_key) / PROPOSAL).read_text())
    assert proposal["is_applied"] is False and proposal["level"] == pytest.approx(np.log(0.4), abs=0.25)
    assert proposal["after"]["low"] < 1 < proposal["after"]["high"] < proposal["before"]["low"] * 5
    with pytest.raises(PublicationHeld, match="do not fit"):
        check_not_held(home.context, run)


def test_a_milder_shift_is_a_notice_and_no_hold(home: Home) -> None:
    what_followed(home, times=0.6)
    run, content = looked_at(home)
    assert content["verdict"] == "notice" and "calibration" in codes(content, "notice")
    (notice,) = [one for one in watch_notices(home.context, run) if "twelve months" in one]
    assert "fewer people were admitted" in notice and "likely too high" in notice
    check_not_held(home.context, run)


def test_thirty_days_that_do_not_come_true_are_an_early_sign_that_never_holds(home: Home) -> None:
    what_followed(home, share_early=0.04)
    run, content = looked_at(home)
    assert codes(content) == {"calibration_early"} and content["verdict"] == "notice"
    proposal = json.loads((layout.run_report(home.context.settings.home, run.run_key) / PROPOSAL).read_text())
    assert proposal["basis"] == "whole" and proposal["before"]["low"] < 1 < proposal["before"]["high"]


def test_a_changed_model_is_told_apart_from_changed_records(home: Home) -> None:
    second = small_family(home, seed=30, frail=0.1, old=0.09)
    promoted(home.context, second.model_id)
    run, content = looked_at(home)
    frozen = content["churn"]["frozen"]
    assert frozen["model_changed"] and frozen["data_jaccard"] > 0.6 > frozen["model_jaccard"]
    assert "model_change" in codes(content)
    assert content["churn"]["causes"]["entered"].get("model", 0) > 0.5 * content["churn"]["top"][1]
    assert any("nothing happened to them" in one for one in watch_notices(home.context, run))


def test_the_same_records_under_the_same_model_change_nothing(home: Home) -> None:
    _, content = looked_at(home, columns=home.columns)
    churn = content["churn"]
    assert (churn["jaccard"], churn["rank_correlation"]) == (1.0, 1.0)
    assert churn["causes"] == {"entered": {}, "left": {}, "news_by_source": {}}


def test_who_went_who_died_and_whose_records_are_new_is_counted(home: Home) -> None:
    """Of those at the top a week ago five are gone, two of them dead; whoever has a new admission rises by it."""
    (before,) = runs.list_runs(home.context.ledger, as_of=BEFORE)
    store = layout.table(home.context.settings.home, "score")
    scores = tables.read(store, column="run_key", values=[before.run_key]).sort_by([("risk_score", "descending")])
    gone = [int(key.rpartition("_")[2], 16) for key in scores["person_key"].to_pylist()[:5]]
    name = deliver(home.context, "acute_apc", [stay("2026-11-18")], sender="RKE", at="2026-11-20T20:00:00")
    admitted = [number for number in range(100, 160) if number not in gone]
    columns = {each: values.copy() for each, values in home.columns.items()}
    columns["emergency_admissions_12m"][admitted] += 20
    columns["emergency_admissions_24m"][admitted] += 20
    keep_admissions(home, name, numbers=admitted)
    _, content = looked_at(home, columns=columns, gone=gone, died=gone[:2])
    churn = content["churn"]
    assert churn["causes"]["left"]["died"] == 2 and churn["causes"]["left"]["went"] == 3
    came = churn["top"][1] - churn["stayed"]
    assert churn["causes"]["entered"]["news"] == churn["causes"]["news_by_source"]["acute"] > 20
    assert sum(churn["causes"]["entered"].values()) == came
    assert sum(churn["causes"]["left"].values()) == churn["top"][0] - churn["stayed"]


def test_the_policy_holds_and_a_person_lets_go(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with_policy(monkeypatch, lambda one: one["churn"]["jaccard"].update(notice=0.999, hold=0.999))
    run, content = looked_at(home)
    assert codes(content, "hold") == {"churn"}
    registers = layout.register_pack(home.context.settings.home, BEFORE, "F83671", 1)
    registers.mkdir(parents=True)
    (registers / "RISKREG_last.csv").write_text("the last good edition")
    with pytest.raises(PublicationHeld, match=r"publish-anyway --as-of 2026-11-22"):
        publish(home.context, run=run)
    assert sorted(path.name for path in (home.context.settings.home / "registers").rglob("*.csv")) == [
        "RISKREG_last.csv"
    ]
    assert status(home.context).exit_code == STOPPED
    assert publish_anyway(home.context, as_of=TONIGHT, who="A. Name", reason="looked at it").run_key == run.run_key
    check_not_held(home.context, run)
    assert watch_notices(home.context, run)[-1] == RELEASED
    assert [row.who for row in audit.list_entries(home.context.ledger, action="publish_anyway")] == ["A. Name"]
    assert "let through by A. Name" in told(home.context, as_of=TONIGHT)


def test_replays_are_never_held(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with_policy(monkeypatch, lambda one: one["churn"]["jaccard"].update(notice=0.999, hold=0.999))
    run, content = looked_at(home)
    assert content["verdict"] == "hold"
    check_not_held(home.context, replace(run, kind="replay"))
    assert RELEASED not in watch_notices(home.context, replace(run, kind="replay"))


def test_null_in_the_policy_never_holds_and_never_warns(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    what_followed(home, times=0.4)
    with_policy(monkeypatch, lambda one: one["calibration"].update(whole={"notice": None, "hold": None}))
    _, content = looked_at(home)
    assert "calibration" not in codes(content) and content["calibration"]["whole"]["high"] < 0.67


def test_other_bounds_are_another_run(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    first = freezing.open_run(home.context, as_of=TONIGHT, knowledge="then")
    with_policy(monkeypatch, lambda one: one.update(version=2, digest="other"))
    assert freezing.open_run(home.context, as_of=TONIGHT, knowledge="then").run_key != first.run_key


def test_scores_that_were_purged_are_not_known_and_nothing_is_claimed(home: Home) -> None:
    what_followed(home, times=0.4)
    for night in (WHOLE, EARLY):
        (run,) = runs.list_runs(home.context.ledger, as_of=night)
        path = layout.table(home.context.settings.home, "score")
        tables.delete_slices(path, column="run_key", values=[run.run_key])
    run, content = looked_at(home)
    assert run.inputs["watching"]["whole"] is None and run.inputs["watching"]["early"] is None
    assert codes(content) == set()
    assert sum("policy/retention.yml" in one for one in content["not_known"]) == 2
    assert "Not known: calibration, whole" in told(home.context, as_of=None)


def test_a_silent_hospital_is_no_evidence_that_nobody_was_admitted(home: Home) -> None:
    """Its newest record lies before the windows end: what it did not send would look like scores that are too high."""
    what_followed(home, times=0.4, until="2026-08-20")
    _, content = looked_at(home)
    early, whole = content["calibration"]["early"], content["calibration"]["whole"]
    assert "the records of RKE reach to 2026-08-20 alone" in early["not_known"]
    assert "not_known" in whole and codes(content) == set()


def test_a_first_night_says_what_it_has_nothing_to_compare_with(begun: Home, home: Home) -> None:
    (first,) = runs.list_runs(home.context.ledger, as_of=WHOLE)
    watch(home.context, run=first)
    content = json.loads(as_json(home.context, as_of=WHOLE))
    assert content["churn"] is None and content["verdict"] == "quiet"
    assert content["not_known"][0].startswith("churn: no finished night")
    assert "no night was finished before this one" in content["calibration"]["whole"]["not_known"]


def test_a_hold_out_that_is_gone_leaves_drift_unknown(home: Home) -> None:
    path = layout.table(home.context.settings.home, "holdout")
    tables.delete_slices(path, column="model_id", values=tables.slices(path, column="model_id"))
    _, content = looked_at(home)
    assert content["drift"] is None and any(one.startswith("drift:") for one in content["not_known"])


def test_a_night_watched_twice_gives_the_same_bytes(home: Home) -> None:
    what_followed(home)
    run, content = looked_at(home)
    report = layout.run_report(home.context.settings.home, run.run_key) / REPORT
    first = report.read_bytes()
    settings = home.context.settings.model_copy(update={"threads": 1})
    assert watch(replace(home.context, settings=settings), run=run).counts == {"notice": 0, "hold": 0, "proposals": 0}
    assert report.read_bytes() == first
    assert not any(home.key(number).encode() in first for number in range(50))


def test_a_night_that_is_not_held_needs_no_letting_through(home: Home) -> None:
    looked_at(home)
    with pytest.raises(UserError, match="No night of this date is held"):
        publish_anyway(home.context, as_of=TONIGHT, who="A. Name", reason="just in case")
    with pytest.raises(UserError, match="No night of this date has been watched"):
        told(home.context, as_of=date(2026, 1, 1))
