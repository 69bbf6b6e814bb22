"""Where the rest of the oracle's lift is: the same learner with more rows, larger trees, no lag, or the hidden state.

    python -m benchmarks.scale.causes --home /the/home/of/benchmarks.scale [--write]

Every variant learns from the same people and is judged on the same people of practices held out, so that differences
are paired. The hidden state (frailty, loss of function, dependence, distress, instability, conditions) is what nobody
records; giving it to the learner, part by part, shows what the records fail to tell. docs/scale.md tells of the result.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.scale.__main__ import AS_OF, SEED, open_region, run, scale_plan
from pipeline.contracts.feature import feature_columns, load_features
from pipeline.contracts.model import Dials, Plan
from pipeline.contracts.policy import load_policy
from pipeline.engines.learner_candidates import AGE_SEX
from pipeline.engines.learner_lightgbm import fit_trees, read_trees, tree_log_odds
from pipeline.engines.learner_logistic import fit_logistic, logistic_log_odds
from pipeline.engines.learner_matrix import feature_matrix
from pipeline.rules.evaluation_differences import measure_pair, pair, triple
from pipeline.rules.evaluation_resampling import everyone_once, resample
from pipeline.rules.holdout import unseen_practices
from pipeline.rules.times import index_date, intake_cut_off
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.relations import View
from pipeline.steps.features.labels import labelled_on
from pipeline.steps.opt_out.erasure import key_of
from pipeline.steps.run.run import delivery_set
from pipeline.store import layout
from pipeline.synthetic.latent.block import Block, draw_block
from pipeline.synthetic.population.frame import blocks, load_frame

Floats = npt.NDArray[np.float64]
RESULT = Path(__file__).with_name("causes.json")
ROUNDS = 240
THREADS = 2
STATE = ("frailty", "function_loss", "dependence", "distress", "instability")
# The largest trees that a plan may ask for, grown slowly: what depth and patience could still find.
LARGE = Dials(
    learning_rate=0.04, max_depth=6, num_leaves=48, min_data_in_leaf=200, lambda_l2=100.0, feature_fraction=0.4,
    path_smooth=50.0, extra_trees=True,
)  # fmt: skip
RESAMPLES = 100
SHARES = {"an eighth of the people": 8, "a quarter of the people": 4, "half of the people": 2}


@dataclass(frozen=True)
class Rows:
    """People on index dates: matrix [row, feature], hidden state [row, part], outcome, and each row's person."""

    matrix: Floats
    hidden: Floats
    outcome: npt.NDArray[np.int8]
    person: npt.NDArray[np.str_]


def main(arguments: Sequence[str] | None = None) -> None:
    def measured(given: argparse.Namespace) -> dict[str, Any]:
        return causes(open_region(given.home, people=given.people, memory=given.memory), people=given.people)

    run(__doc__, RESULT, measured, arguments)


def causes(context: Context, *, people: int) -> dict[str, Any]:
    """AUROC of each variant, its gain over the plain one with 95% interval, and that gain as a share of the lift."""
    plan, last = scale_plan(context.settings.project), index_date(AS_OF)
    judged_on = plan.holdout_index_date(last)
    columns = feature_columns(load_features(context.settings.project))
    hidden = _Hidden(context, people=people)
    apart = practices_apart(context, plan)
    judged = _rows(context, plan, judged_on, columns, hidden, inside=apart)
    parts = [_rows(context, plan, day, columns, hidden, outside=apart) for day in plan.training_index_dates(last)]
    of_judged = set(judged.person.tolist())
    train = _joined([_kept(part, np.array([key not in of_judged for key in part.person])) for part in parts])
    oracle = true_risks(context, judged.person)
    late = _as_known_now(_rows(context, plan, judged_on, columns, hidden, inside=apart, known="now"), judged)
    return _compared(dict(_variants(plan, train, judged, late, columns, hidden)), oracle, judged)


def _variants(
    plan: Plan, train: Rows, judged: Rows, late: Rows, columns: tuple[str, ...], hidden: "_Hidden"
) -> Iterator[tuple[str, Floats]]:
    """Log-odds of the judged people by each variant, by name."""
    declared, some = plan.lightgbm.search[0], [name for name in columns if name in AGE_SEX]

    def text(rows: Rows, extra: Sequence[int] = (), dials: Dials = declared, rounds: int = ROUNDS) -> str:
        names = (*columns, *(hidden.names[at] for at in extra))
        return fit_trees(
            _with(rows, extra), rows.outcome, plan=plan.lightgbm, dials=dials, rounds=rounds, columns=names,
            seed=plan.seed, threads=THREADS,
        )  # fmt: skip

    def told(trees: str, rows: Rows, extra: Sequence[int] = ()) -> Floats:
        return tree_log_odds(read_trees(trees), _with(rows, extra), threads=THREADS)

    plain = text(train)
    yield "plain", told(plain, judged)
    yield "everything known at once", told(plain, late)
    at = [columns.index(name) for name in some]
    dials = plan.logistic.model_copy(update={"inverse_penalty": plan.logistic.age_sex_inverse_penalty})
    age_sex = fit_logistic(train.matrix[:, at], train.outcome, columns=some, dials=dials)
    yield "age and sex", logistic_log_odds(age_sex, judged.matrix[:, at], columns=some)
    for name, share in SHARES.items():
        yield name, told(text(_kept(train, _every(train.person, share))), judged)
    yield "large trees", told(text(train, dials=LARGE, rounds=2 * ROUNDS), judged)
    for part, name in enumerate(hidden.parts):
        extra = hidden.of_part(part)
        yield f"with {name}", told(text(train, extra), judged, extra)
    every = range(len(hidden.names))
    yield "with the whole hidden state", told(text(train, every), judged, every)


class _Hidden:
    """The hidden state of everybody on an index date, by the home's own person keys; kept as a file in the home."""

    names = (*STATE, *(f"has_{number:02d}" for number in range(20)), "constitution", "vulnerability", "metabolic")
    parts = (*STATE, "conditions", "traits for life")

    def __init__(self, context: Context, *, people: int) -> None:
        self._context, self._people = context, people
        self._blocks: list[Block] = []

    def of_part(self, part: int) -> range:
        """Columns of one part."""
        first = len(STATE)
        if part < first:
            return range(part, part + 1)
        return range(first, first + 20) if part == first else range(first + 20, len(self.names))

    def on(self, day: date) -> dict[str, Floats]:
        """Values by person key."""
        told: dict[str, Floats] = {}
        for block in self._drawn():
            (step,) = np.flatnonzero(block.lives.starts == (day - date(1970, 1, 1)).days)
            lives, traits = block.lives, block.traits
            values = np.column_stack(
                [*(getattr(lives, name)[step] for name in STATE), lives.onset <= lives.starts[step],
                 traits.constitution, traits.vulnerability, traits.metabolic]
            ).astype(np.float64)  # fmt: skip
            keys = [key_of(self._context, number) for number in block.people.nhs_number.tolist()]
            told |= dict(zip(keys, values, strict=True))
        return told

    def _drawn(self) -> list[Block]:
        if not self._blocks:
            frame = load_frame(self._people)
            numbers = range(len(blocks(frame)))
            self._blocks = [draw_block(frame, number, seed=SEED, as_of=AS_OF) for number in numbers]
        return self._blocks


def _rows(
    context: Context,
    plan: Plan,
    day: date,
    columns: tuple[str, ...],
    hidden: _Hidden,
    *,
    inside: frozenset[str] | None = None,
    outside: frozenset[str] | None = None,
    known: str = "then",
) -> Rows:
    """Labelled people of some practices on a date, with what was known then, or is known now, of the days before it."""
    table = labelled_table(context, plan, day, known=known)
    practice = table["_practice"].to_pylist()
    chosen = np.array([(code in inside) if inside is not None else (code not in (outside or ())) for code in practice])
    table = table.filter(pa.array(chosen))
    state, nobody = hidden.on(day), np.full(len(hidden.names), np.nan)
    keys = table["person_key"].to_pylist()
    return Rows(
        matrix=feature_matrix(table, columns),
        hidden=np.array([state.get(key, nobody) for key in keys]),
        outcome=np.asarray(table["_outcome"]).astype(np.int8),
        person=np.array(keys),
    )


def labelled_table(context: Context, plan: Plan, day: date, *, known: str) -> pa.Table:
    """Features of a date with `_practice` and `_outcome`, as known then or now; kept as a file in the home."""
    kept = context.settings.home / "causes" / f"{known}-{day}.parquet"
    if not kept.is_file():
        now = intake_cut_off(AS_OF)
        view = View(
            policy=load_policy(context.settings.policy_file),
            delivery_ids=[each.delivery_id for each in delivery_set(context, as_of=AS_OF, knowledge="then")],
            index_date=day,
            known_before=now if known == "now" else intake_cut_off(day - timedelta(days=1)),
            policy_day=index_date(AS_OF),
        )
        made = labelled_on(
            context, view=view, outcome=plan.outcome, also=plan.reported_outcomes, outcome_known_before=now
        )
        table = made.features.append_column("_practice", made.cohort["practice_code"])
        kept.parent.mkdir(exist_ok=True)
        pq.write_table(table.append_column("_outcome", pa.array(made.outcome)), kept)
    return pq.read_table(kept)


def practices_apart(context: Context, plan: Plan) -> frozenset[str]:
    """The practices that teach the plan's model nothing."""
    taking_part = load_policy(context.settings.policy_file).participating(index_date(AS_OF))
    return unseen_practices(
        [each.practice_code for each in taking_part],
        share=plan.holdout.unseen_practices_share,
        at_least=plan.holdout.unseen_practices_from,
        seed=plan.seed,
    )


def true_risks(context: Context, person: npt.NDArray[np.str_]) -> Floats:
    """The oracle's chance of each person at the hold-out; NaN of those it does not tell of."""
    told = pq.read_table(layout.landing(context.settings.home) / "_truth" / "oracle.parquet")
    numbers, chances = told["nhs_number"].to_pylist(), told["probability_12m"].to_pylist()
    by_key = {key_of(context, number): chance for number, chance in zip(numbers, chances, strict=True)}
    return np.array([by_key.get(key, np.nan) for key in person.tolist()])


def _as_known_now(late: Rows, judged: Rows) -> Rows:
    """The judged people with all that has come since about the days before the index date, where still told."""
    place = {key: at for at, key in enumerate(late.person.tolist())}
    at = np.array([place.get(key, -1) for key in judged.person.tolist()])
    matrix = np.where((at >= 0)[:, None], late.matrix[at], judged.matrix)
    return Rows(matrix, judged.hidden, judged.outcome, judged.person)


def _compared(scores: Mapping[str, Floats], oracle: Floats, judged: Rows) -> dict[str, Any]:
    among = ~np.isnan(oracle)
    scores = {**scores, "oracle": oracle}
    pairs = {
        name: pair(score, scores["plain"], judged.outcome, among=among, cut_pct=2)
        for name, score in scores.items()
        if name != "plain"
    }
    measures = {name: measure_pair(one) for name, one in pairs.items() if one is not None}
    people = len(judged.outcome)
    draws = resample(measures, people=people, resamples=RESAMPLES, seed=SEED)
    point = {name: measured(everyone_once(people)) for name, measured in measures.items()}
    low, high = point["age and sex"]["model_auroc"], point["oracle"]["model_auroc"]
    plain = point["oracle"]["other_auroc"]
    return {
        "people": int(among.sum()),
        "events": int(judged.outcome[among].sum()),
        "plain_auroc": round(plain, 6),
        "plain_lift_share": round((plain - low) / (high - low), 4),
        "rounds": ROUNDS,
        "variants": {
            name: {
                "auroc": round(point[name]["model_auroc"], 6),
                "gain": [
                    round(number, 6)
                    for number in triple(point[name]["auroc_difference"], draws[name]["auroc_difference"])
                ],
                "gain_share_of_lift": round(point[name]["auroc_difference"] / (high - low), 4),
            }
            for name in measures
        },
    }


def _gain(point: Mapping[str, float], draws: Mapping[str, Floats]) -> list[float]:
    return [round(number, 6) for number in triple(point["auroc_difference"], draws["auroc_difference"])]


def _every(person: npt.NDArray[np.str_], share: int) -> npt.NDArray[np.bool_]:
    # Keys are digests: their last letters choose people at random, all rows of one together.
    return np.array([int(key[-4:], 16) % share == 0 for key in person])


def _with(rows: Rows, extra: Sequence[int]) -> Floats:
    return np.hstack([rows.matrix, rows.hidden[:, list(extra)]]) if len(extra) else rows.matrix


def _kept(rows: Rows, chosen: npt.NDArray[np.bool_]) -> Rows:
    return Rows(rows.matrix[chosen], rows.hidden[chosen], rows.outcome[chosen], rows.person[chosen])


def _joined(parts: Sequence[Rows]) -> Rows:
    return Rows(
        np.concatenate([part.matrix for part in parts]),
        np.concatenate([part.hidden for part in parts]),
        np.concatenate([part.outcome for part in parts]),
        np.concatenate([part.person for part in parts]),
    )


if __name__ == "__main__":
    main()
