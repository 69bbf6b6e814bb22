"""What several packs of one night share, read once: who is listed, what is known of them, what may be shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pipeline.contracts.answers import Answers
from pipeline.contracts.policy import Policy
from pipeline.contracts.reference import Reference
from pipeline.contracts.register import SourceState
from pipeline.engines.learner import Model
from pipeline.ledger import runs
from pipeline.ledger.runs import Run
from pipeline.rules.like_these import Judged
from pipeline.rules.reasons_concepts import only_shown
from pipeline.rules.segments import Segment, segment
from pipeline.rules.times import index_date
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.feedback_state import answers_of
from pipeline.steps.at_hand.number_changes import changes_in_view
from pipeline.steps.at_hand.previous import reference_of
from pipeline.steps.at_hand.vault_use import audited_vault
from pipeline.steps.features.deaths import visible_deaths
from pipeline.steps.model.like_these import tested_people
from pipeline.steps.model.score import promoted_model
from pipeline.steps.publish.night_people import Details, EarlierNights, people_of
from pipeline.steps.publish.pack_reach import reach_of, records_to
from pipeline.steps.watch.source_states import notices, source_states
from pipeline.store import layout, tables
from pipeline.store.vault import Vault


@dataclass(frozen=True)
class Night:
    """Everything of a run that several packs share, read once."""

    run: Run
    policy: Policy
    reference: Reference
    shown: tuple[str, ...]
    withheld: frozenset[str]
    people: dict[str, dict[str, Any]]
    details: Details
    earlier: EarlierNights
    listed: dict[str, list[dict[str, Any]]]
    deaths: dict[str, date]
    in_hospital: dict[str, date]
    sources: tuple[SourceState, ...]
    notices: tuple[str, ...]
    model: Model
    vault: Vault
    # Last day told of, by extract and sender.
    reach: Mapping[tuple[str, str], date] = field(default_factory=dict)
    # Everyone the model was tested on; None when they are no longer kept.
    tested: Judged | None = None
    # People some of whose records came under a number that theirs has replaced.
    renumbered: frozenset[str] = frozenset()
    # What practices have answered, without free text.
    answers: Mapping[str, Answers] = field(default_factory=dict)


def open_night(context: Context, *, run: Run, policy: Policy) -> Night:
    """Read the slices of the run; `people` maps person key to cohort, score and segment values."""
    home = context.settings.home
    listed: dict[str, list[dict[str, Any]]] = {}
    register = tables.read(layout.table(home, "register"), column="run_key", values=[run.run_key])
    order = [("practice_code", "ascending"), ("rank", "ascending"), ("listing", "ascending")]
    for row in register.sort_by(order).to_pylist():
        listed.setdefault(row["practice_code"], []).append(row)
    everyone = sorted(set(register["person_key"].to_pylist()))
    day = index_date(run.as_of)
    shown, withheld = policy.usable_sources("show", day), policy.not_shown(day)
    tells_stays = "acute" in shown and not withheld & {"emergency_admissions", "hospital_discharges"}
    return Night(
        run=run,
        policy=policy,
        reference=reference_of(context, run),
        shown=shown,
        withheld=withheld,
        people=people_of(context, run),
        details=Details(context, run, listed=everyone),
        earlier=EarlierNights(context, listed=everyone),
        listed=listed,
        deaths=visible_deaths(context, run=run),
        in_hospital=in_hospital_of(context, run) if tells_stays else {},
        sources=source_states(context, run=run, policy=policy),
        notices=notices(context, run=run),
        model=promoted_model(context, run),
        vault=audited_vault(context, purpose="publication", run_key=run.run_key),
        reach=reach_of(context, run),
        tested=tested_people(context, run),
        renumbered=_renumbered(context, run),
        answers=answers_of(context, run),
    )


def known_of(night: Night, person_keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Everything the night knows of these people, by name."""
    return {
        key: night.people[key] | details | records_to(night.reach, details)
        for key, details in night.details.of(person_keys).items()
    }


def shown_segment(night: Night, known: Mapping[str, Any]) -> Segment:
    """The need group by what may be shown alone: a source that may not must not be told by it."""
    return segment(only_shown(known, sources=night.shown, withheld=night.withheld))


def in_hospital_of(context: Context, run: Run) -> dict[str, date]:
    """Day of admission of everyone not yet discharged on the index date (sql/monitoring); none without the slice."""
    path = layout.table(context.settings.home, "in_hospital")
    if not tables.files(path, column="run_key", values=[run.run_key]):
        return {}
    rows = tables.read(path, column="run_key", values=[run.run_key], columns=["person_key", "admission_date"])
    return {row["person_key"]: row["admission_date"] for row in rows.to_pylist()}


def _renumbered(context: Context, run: Run) -> frozenset[str]:
    delivery_ids = runs.run_deliveries(context.ledger, run.run_key)
    changes = changes_in_view(context, delivery_ids=delivery_ids, index_date=index_date(run.as_of))
    return frozenset(changes[changes.column_names[1]].to_pylist())
