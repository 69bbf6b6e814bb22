"""Labels: the people of a past index date with their features as seen then and what is known to have followed.

Training and evaluation learn from and judge by these. Writes nothing; what an outcome is, is said in `sql/outcomes`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.feature import FeatureConcept, load_outcomes
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.errors import ContractError, ModelUnfit, PipelineError
from pipeline.rules.times import index_date
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.relations import View
from pipeline.steps.features.engine import engine_of
from pipeline.steps.features.features import in_parts


@dataclass(frozen=True)
class Labelled:
    """People of one past index date whose outcome is known, row by row, sorted by person_key.

    `features` holds person_key and the feature columns, `outcome` 0 or 1, `told` every asked-for outcome column
    (null where it cannot be known), `cohort` the cohort's columns.
    """

    features: pa.Table
    outcome: npt.NDArray[np.int8]
    told: pa.Table
    cohort: pa.Table


def labelled_on(
    context: Context, *, view: View, outcome: str, outcome_known_before: datetime, also: Sequence[str] = ()
) -> Labelled:
    """Features of a past index date as seen then, and outcomes (by name) as known at a later cut-off.

    Only of people of whom `outcome` can be known: it cannot where its source covers nobody. Raises ModelUnfit if none
    is left, ContractError for an outcome that nothing declares.
    """
    project = context.settings.project
    declared = load_outcomes(project)
    wanted = [f"has_{name}" for name in (outcome, *also)]
    concepts = list(dict.fromkeys(concept_of(declared, name) for name in (outcome, *also)))
    later = replace(view, known_before=outcome_known_before, index_date=index_date(outcome_known_before.date()))
    wide: list[pa.Table] = []
    answers: list[pa.Table] = []
    with engine_of(context) as engine:
        for part in in_parts(engine, context, views={"": view, "outcome_": later}):
            people = part["person_key"]
            answer = _told(engine, project, people=people, concepts=concepts, day=view.index_date).select(wanted)
            # Who cannot be learned from is let go with the bucket.
            is_known = answer[wanted[0]].is_valid()
            wide.append(part.filter(is_known))
            answers.append(answer.filter(is_known))
        cohort = engine.table("everyone").sort_by("person_key")
    features, told = pa.concat_tables(wide), pa.concat_tables(answers)
    if told.num_rows == 0:
        raise ModelUnfit(
            "Of nobody is it known whether the outcome came",
            where=f"{outcome}, index date {view.index_date}",
            next_step="see that the policy lets the outcome's source be used, and since when it is supplied "
            "(reference/supply.csv)",
        )
    return Labelled(
        features=features,
        outcome=np.asarray(told[wanted[0]].to_pylist(), dtype=np.int8),
        told=told,
        cohort=cohort.filter(pc.is_in(cohort["person_key"], value_set=features["person_key"].combine_chunks())),
    )


def _told(engine: Engine, project: Path, *, people: pa.ChunkedArray, concepts: Sequence[str], day: date) -> pa.Table:
    """Every outcome column of these concepts for the people of a bucket, in their order."""
    found: dict[str, pa.ChunkedArray] = {}
    for concept in concepts:
        query = load_query(project / "sql" / "outcomes" / f"{concept}.sql")
        answer = engine.fetch(query, index_date=day).sort_by("person_key")
        if answer["person_key"].to_pylist() != people.to_pylist():
            raise PipelineError(f"the outcome of {day} is not of the same people as its features")
        found |= {name: answer[name] for name in answer.column_names if name != "person_key"}
    return pa.table(found)


def concept_of(declared: Sequence[FeatureConcept], outcome: str) -> str:
    """The file of sql/outcomes that declares `has_<outcome>`; raises ContractError when none does."""
    for concept in declared:
        if f"has_{outcome}" in {column.name for column in concept.columns}:
            return concept.name
    known = sorted(column.name.removeprefix("has_") for concept in declared for column in concept.columns)
    raise ContractError(
        f"No outcome is called {outcome}", where="sql/outcomes", next_step=f"declared are: {', '.join(known)}"
    )
