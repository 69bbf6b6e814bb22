"""The thresholds beside a plan: read, and refused with the field that does not hold."""

from pathlib import Path

import pytest

from pipeline.contracts.evaluation import load_thresholds
from pipeline.errors import ContractError
from pipeline.rules.reference_scores import MADE, PEOPLE

PROJECT = Path(__file__).parents[2]
NAME = "emergency_admission_12m"
TEXT = (PROJECT / "models" / NAME / "evaluation.yml").read_text()


def read(folder: Path, text: str):
    place = folder / "models" / NAME
    place.mkdir(parents=True)
    (place / "evaluation.yml").write_text(text)
    return load_thresholds(folder, NAME)


def test_the_shipped_file_holds_and_has_the_bounds_that_were_promised():
    told = load_thresholds(PROJECT, NAME)
    assert (told.groups.confidence, told.groups.oe_low, told.groups.oe_high) == (0.99, 0.9, 1.1)
    assert told.targets.people_least == 200_000 and told.targets.slope == (0.95, 1.05)
    assert told.leakage.auroc_most == 0.85 and len(told.digest) == 64
    assert {each.people for each in told.reference_scores} <= {"everyone", *PEOPLE}
    assert set(MADE) <= {each.column for each in told.reference_scores}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("oe_low: 0.90", "oe_low: 1.20", "groups.oe: the lower bound is not below the upper"),
        ("oe: [0.97, 1.03]", "oe: [1.03, 0.97]", "targets.oe"),
        ("score: elixhauser", "score: charlson", "a score stands twice"),
        ("people: everyone", "people: nobody", "reference_scores.3.people"),
        ("published_cut_pct: 2 ", "published_cut_pct: 0 ", "published_cut_pct"),
        ("name: emergency_admission_12m", "name: another", "another model than its folder"),
        ("evaluation: thresholds/1", "evaluation: [", "do not hold together"),
        ("evaluation: thresholds/1", "evaluation: thresholds/1\nmore: 1", "more"),
    ],
)
def test_what_does_not_hold_is_named(tmp_path, old, new, says):
    assert old in TEXT
    with pytest.raises(ContractError) as told:
        read(tmp_path, TEXT.replace(old, new))
    assert says in str(told.value)


def test_a_model_without_thresholds_is_told(tmp_path):
    with pytest.raises(ContractError, match="It is not declared how"):
        load_thresholds(tmp_path, NAME)
