"""What makes a trained model suspect on its own hold-out."""

import pytest

from pipeline.rules.training_alarms import alarms

BOUNDS = (0.8, 1.25)


def told(auroc: float, ratio: float) -> list[str]:
    measured = {"lightgbm": {"auroc": auroc, "observed_over_expected": ratio}}
    return alarms(measured, chosen="lightgbm", observed_over_expected=BOUNDS)


@pytest.mark.parametrize("ratio", [0.8, 1.0, 1.25])
def test_a_sound_model_raises_none(ratio: float) -> None:
    assert told(0.80, ratio) == []


@pytest.mark.parametrize("ratio", [0.5, 0.79, 1.26])
def test_a_model_made_for_other_people_does(ratio: float) -> None:
    [says] = told(0.80, ratio)
    assert "made for other people" in says and str(round(100 * ratio)) in says


def test_one_that_is_too_good_does_too() -> None:
    assert len(told(0.9, 0.5)) == 2
