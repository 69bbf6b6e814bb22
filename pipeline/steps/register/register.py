"""Register: who is on each practice's register tonight, ranked, and everyone's place in their PCN and borough.

Computed every night; whether it becomes an edition is for `publish` to decide. Writes the slice of the run in
`register`: everyone listed by rank, and those counted apart: kept from the last edition, nominated by the practice, or
set aside by its answer.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

import pyarrow as pa

from pipeline.contracts.policy import Policy
from pipeline.errors import PipelineError
from pipeline.ledger.registers import Entry
from pipeline.ledger.runs import Run
from pipeline.rules.answers import is_nominated, is_set_aside
from pipeline.rules.ranking import Kind, Listed, PreviousEntry, Ranked, capacity, choose_listed, list_children, rank
from pipeline.rules.times import index_date
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.at_hand.feedback_state import answers_of
from pipeline.steps.at_hand.previous import previous, reference_of
from pipeline.steps.run.run import policy_of_run
from pipeline.store import layout, tables

SCORE = pa.decimal128(9, 6)


def register(context: Context, *, run: Run) -> StepResult:
    """Write the register rows of every participating practice of the run."""
    # read
    home = context.settings.home
    people = _scored_people(context, run)
    policy = policy_of_run(context, run)
    reference = reference_of(context, run)
    # decide
    rows: list[dict[str, Any]] = []
    counts = {"practices": 0, "listed_by_rank": 0, "kept": 0, "nominated": 0, "declined": 0, "children": 0}
    day, answers = index_date(run.as_of), answers_of(context, run)
    nominated = {key for key, said in answers.items() if is_nominated(said, day=day)}
    declined = {key for key, said in answers.items() if is_set_aside(said, day=day)}
    for practice in policy.participating(day):
        code = practice.practice_code
        adults = [person for person in people if person["practice_code"] == code and person["is_adult"]]
        k = capacity(len(adults), pct=Decimal(str(practice.capacity_pct)))
        ranked = _ranked(adults)
        before = _placed(previous(context.ledger, reference, code=code, run=run).entries)
        # Who was on the children's list and has come of age begins anew among the adults.
        grown = {key: entry for key, entry in before.items() if entry.listing != "child"}
        listed = choose_listed(ranked, k=k, previous=grown, as_of=run.as_of, nominated=nominated, declined=declined)
        children = [person for person in people if person["practice_code"] == code and not person["is_adult"]]
        young = _children(children, policy=policy, before=before, as_of=run.as_of)
        rows.extend(_row(code, person) for person in (*listed, *young))
        counts["practices"] += 1
        counts["children"] += len(young)
        counts["listed_by_rank"] += sum(person.listing == "by_rank" for person in listed)
        for apart in ("kept", "nominated", "declined"):
            counts[apart] += sum(person.listing == apart for person in listed)
    # write
    table = pa.Table.from_pylist(rows, schema=_SCHEMA).sort_by(_ORDER)
    tables.replace_slice(layout.table(home, "register"), table, column="run_key", value=run.run_key)
    return StepResult(counts=counts, digest=tables.digest(table))


# A child may have the rank of an adult: each is ranked among their own.
_ORDER = [("practice_code", "ascending"), ("rank", "ascending"), ("listing", "ascending")]
_SCHEMA = pa.schema(
    [
        ("practice_code", pa.string()),
        ("person_key", pa.string()),
        ("listing", pa.string()),
        ("rank", pa.int64()),
        ("risk_score", SCORE),
        ("editions_beyond", pa.int64()),
        ("editions_on_register", pa.int64()),
        ("first_listed_on", pa.date32()),
    ]
)


def _children(
    children: Sequence[dict[str, Any]], *, policy: Policy, before: Mapping[str, PreviousEntry], as_of: date
) -> list[Listed]:
    """The children's list of a practice, where the policy has one."""
    share = policy.children.capacity_pct
    if not policy.children.list_apart or share is None:
        return []
    k = capacity(len(children), pct=Decimal(str(share)))
    return list_children(_ranked(children), k=k, previous=before, as_of=as_of)


def _ranked(people: Sequence[dict[str, Any]]) -> list[Ranked]:
    return rank([(person["person_key"], person["risk_score"]) for person in people])


def _scored_people(context: Context, run: Run) -> list[dict[str, Any]]:
    home = context.settings.home
    cohort = tables.read(
        layout.table(home, "cohort"),
        column="run_key",
        values=[run.run_key],
        columns=["person_key", "practice_code", "is_adult"],
    )
    scores = tables.read(
        layout.table(home, "score"), column="run_key", values=[run.run_key], columns=["person_key", "risk_score"]
    )
    if set(cohort["person_key"].to_pylist()) != set(scores["person_key"].to_pylist()) or not cohort.num_rows:
        raise PipelineError(
            f"run {run.run_key} scored {scores.num_rows} people of a cohort of {cohort.num_rows}: run its stages again"
        )
    people: list[dict[str, Any]] = cohort.join(scores, keys="person_key").sort_by("person_key").to_pylist()
    return people


def _placed(before: Mapping[str, Entry]) -> dict[str, PreviousEntry]:
    return {
        person_key: PreviousEntry(
            listing=cast(Kind, entry.listing),
            editions_beyond=entry.editions_beyond,
            editions_on_register=entry.editions_on_register,
            first_listed_on=entry.first_listed_on,
        )
        for person_key, entry in before.items()
    }


def _row(practice_code: str, person: Listed) -> dict[str, Any]:
    return {"practice_code": practice_code, **vars(person)}
