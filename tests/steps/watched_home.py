"""A home of six thousand invented people in which a real model has scored, for tests of watching.

Nights are run up to their scores from drawn features; what followed is drawn from the risks themselves, times a factor
that a test may set: a population of which the scores are not true. Intake and linkage are left out.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from run_home import write_policy
from small_home import deliver, patient, small_context
from small_plan import small_plan

from pipeline.channels import folder
from pipeline.contracts.settings import Settings, read_settings
from pipeline.engines import shapes
from pipeline.engines.learner import LabelledTable, TrainedModel, predict, train_model
from pipeline.ledger import models, runs, watched
from pipeline.ledger.models import Model
from pipeline.ledger.runs import Run
from pipeline.rules.calibration import odds_from_probability, probability
from pipeline.rules.times import index_date
from pipeline.steps.at_hand.codelists import feature_digests
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.model.holdout import write_holdout
from pipeline.steps.model.promote import promote
from pipeline.steps.model.score import promoted_model
from pipeline.steps.run.run import MODEL, open_run
from pipeline.steps.watch.watch import watch
from pipeline.store import layout, tables

PEOPLE = 6_000
WHOLE, EARLY, BEFORE, TONIGHT = date(2025, 9, 1), date(2026, 9, 13), date(2026, 11, 15), date(2026, 11, 22)
ACUTE = ("emergency_admissions_12m", "emergency_admissions_24m", "emergency_bed_days_12m")
GP = ("gp_contacts_3m", "gp_contacts_12m", "long_term_condition_count")
COLUMNS = ("age_years", *GP, *ACUTE)
SOURCE_SET = "gp_and_acute"
Columns = dict[str, np.ndarray]


def drawn(*, seed: int = 1, frail: float = 0.8, old: float = 0.02) -> tuple[Columns, np.ndarray]:
    """Features by name of everyone, and what their year brings; `frail` and `old` say what decides it."""
    rng = np.random.default_rng(seed)
    frailty, age = rng.normal(size=PEOPLE), rng.integers(0, 96, PEOPLE)
    stays = rng.poisson(np.exp(0.9 * frailty - 1.6))
    columns = {
        "age_years": age,
        "gp_contacts_3m": rng.poisson(np.exp(0.4 * frailty + 0.2)),
        "gp_contacts_12m": rng.poisson(np.exp(0.4 * frailty + 1.4)),
        "long_term_condition_count": rng.poisson(np.exp(0.5 * frailty + 0.01 * age - 0.6)),
        "emergency_admissions_12m": stays,
        "emergency_admissions_24m": stays + rng.poisson(np.exp(0.9 * frailty - 1.9)),
        "emergency_bed_days_12m": stays * rng.integers(1, 9, PEOPLE),
    }
    risk = probability(-3.2 + frail * frailty + old * (age - 45))
    return columns, (rng.random(PEOPLE) < risk).astype(np.int8)


def a_week_later(columns: Columns, *, seed: int = 77) -> Columns:
    """The same people: one in fifty has been admitted, one in ten has seen the practice once more."""
    rng = np.random.default_rng(seed)
    admitted, seen = rng.random(PEOPLE) < 0.02, rng.random(PEOPLE) < 0.1
    changed = {name: values.copy() for name, values in columns.items()}
    for name in ACUTE:
        changed[name] += admitted * (5 if name == "emergency_bed_days_12m" else 1)
    for name in GP[:2]:
        changed[name] += seen
    return changed


@dataclass(frozen=True)
class Home:
    """A home and what it was made of."""

    context: Context
    columns: Columns

    def key(self, number: int) -> str:
        return f"p{self.context.keys.person_id}_{number:032x}"

    @property
    def keys(self) -> list[str]:
        return [self.key(number) for number in range(PEOPLE)]

    def copied_as(self, settings: Settings) -> "Home":
        return Home(open_context(settings), self.columns)


def small_family(home: Home, *, seed: int, frail: float = 0.8, old: float = 0.02) -> TrainedModel:
    """A family learned from drawn people and recorded with its hold-out, not promoted."""
    dates = [date(2024, 4, 12), date(2024, 7, 12), date(2025, 7, 12)]
    labelled = []
    for place, day in enumerate(dates):
        columns, outcome = drawn(seed=seed + place, frail=frail, old=old)
        labelled.append(LabelledTable(day, features(home, columns), outcome))
    learned = [
        LabelledTable(one.index_date, one.features.slice(0, 2_500), one.outcome[:2_500]) for one in labelled[:-1]
    ]
    plan = small_plan(folds=2)
    trees = plan.lightgbm.model_copy(update={"rounds_most": 20})
    trained = train_model(
        learned, labelled[-1], plan=plan.changed(lightgbm=trees), feature_columns=COLUMNS,
        source_sets={SOURCE_SET: COLUMNS}, threads=1, source_digests=feature_digests(home.context),
    )  # fmt: skip
    target = layout.models(home.context.settings.home, MODEL) / trained.model_id
    folder.reveal(folder.staged(target, trained.files, run_key=trained.model_id), target=target)
    sets = [{"name": SOURCE_SET, "sources": ["gp", "acute"]}]
    at = datetime(2025, 8, 1, tzinfo=UTC)
    record = Model(trained.model_id, MODEL, trained.kind, dates[-1], "0", dict(trained.metrics), at, sets)
    models.record_model(home.context.ledger, model=record)
    soon = labelled[-1].outcome * (np.random.default_rng(seed).random(PEOPLE) < 0.15)
    rows = labelled[-1].features.append_column("outcome", pa.array(labelled[-1].outcome.astype(bool)))
    rows = rows.append_column("emergency_admission_30d", pa.array(soon.astype(bool)))
    rows = rows.append_column("risk", pa.array(trained.holdout_risks["risk"]))
    write_holdout(home.context, model_id=trained.model_id, rows=rows)
    return trained


def features(home: Home, columns: Columns) -> pa.Table:
    return pa.table({"person_key": home.keys, **{name: pa.array(columns[name].astype(np.int32)) for name in COLUMNS}})


def begun_home(path: Path) -> Home:
    """A home with one promoted model and three finished nights: two to be judged, and the one a week before."""
    context = small_context(read_settings({"RISKSTRAT_HOME": str(path)}))
    write_policy(context.settings, lambda policy: None)
    home = Home(context, drawn(seed=50)[0])
    deliver(context, "gp_patient", [patient("9990000018", "1")], at="2025-08-20T20:00:00")
    for extract in ("gp_event", "gp_medication"):
        deliver(context, extract, [], at="2025-08-20T20:00:00")
    deliver(context, "acute_apc", [stay("2025-08-18")], sender="RKE", at="2025-08-20T20:00:00")
    first = small_family(home, seed=10)
    promoted(context, first.model_id)
    for night in (WHOLE, EARLY, BEFORE):
        scored_night(home, night, columns=home.columns)
    return home


def watched_copy(begun: Home, target: Path, *, now: datetime | None = None) -> Home:
    """A copy of the home, to be changed; the clock stands at that moment."""
    shutil.copytree(begun.context.settings.home, target)
    at = {"RISKSTRAT_NOW": now.isoformat()} if now else {}
    return begun.copied_as(read_settings({"RISKSTRAT_HOME": str(target), **at}))


def promoted(context: Context, model_id: str) -> None:
    promote(context, model_id=model_id, who="a person", reason="a test", despite="a test")


def stay(day: str) -> dict[str, str]:
    return {"admission_date": day, "episode_start_date": day, "discharge_date": day, "episode_end_date": day}


def scored_night(
    home: Home, night: date, *, columns: Columns, finished: bool = True, gone: Sequence[int] = (),
    died: Sequence[int] = (),
) -> Run:  # fmt: skip
    """A night up to its scores, as the stages would have left it; `gone` people are not in it, `died` of them dead."""
    context = home.context
    run = open_run(context, as_of=night, knowledge="then")
    there = np.array([number not in set(gone) for number in range(PEOPLE)])
    wide = features(home, columns).filter(pa.array(there))
    cohort = shapes.relation(
        shapes.COHORT,
        [
            {"person_key": key, "practice_code": "F83671", "is_adult": True, "is_gp_covered": True}
            | {"is_acute_covered": True}
            for key in wide["person_key"].to_pylist()
        ],
    )
    scores = predict(promoted_model(context, run), wide, threads=1).as_table()
    register = pa.table(
        {"person_key": scores["person_key"].slice(0, 60), "listing": pa.array(["by_rank"] * 60, pa.string())}
    )
    dead = pa.table({"person_key": pa.array([home.key(number) for number in died], pa.string())})
    slices = {"feature": wide, "cohort": cohort, "score": scores, "register": register, "death": dead}
    for name, rows in slices.items():
        path = layout.table(context.settings.home, name)
        tables.replace_slice(path, rows, column="run_key", value=run.run_key)
    if finished:
        runs.finish_run(context.ledger, run_key=run.run_key, at=context.now(), counts={})
    return run


def looked_at(home: Home, *, columns: Columns | None = None, **night: Any) -> tuple[Run, dict[str, Any]]:
    """Tonight scored and watched; its run and what was found."""
    run = scored_night(home, TONIGHT, columns=a_week_later(home.columns) if columns is None else columns, **night)
    watch(home.context, run=run)
    found = watched.find_watched(home.context.ledger, run.run_key)
    assert found is not None
    return run, found.content


def what_followed(
    home: Home, *, times: float = 1.0, share_early: float = 0.15, until: str = "2026-11-18", seed: int = 5
) -> str:
    """A hospital's delivery of all admissions since the first night, with odds `times` those of the risks scored.

    Of the first night within its twelve months, of the second within its thirty days, with their share of a year; the
    windows do not meet.
    """
    rng = np.random.default_rng(seed)
    name = deliver(home.context, "acute_apc", [stay(until)], sender="RKE", at="2026-11-20T20:00:00")
    rows: list[dict[str, object]] = []
    for night, share in ((WHOLE, 1.0), (EARLY, share_early)):
        (run,) = [one for one in runs.list_runs(home.context.ledger) if one.as_of == night]
        scores = tables.read(layout.table(home.context.settings.home, "score"), column="run_key", values=[run.run_key])
        risk = np.asarray([float(value) for value in scores["risk_score"].to_pylist()])
        true = probability(odds_from_probability(risk) + np.log(times)) * share
        for key, came in zip(scores["person_key"].to_pylist(), rng.random(len(risk)) < true, strict=True):
            if came:
                rows.append(_admission(key, index_date(night) + timedelta(days=9), number=len(rows), delivery_id=name))
    table = shapes.relation(shapes.EVENT_ROW, rows)
    tables.replace_slice(layout.table(home.context.settings.home, "event"), table, column="delivery_id", value=name)
    return name


def keep_admissions(home: Home, delivery_id: str, *, numbers: Sequence[int]) -> None:
    """An admission of each of these people, as a delivery told it."""
    day = date(2026, 11, 17)
    rows = [_admission(home.key(one), day, number=one, delivery_id=delivery_id) for one in numbers]
    path = layout.table(home.context.settings.home, "event")
    tables.replace_slice(path, shapes.relation(shapes.EVENT_ROW, rows), column="delivery_id", value=delivery_id)


def _admission(key: str, day: date, *, number: int, delivery_id: str) -> dict[str, object]:
    known = datetime(2026, 11, 20, 20, tzinfo=UTC).replace(tzinfo=None)
    return {
        "person_key": key, "source": "acute", "event_type": "admission", "event_date": day, "end_date": day,
        "method_code": "21", "class_code": "1", "provider_code": "RKE", "spell_key": f"s{number}",
        "row_key": f"r{number}", "scope_key": "RKE", "version_at": known, "known_at": known, "received_at": known,
        "is_known_at_assumed": False, "is_withdrawn": False, "supersession": "key", "source_row_number": number,
        "delivery_id": delivery_id,
    }  # fmt: skip
