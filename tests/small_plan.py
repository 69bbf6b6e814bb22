"""The declared plan made small, for homes of a few hundred invented people: fewer rounds, folds, sets and resamples."""

from pipeline.contracts.model import Plan, load_plan
from pipeline.contracts.settings import PROJECT

SETS = ("all", "without_social_care", "gp_and_acute")


def small_plan(**changes: object) -> Plan:
    """Three sets of sources, the first setting of the search, at most 60 rounds."""
    plan = load_plan(PROJECT, "emergency_admission_12m")
    trees = plan.lightgbm.model_copy(
        update={"rounds_most": 60, "stop_after_steps": 1, "search": plan.lightgbm.search[:1]}
    )
    small = {
        "lightgbm": trees,
        "folds": 3,
        "source_set_folds": 2,
        "source_sets": [each for each in plan.source_sets if each.name in SETS],
        "evaluation": plan.evaluation.model_copy(update={"resamples": 40}),
    }
    return plan.changed(**{**small, **changes})
