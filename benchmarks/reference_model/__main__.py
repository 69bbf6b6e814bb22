"""How much of what the oracle knows can be read from the records: a frozen model, judged on other people a year later.

    python -m benchmarks.reference_model --people 100000 --seed 20261116 [--replays 60]

Prints AUROC of the oracle, of age and sex, of the model on everything and without each group of sources, and each as a
share of the oracle's lift over age and sex. Trains on people with an even number on the index date a year before the
one on which people with an odd number are judged. Figures: README.md beside this file.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import lightgbm
import numpy as np

from pipeline.synthetic.facts.reference_model import GROUPS, Inputs, count_inputs
from pipeline.synthetic.latent.block import INDEX_STEP, Block, draw_block
from pipeline.synthetic.latent.oracle import expected_admission
from pipeline.synthetic.population.frame import blocks, load_frame
from pipeline.synthetic.records import write_records

AS_OF = date(2026, 11, 15)
TRAIN_STEP, JUDGE_STEP, YEAR = INDEX_STEP - 12, INDEX_STEP, 12
ROUNDS = 300
PARAMETERS = {
    "objective": "binary",
    "learning_rate": 0.04,
    "num_leaves": 15,
    "max_depth": 5,
    "min_data_in_leaf": 80,
    "lambda_l2": 5.0,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "seed": 20261116,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}
WITHOUT = (
    ("gp", "medication"),
    ("acute", "outpatient"),
    ("community",),
    ("mental_health",),
    ("social_care",),
    ("community", "mental_health", "social_care"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20261116)
    parser.add_argument("--replays", type=int, default=60)
    given = parser.parse_args(arguments)
    for line in judge(given.people, seed=given.seed, replays=given.replays):
        print(line, flush=True)


def judge(people: int, *, seed: int, replays: int) -> list[str]:
    """The report, line by line."""
    frame = load_frame(people)
    parts = [
        _part(draw_block(frame, number, seed=seed, as_of=AS_OF), replays=replays)
        for number in range(len(blocks(frame)))
    ]
    train, held = (_joined([part[which] for part in parts]) for which in range(2))
    oracle = auroc(held.outcome, held.oracle)
    plain = _fitted(train, held, [name in ("age", "is_female") for name in train.inputs.names])
    full = _fitted(train, held, [True] * len(train.inputs.names))
    told = [
        f"people trained on {len(train.outcome)}, judged {len(held.outcome)}, admitted {held.outcome.mean():.4f}, "
        f"inputs {len(train.inputs.names)}",
        f"oracle {oracle:.4f}  age and sex {plain:.4f}",
        f"model {full:.4f}  share of the oracle's lift {(full - plain) / (oracle - plain):.3f}",
    ]
    for groups in WITHOUT:
        less = _fitted(train, held, [group not in groups for group in train.inputs.groups])
        told.append(f"without {' + '.join(groups)}: {less:.4f}  costs {full - less:.4f}")
    assert set(train.inputs.groups) == set(GROUPS)
    return told


@dataclass(frozen=True)
class Sample:
    """People on one index date. oracle: NaN where it was not asked."""

    inputs: Inputs
    outcome: np.ndarray
    oracle: np.ndarray


def _part(block: Block, *, replays: int) -> tuple[Sample, Sample]:
    records = write_records(block)
    supplied = np.array([practice.supplier is not None for practice in block.frame.practices] + [False])
    samples = []
    for step, half in ((TRAIN_STEP, 0), (JUDGE_STEP, 1)):
        day, end = int(block.lives.starts[step]), int(block.lives.starts[step + YEAR])
        here = block.people.registered_on(day) & supplied[block.people.practice]
        chosen = np.flatnonzero(here & (np.arange(block.people.count) % 2 == half))
        inputs = count_inputs(records, day)
        oracle = expected_admission(block, chosen, step=step, replays=replays) if half else np.full(len(chosen), np.nan)
        samples.append(
            Sample(
                Inputs(inputs.names, inputs.groups, inputs.values[chosen]),
                block.admitted_within(day, end)[chosen],
                oracle,
            )
        )
    return samples[0], samples[1]


def _joined(parts: list[Sample]) -> Sample:
    first = parts[0].inputs
    if any(part.inputs.names != first.names for part in parts):
        raise ValueError("blocks differ in their inputs")
    values = np.concatenate([part.inputs.values for part in parts])
    return Sample(
        Inputs(first.names, first.groups, values),
        np.concatenate([part.outcome for part in parts]),
        np.concatenate([part.oracle for part in parts]),
    )


def _fitted(train: Sample, held: Sample, columns: list[bool]) -> float:
    chosen = np.array(columns)
    data = lightgbm.Dataset(train.inputs.values[:, chosen], train.outcome.astype(float))
    model = lightgbm.train(PARAMETERS, data, num_boost_round=ROUNDS)
    return auroc(held.outcome, np.asarray(model.predict(held.inputs.values[:, chosen])))


def auroc(outcome: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve; ties count half."""
    values, place = np.unique(score, return_inverse=True)
    ill = np.bincount(place, outcome.astype(float), minlength=len(values))
    well = np.bincount(place, (~outcome).astype(float), minlength=len(values))
    below = np.cumsum(well) - well
    return float((ill * (below + well / 2)).sum() / (ill.sum() * well.sum()))


if __name__ == "__main__":
    main()
