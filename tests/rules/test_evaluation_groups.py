"""Groups judged apart: who fails, who is too few to say, who was never told of, and what is not shown."""

import numpy as np
import pytest

from pipeline.rules.calibration import probability
from pipeline.rules.evaluation_groups import (
    GroupRules,
    Judged,
    age_bands,
    fifths,
    judge_groups,
    named,
    verdict_of,
)

RULES = GroupRules(
    confidence=0.99,
    oe_low=0.9,
    oe_high=1.1,
    hidden_below=10,
    sensitivity_share_least=0.5,
    sensitivity_by=("sex",),
)


def world(people=40_000, *, seed=1):
    random = np.random.default_rng(seed)
    risk = probability(random.normal(-2, 1, people))
    outcome = (random.random(people) < risk).astype(np.int8)
    return risk, outcome, np.where(random.random(people) < 0.5, "female", "male")


def judged(risk, outcome, labels, *, by="sex", listed=None, rules=RULES):
    held = np.argsort(np.argsort(-risk)) < len(risk) // 50 if listed is None else listed
    rows = judge_groups(Judged(risk=risk, outcome=outcome, listed=held), {by: labels}, titles={}, rules=rules)
    return {row["value"]: row for row in rows}


def test_true_risks_are_within_bounds_where_there_are_enough_people():
    risk, outcome, sex = world()
    told = judged(risk, outcome, sex)
    assert {row["verdict"] for row in told.values()} == {"within"}
    assert sum(row["people"] for row in told.values()) == 40_000
    few = judged(risk[:900], outcome[:900], sex[:900])
    assert {row["verdict"] for row in few.values()} == {"too few to say"}


@pytest.mark.parametrize(("times", "word"), [(0.7, "fails"), (1.4, "fails"), (1.09, "too few to say")])
def test_a_group_fails_only_when_its_whole_interval_is_outside(times, word):
    risk, outcome, sex = world(60_000)
    told = judged(np.where(sex == "male", np.minimum(risk * times, 1), risk), outcome, sex)
    assert told["male"]["verdict"] == word and told["female"]["verdict"] == "within"
    low, high = told["male"]["interval"]
    assert (high < 0.9 or low > 1.1) == (word == "fails")


def test_a_group_whose_outcomes_never_came_is_told_as_such():
    """A trust that sent nothing: its people look wonderfully well."""
    risk, outcome, sex = world()
    labels = np.where(np.arange(len(risk)) % 40 == 0, "X00001", "X00002")
    unlabelled = np.where(labels == "X00001", 0, outcome).astype(np.int8)
    told = judged(risk, unlabelled, labels, by="practice_code")
    assert told["X00001"]["verdict"] == "no labels" and told["X00002"]["verdict"] == "within"
    assert told["X00001"]["events"] is None and told["X00001"]["oe"] is None
    assert judged(risk, outcome, labels, by="practice_code")["X00001"]["verdict"] != "no labels"


def test_many_groups_of_true_risks_hardly_ever_fail():
    """Of 100 practices with true risks, with a confidence for all of them together, none fails in these worlds."""
    for seed in range(5):
        risk, outcome, _ = world(60_000, seed=seed)
        practices = np.array([f"X{place % 100:05d}" for place in range(len(risk))])
        told = judged(risk, outcome, practices, by="practice_code")
        assert {row["verdict"] for row in told.values()} <= {"too few to say", "within"}
    asked_alone = judged(risk[practices == "X00001"], outcome[practices == "X00001"], np.full(600, "X00001"))
    low, high = asked_alone["X00001"]["interval"]
    together = told["X00001"]["interval"]
    assert together[0] < low and high < together[1]


def test_few_people_and_few_events_are_not_shown():
    risk, outcome, _ = world(2_000)
    labels = np.where(np.arange(2_000) < 9, "few", np.where(np.arange(2_000) < 60, "some", "many"))
    told = judged(risk, outcome, labels)
    assert told["few"]["people"] is None and told["few"]["interval"] is None and told["few"]["listed"] is None
    assert told["some"]["people"] == 51 and told["some"]["events"] is None and told["some"]["auroc"] is None
    assert told["some"]["sensitivity"] is None and told["many"]["events"] == int(outcome[60:].sum())
    assert told["few"]["verdict"] == told["some"]["verdict"] == "too few to say"


def test_a_group_that_the_list_leaves_out_lags_behind():
    risk, outcome, sex = world()
    top = np.argsort(np.argsort(-risk)) < 2_000
    told = judged(risk, outcome, sex, listed=top & (sex == "male"))
    assert told["female"]["sensitivity"][0] == 0 and told["female"]["sensitivity_verdict"] == "fails"
    assert told["male"]["sensitivity_verdict"] == "within"
    assert judged(risk, outcome, sex, by="age_band")["male"]["sensitivity_verdict"] is None
    found = int(outcome[top & (sex == "male")].sum())
    assert told["male"]["sensitivity"][0] == found / int(outcome[sex == "male"].sum())
    assert told["male"]["ppv"] == found / int((top & (sex == "male")).sum())


def test_bounds_in_words():
    assert verdict_of(0.95, 1.05, rules=RULES) == "within"
    assert verdict_of(0.85, 1.05, rules=RULES) == verdict_of(0.95, 1.2, rules=RULES) == "too few to say"
    assert verdict_of(0.5, 0.89, rules=RULES) == verdict_of(1.11, 2, rules=RULES) == "fails"
    assert verdict_of(0.0, 0.24, rules=RULES) == "no labels"


def test_labels():
    ages = np.array([0, 17, 18, 39, 40, 64, 65, 74, 75, 84, 85, 104])
    assert list(dict.fromkeys(age_bands(ages).tolist())) == [
        "0 to 17",
        "18 to 39",
        "40 to 64",
        "65 to 74",
        "75 to 84",
        "85 and over",
    ]
    assert fifths([1, 2, 3, 9, 10, None]).tolist() == ["1", "1", "2", "5", "5", "not known"]
    assert named(["a", None, 3]).tolist() == ["a", "not known", "3"]
