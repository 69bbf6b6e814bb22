"""Shallow gradient-boosted trees, kept as LightGBM's own text. Same bytes for any number of threads.

LightGBM's deterministic mode with row-wise histograms fixes the trees; the one line of the text that carries
the thread count is left out, and is not needed to read it back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pipeline.contracts.model import Dials, LightgbmPlan
from pipeline.errors import ModelUnfit
from pipeline.rules.calibration import odds_from_probability, probability
from pipeline.rules.evaluation import log_loss

if TYPE_CHECKING:
    from lightgbm import Booster, Dataset

Floats = npt.NDArray[np.float64]
Outcome = npt.NDArray[np.int8]

_ROWS_WORTH_THREADS = 250_000
_CHUNK = 50_000  # people whose contributions are held at once
_LEFT_OUT = ("[num_threads:",)


@dataclass(frozen=True)
class Grown:
    """One setting at its best number of rounds: out-of-fold log loss and log-odds there."""

    dials: Dials
    rounds: int
    loss: float
    unseen: Floats


def search_trees(
    matrix: Floats,
    outcome: Outcome,
    *,
    fold: npt.NDArray[np.int64],
    plan: LightgbmPlan,
    columns: Sequence[str],
    seed: int,
    threads: int,
) -> list[Grown]:
    """Every declared setting at its best, lowest out-of-fold log loss first; the earlier declared wins a draw."""
    tried = plan.search if len(outcome) >= plan.search_from_rows else plan.search[:1]
    steps = tuple(range(plan.rounds_step, plan.rounds_most + 1, plan.rounds_step))
    folds = _folds(matrix, outcome, fold=fold, plan=plan, columns=columns, seed=seed, threads=threads)
    grown = [_grown(folds, outcome, plan=plan, dials=dials, steps=steps, seed=seed, threads=threads) for dials in tried]
    return sorted(grown, key=lambda each: each.loss)


def grow_out_of_fold(
    matrix: Floats,
    outcome: Outcome,
    *,
    fold: npt.NDArray[np.int64],
    plan: LightgbmPlan,
    dials: Dials,
    rounds: int,
    columns: Sequence[str],
    seed: int,
    threads: int,
) -> Grown:
    """One setting at a given number of rounds, each row judged by trees that did not see its fold."""
    folds = _folds(matrix, outcome, fold=fold, plan=plan, columns=columns, seed=seed, threads=threads)
    return _grown(folds, outcome, plan=plan, dials=dials, steps=(rounds,), seed=seed, threads=threads)


@dataclass(frozen=True)
class _Fold:
    """Rows held out, and both parts binned alike once for all settings."""

    held: npt.NDArray[np.bool_]
    learned: "Dataset"
    judged: "Dataset"


def _folds(
    matrix: Floats,
    outcome: Outcome,
    *,
    fold: npt.NDArray[np.int64],
    plan: LightgbmPlan,
    columns: Sequence[str],
    seed: int,
    threads: int,
) -> list[_Fold]:
    import lightgbm

    parameters = _parameters(plan, None, seed=seed, threads=threads)
    made = []
    for each in range(int(fold.max()) + 1):
        held = fold == each
        learned = lightgbm.Dataset(
            matrix[~held], label=outcome[~held], feature_name=list(columns), params=parameters
        ).construct()
        judged = learned.create_valid(matrix[held], label=outcome[held], params=parameters).construct()
        made.append(_Fold(held, learned, judged))
    return made


def _grown(
    folds: Sequence[_Fold],
    outcome: Outcome,
    *,
    plan: LightgbmPlan,
    dials: Dials,
    steps: Sequence[int],
    seed: int,
    threads: int,
) -> Grown:
    """Trees of all folds grown side by side until growing has not helped for `stop_after_steps`."""
    import lightgbm

    parameters = _parameters(plan, dials, seed=seed, threads=threads)
    boosters = []
    for part in folds:
        booster = lightgbm.Booster(parameters, part.learned)
        boosters.append(booster.add_valid(part.judged, "held"))
    log_odds, best, since = np.zeros(len(outcome)), None, 0
    for start, end in zip((0, *steps[:-1]), steps, strict=True):
        for booster, part in zip(boosters, folds, strict=True):
            for _ in range(end - start):
                booster.update()
            log_odds[part.held] = _log_odds_of_held(booster)
        # Rounded, so that the fewest rounds win a draw instead of the last digit of a sum.
        loss = round(log_loss(probability(log_odds), outcome), 7)
        if best is None or loss < best.loss:
            best, since = Grown(dials, end, loss, log_odds.copy()), 0
        else:
            since += 1
        if since >= plan.stop_after_steps:
            break
    assert best is not None
    return best


def _log_odds_of_held(booster: "Booster") -> Floats:
    """Log-odds of the rows held out, as the booster keeps them: walking its trees again would cost as much again."""
    kept: list[Floats] = []

    def keep(risks: Floats, _: "Dataset") -> tuple[str, float, bool]:
        kept.append(np.array(risks))
        return "kept", 0.0, False

    booster.eval_valid(keep)
    return odds_from_probability(kept[0])


def fit_trees(
    matrix: Floats,
    outcome: Outcome,
    *,
    plan: LightgbmPlan,
    dials: Dials,
    rounds: int,
    columns: Sequence[str],
    seed: int,
    threads: int,
) -> str:
    """Fit and return the model's text, without lines that carry a thread count."""
    import lightgbm

    parameters = _parameters(plan, dials, seed=seed, threads=threads)
    data = lightgbm.Dataset(matrix, label=outcome, feature_name=list(columns), params=parameters)
    text = lightgbm.train(parameters, data, num_boost_round=rounds).model_to_string()
    return "\n".join(line for line in text.split("\n") if not line.startswith(_LEFT_OUT))


def _parameters(plan: LightgbmPlan, dials: Dials | None, *, seed: int, threads: int) -> dict[str, Any]:
    return {
        "objective": "binary",
        "metric": "none",
        **(dials.model_dump() if dials else {}),
        "max_bin": plan.max_bin,
        # What a setting needs least in a leaf must not decide how columns are binned: the bins serve every setting.
        "feature_pre_filter": False,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "verbosity": -1,
    }


def read_trees(text: str) -> "Booster":
    """The model of a text; raises ModelUnfit if LightGBM cannot read it."""
    import lightgbm

    try:
        return lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise ModelUnfit("The model's text cannot be read", where="model.txt") from error


def tree_log_odds(trees: "Booster", matrix: Floats, *, threads: int) -> Floats:
    """Raw log-odds of each row."""
    if not len(matrix):
        return np.empty(0)
    return np.asarray(trees.predict(matrix, raw_score=True, num_threads=threads))


def tree_contributions(trees: "Booster", matrix: Floats, *, threads: int) -> Floats:
    """Log-odds by column and, last, the base that all rows share; a row sums to its raw log-odds."""
    parts = [
        np.asarray(trees.predict(matrix[start : start + _CHUNK], pred_contrib=True, num_threads=threads))
        for start in range(0, len(matrix), _CHUNK)
    ]
    return np.concatenate(parts) if parts else np.empty((0, matrix.shape[1] + 1))


def threads_worth_having(rows: int, threads: int) -> int:
    """One thread for small tables: a round takes milliseconds there, and on a busy machine threads that wait for
    each other made training four times slower than one alone. It never changes a result."""
    return threads if rows >= _ROWS_WORTH_THREADS else 1
