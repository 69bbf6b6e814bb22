"""Shallow gradient-boosted trees, kept as LightGBM's own text. Same bytes for any number of threads.

LightGBM's deterministic mode with row-wise histograms fixes the trees; the one line of the text that carries
the thread count is left out, and is not needed to read it back.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pipeline.contracts.model import LightgbmDials
from pipeline.errors import ModelUnfit
from pipeline.rules.calibration import probability
from pipeline.rules.evaluation import log_loss

if TYPE_CHECKING:
    from lightgbm import Booster

Floats = npt.NDArray[np.float64]
Outcome = npt.NDArray[np.int8]

_ROWS_WORTH_THREADS = 250_000
_CHUNK = 50_000  # people whose contributions are held at once
_LEFT_OUT = ("[num_threads:",)


def choose_rounds(
    matrix: Floats,
    outcome: Outcome,
    *,
    fold: npt.NDArray[np.int64],
    dials: LightgbmDials,
    columns: Sequence[str],
    seed: int,
    threads: int,
) -> tuple[int, Floats]:
    """The number of rounds with the lowest out-of-fold log loss, and the out-of-fold log-odds there."""
    compared = dials.rounds()
    log_odds = np.empty((len(compared), len(outcome)))
    for each in range(int(fold.max()) + 1):
        held = fold == each
        text = fit_trees(
            matrix[~held],
            outcome[~held],
            dials=dials,
            rounds=compared[-1],
            columns=columns,
            seed=seed,
            threads=threads,
        )
        log_odds[:, held] = _by_rounds(read_trees(text), matrix[held], compared=compared, threads=threads)
    # Rounded, so that the fewest rounds win a draw instead of the last digit of a sum.
    losses = [round(log_loss(probability(row), outcome), 7) for row in log_odds]
    best = losses.index(min(losses))
    return compared[best], log_odds[best]


def fit_trees(
    matrix: Floats,
    outcome: Outcome,
    *,
    dials: LightgbmDials,
    rounds: int,
    columns: Sequence[str],
    seed: int,
    threads: int,
) -> str:
    """Fit and return the model's text, without lines that carry a thread count."""
    import lightgbm

    parameters: dict[str, Any] = {
        "objective": "binary",
        "learning_rate": dials.learning_rate,
        "max_depth": dials.max_depth,
        "num_leaves": dials.num_leaves,
        "min_data_in_leaf": dials.min_data_in_leaf,
        "lambda_l2": dials.lambda_l2,
        "feature_fraction": dials.feature_fraction,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "verbosity": -1,
    }
    data = lightgbm.Dataset(matrix, label=outcome, feature_name=list(columns), params=parameters)
    text = lightgbm.train(parameters, data, num_boost_round=rounds).model_to_string()
    return "\n".join(line for line in text.split("\n") if not line.startswith(_LEFT_OUT))


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


def _by_rounds(trees: "Booster", matrix: Floats, *, compared: Sequence[int], threads: int) -> Floats:
    """Raw log-odds by number of rounds and row, each stretch of trees walked once."""
    starts = (0, *compared[:-1])
    added = [
        trees.predict(matrix, raw_score=True, start_iteration=start, num_iteration=end - start, num_threads=threads)
        for start, end in zip(starts, compared, strict=True)
    ]
    return np.cumsum(np.asarray(added), axis=0)
