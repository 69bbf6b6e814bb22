"""The hold-out kept for evaluation: who was judged, what they were given, and what became of them.

One slice of the table `holdout` for each family of models. Pseudonymous, reached by opt-outs and by retention.
"""

from collections.abc import Collection, Sequence
from datetime import date

import pyarrow as pa

from pipeline.engines.learner import TrainedModel
from pipeline.errors import PipelineError
from pipeline.steps.at_hand.context import Context
from pipeline.steps.features.labels import Labelled
from pipeline.store import layout, tables

TABLE = "holdout"
SEEN, UNSEEN = "seen_practice", "unseen_practice"
# Of the cohort, what the evaluation looks at people by; a feature of the same name is the same value.
OF_COHORT = ("practice_code", "pcn_code", "borough_code", "age_years", "sex", "ethnic_group", "imd_decile") + (
    "registration_start_date",
)
# Outcomes under the names that evaluation reads.
TITLES = {"emergency_admission_or_death_12m": "outcome_or_death", "emergency_readmission_30d": "readmission_30d"}


def holdout_rows(
    labelled: Labelled,
    *,
    index_date: date,
    outcomes: Sequence[str],
    practices_apart: Collection[str],
    people_learned_from: Collection[str],
    trained: TrainedModel,
) -> pa.Table:
    """One row per person judged, sorted by person_key: part, outcomes, risks, cohort columns and features.

    `is_in_training` says whether the person was learned from, on an earlier date. Raises PipelineError when the risks
    are not of the same people, or somebody with a practice held out was learned from all the same.
    """
    people = labelled.features["person_key"]
    if people.to_pylist() != list(trained.holdout_keys):
        raise PipelineError("the risks of the hold-out are not of the people who were judged")
    practice = labelled.cohort["practice_code"].to_pylist()
    is_learned = [key in people_learned_from for key in people.to_pylist()]
    if any(code in practices_apart and seen for code, seen in zip(practice, is_learned, strict=True)):
        raise PipelineError("somebody with a practice held out is among the people the model learned from")
    first, *others = outcomes
    columns = {
        "person_key": people,
        "index_date": pa.array([index_date] * len(people), pa.date32()),
        "part": pa.array([UNSEEN if code in practices_apart else SEEN for code in practice], pa.string()),
        "is_in_training": pa.array(is_learned, pa.bool_()),
        "outcome": labelled.told[f"has_{first}"],
        **{TITLES.get(name, name): labelled.told[f"has_{name}"] for name in others},
        # Not a number in memory is unknown in the store.
        **{name: pa.array(values, pa.float64(), from_pandas=True) for name, values in trained.holdout_risks.items()},
        **{name: labelled.cohort[name] for name in OF_COHORT},
    }
    features = {name: labelled.features[name] for name in labelled.features.column_names if name not in columns}
    return pa.table({**columns, **features})


def write_holdout(context: Context, *, model_id: str, rows: pa.Table) -> None:
    """Make the rows the model's slice; the same model trained again writes the same."""
    tables.replace_slice(layout.table(context.settings.home, TABLE), rows, column="model_id", value=model_id)


def read_holdout(context: Context, *, model_id: str) -> pa.Table:
    """The hold-out of a model, sorted by person_key; raises PipelineError when the home holds none of it."""
    path = layout.table(context.settings.home, TABLE)
    if not tables.files(path, column="model_id", values=[model_id]):
        raise PipelineError(f"the store holds no hold-out of model {model_id}: train it again, or restore it")
    return tables.read(path, column="model_id", values=[model_id]).sort_by("person_key")
