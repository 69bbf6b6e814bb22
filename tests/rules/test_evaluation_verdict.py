"""Words for figures: what needs a reason, which targets are met, and what nobody can say."""

import pytest

from pipeline.rules.evaluation_verdict import fairness, targets, verdict

GOOD = {"oe": [1.0, 0.98, 1.02], "slope": [1.0, 0.97, 1.04]}
BOUNDS = {"oe": (0.9, 1.1), "slope": (0.8, 1.25)}
WANTED = {
    "people_least": 100,
    "slope": (0.95, 1.05),
    "oe": (0.97, 1.03),
    "ece_most": 0.005,
    "lift_share_wanted": 0.85,
    "lift_share_least": 0.75,
}
UNSEEN = {"people": 100, "slope": [1.02, 0.99, 1.05], "oe": [1.04, 1.0, 1.08], "ece_20": [0.004, 0.002, 0.006]}


def row(**changed):
    given = {
        "by": "imd_fifth",
        "value": "1",
        "title": "1",
        "verdict": "within",
        "interval": [0.95, 1.05],
        "sensitivity_verdict": "within",
        "sensitivity": [0.2, 0.15, 0.25],
    }
    return given | changed


def test_nothing_found_is_clear():
    assert verdict(whole=GOOD, subgroups=[row()], alarms=[], overall=BOUNDS) == {"word": "clear", "findings": []}


@pytest.mark.parametrize(
    ("given", "gate", "says"),
    [
        ({"alarms": ["a leak"]}, "leakage", "a leak"),
        ({"whole": GOOD | {"oe": [0.5, 0.48, 0.52]}}, "calibration", "Observed over expected of everyone is 0.50"),
        ({"whole": GOOD | {"slope": [0.6, 0.55, 0.65]}}, "calibration", "slope of everyone is 0.60"),
        (
            {"subgroups": [row(verdict="fails", interval=[1.2, 1.4])]},
            "fairness",
            "deprivation 1: observed over expected",
        ),
        ({"subgroups": [row(verdict="no labels", interval=[0, 0.1])]}, "fairness", "may not have come"),
        ({"subgroups": [row(sensitivity_verdict="fails")]}, "fairness", "20% of the people"),
    ],
)
def test_each_finding_needs_a_reason_and_says_what_it_is(given, gate, says):
    told = verdict(**({"whole": GOOD, "subgroups": [row()], "alarms": [], "overall": BOUNDS} | given))
    assert told["word"] == "needs a reason"
    assert [finding["gate"] for finding in told["findings"]] == [gate]
    assert says in told["findings"][0]["says"]


def test_a_bound_crossed_by_the_interval_is_not_failed():
    near = GOOD | {"oe": [0.89, 0.87, 0.91]}
    assert verdict(whole=near, subgroups=[], alarms=[], overall=BOUNDS)["word"] == "clear"


def test_fairness_names_who_fails_and_in_what():
    rows = [row(), row(value="2", title="2", verdict="fails"), row(value="3", title="3", sensitivity_verdict="fails")]
    told = fairness(rows, cut_pct=2)
    assert (told["calibration"], told["sensitivity"]) == ("fails", "fails")
    assert [(each["value"], each["fails"]) for each in told["failing"]] == [("2", "calibration"), ("3", "sensitivity")]
    assert fairness([row()], cut_pct=2)["failing"] == []


def test_targets_are_met_missed_or_not_to_be_judged():
    ahead = {"title": "LACE", "auroc_difference": [0.1, 0.05, 0.15], "verdict": "ahead"}
    close = {"title": "PARR-30", "auroc_difference": [0.1, -0.05, 0.15], "verdict": "too close to say"}
    unmeasured = {"title": "eFI", "why_not": "no column"}
    oracle = {"lift_share": [0.8, 0.75, 0.85]}
    told = targets(unseen=UNSEEN, oracle=oracle, differences=[ahead, close, unmeasured], wanted=WANTED)
    words = [each["word"] for each in told]
    assert words == ["met", "not met", "met", "not met", "met", "met", "not met", "not measured"]
    few = targets(unseen=UNSEEN | {"people": 99}, oracle=None, differences=[ahead], wanted=WANTED)
    assert [each["word"] for each in few] == ["too few to say"] * 3 + ["not measured"] * 2 + ["too few to say"]
    nobody = targets(unseen=None, oracle=None, differences=[], wanted=WANTED)
    assert {each["word"] for each in nobody} == {"not measured"}
