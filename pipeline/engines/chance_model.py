"""A small model fitted to outcomes that were dealt out anew: what it seems to know, it knows by mistake.

Half of the people are learnt from and the other half judged. In memory only; the same rows and seed give the same
log-odds. Its dials are its own: a leak that trees can find, shallow ones find.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Outcome = npt.NDArray[np.int8]
PEOPLE_MOST = 60_000
DIALS = {
    "learning_rate": 0.1,
    "max_depth": 4,
    "num_leaves": 12,
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "max_bin": 63,
}


def chance_log_odds(
    matrix: Floats, outcome: Outcome, *, rounds: int, columns: Sequence[str], seed: int
) -> tuple[Floats, Outcome]:
    """Log-odds and dealt outcomes of the half that was not learnt from.

    The outcomes are dealt among all rows before the halves are made: fitting, halving and measuring are tried as they
    are, on outcomes that nothing can tell.
    """
    import lightgbm

    generator = np.random.Generator(np.random.PCG64(seed))
    dealt = outcome[generator.permutation(len(outcome))]
    is_learnt_from = generator.random(len(outcome)) < 0.5
    parameters = {
        "objective": "binary",
        **DIALS,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,  # a round takes milliseconds: threads that wait for each other would make it slower
        "verbosity": -1,
    }
    data = lightgbm.Dataset(
        matrix[is_learnt_from], label=dealt[is_learnt_from], feature_name=list(columns), params=parameters
    )
    trees = lightgbm.train(parameters, data, num_boost_round=rounds)
    log_odds = trees.predict(matrix[~is_learnt_from], raw_score=True, num_threads=1)
    return np.asarray(log_odds, dtype=np.float64), dealt[~is_learnt_from]


def some_people(people: int, *, seed: int) -> npt.NDArray[np.int64]:
    """Everyone, or as many as are enough, drawn by the seed; places rising."""
    if people <= PEOPLE_MOST:
        return np.arange(people)
    drawn = np.random.Generator(np.random.PCG64(seed)).permutation(people)[:PEOPLE_MOST]
    return np.sort(drawn)
