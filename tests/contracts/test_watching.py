"""How a model is watched: the declared bounds hold together, and a fault in them is told by its field."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.contracts.settings import PROJECT
from pipeline.contracts.watching import load_watching
from pipeline.errors import ContractError

NAME = "emergency_admission_12m"
DECLARED = PROJECT / "models" / NAME / "watching.yml"


def written(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    content = yaml.safe_load(DECLARED.read_text())
    change(content)
    target = folder / "models" / NAME / "watching.yml"
    target.parent.mkdir(parents=True)
    target.write_text(yaml.safe_dump(content))
    return folder


def test_the_declared_one_is_read_and_can_both_warn_and_hold() -> None:
    watching = load_watching(PROJECT, NAME)
    assert watching.calibration.whole.hold is not None and watching.calibration.early.hold is None
    assert watching.churn.jaccard.notice is not None and len(watching.digest) == 64


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda one: one["churn"]["jaccard"].update(hold=0.9), "hold lies above notice"),
        (lambda one: one["drift"]["score_psi"].update(hold=0.01), "hold lies below notice"),
        (lambda one: one["calibration"]["whole"].update(hold=[0.9, 1.1]), "hold does not reach as far"),
        (lambda one: one["calibration"]["early"].update(notice=[1.4, 0.7]), "notice: the lower bound"),
        (lambda one: one["compare"].update(days_most=3), "days_most is fewer"),
        (lambda one: one.pop("top_pct"), "top_pct"),
        (lambda one: one["churn"].update(other=1), "other"),
    ],
)
def test_a_fault_is_told(tmp_path: Path, change: Callable[[dict[str, Any]], object], field: str) -> None:
    with pytest.raises(ContractError, match=field):
        load_watching(written(tmp_path, change), NAME)


def test_another_models_bounds_and_none_at_all_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="another model"):
        load_watching(written(tmp_path, lambda one: one.update(name="other")), NAME)
    with pytest.raises(ContractError, match="not declared"):
        load_watching(tmp_path / "nowhere", NAME)


def test_null_says_never(tmp_path: Path) -> None:
    folder = written(tmp_path, lambda one: one["churn"]["jaccard"].update(notice=None, hold=None))
    assert load_watching(folder, NAME).churn.jaccard.hold is None
