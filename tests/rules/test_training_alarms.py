"""What makes a trained model suspect on its own hold-out."""

import pytest

from pipeline.rules.training_alarms import alarms

BOUNDS = (0.8, 1.25)


def told(auroc: float, ratio: float, *, events: int = 100_000) -> list[str]:
    measured = {"lightgbm": {"auroc": auroc, "observed_over_expected": ratio}}
    return alarms(measured, chosen="lightgbm", events=events, observed_over_expected=BOUNDS)


@pytest.mark.parametrize("ratio", [0.8, 1.0, 1.25])
def test_a_sound_model_raises_none(ratio: float) -> None:
    assert told(0.80, ratio) == []


@pytest.mark.parametrize("ratio", [0.5, 0.79, 1.27])
def test_a_model_made_for_other_people_does(ratio: float) -> None:
    [says] = told(0.80, ratio)
    assert "made for other people" in says and str(round(100 * ratio)) in says


def test_too_few_events_to_say_raise_none() -> None:
    assert told(0.80, 0.7, events=80) == []
    assert len(told(0.80, 0.5, events=80)) == 1
    assert told(0.80, 1.6, events=80) == [] and len(told(0.80, 1.7, events=80)) == 1


def test_one_that_is_too_good_does_too() -> None:
    assert len(told(0.9, 0.5)) == 2
