"""A home with a night that finished, told with counts of every kind: for tests of what an operator is shown.

The stages' records are entered as they would be; of the people, who do not exist, one has opted out.
"""

import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from run_home import enter_model, finish, write_policy
from small_home import ANN, deliver, entry, patient, small_context

from pipeline.contracts.settings import Settings, read_settings
from pipeline.ledger import registers, runs, steps, watched
from pipeline.ledger.deliveries import record_received, record_verdict
from pipeline.ledger.registers import Edition
from pipeline.ledger.runs import Run
from pipeline.ledger.watched import Watched
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.run.run import open_run

NIGHT = date(2026, 11, 15)
COUNTS = {
    "features": {"people": 22_384, "people_not_registered": 5_864, "people_opted_out": 5, "people_scored": 16_515},
    "score": {"people": 16_515},
    "segment": {"generally_well": 16_509, "incurable_cancer": 6, "moved": 3, "from_a_to_b": 3},
    "register": {"practices": 4, "listed_by_rank": 270, "kept": 15, "nominated": 2, "declined": 0, "children": 0},
    "watch": {"notice": 1, "hold": 0, "proposals": 0},
    "publish": {"published": 1, "already_there": 0, "not_due": 3, "people_named": 285, "swept": 0},
}
STAGES = tuple(COUNTS)
CHURN: dict[str, Any] = {
    "before": {"as_of": "2026-11-08"}, "stayed": 254, "top": [268, 268], "jaccard": 0.9, "registers_jaccard": 0.88,
    "rank_correlation": 0.99, "code_changed": False, "new_deliveries": {},
    "frozen": {"mean_risk": {"then": 0.084, "frozen": 0.085, "now": 0.085}, "model_changed": False},
    "causes": {"entered": {"news": 14}, "left": {"died": 1, "news": 13}, "news_by_source": {"gp": 21}},
}  # fmt: skip
CONTENT: dict[str, Any] = {
    "model_id": "model", "churn": CHURN,
    "drift": {
        "score": {"psi": 0.01}, "shifted": 1, "looked_at": 244, "since_before": [],
        "features": [{"feature": "outpatient_attendance_days_since", "psi": 0.23}],
        "sources": [{"source": "gp", "shifted": 1, "features": 120, "unknown_now": 0.01, "unknown_then": 0.0}],
    },
    "calibration": {
        "early": {
            "of": {"as_of": "2026-09-13"}, "observed": 61, "expected": 4.0, "ratio": 1.02, "low": 0.9, "high": 1.2,
            "judged": True,
        },
        "whole": {"not_known": "no night is old enough"},
    },
    "findings": [
        {
            "code": "churn", "level": "notice", "says": "14 were not there", "tells": "…",
            "runbook": "docs/runbooks/list-changed-much.md",
        }
    ],
    "not_known": ["twelve months are not over"],
}  # fmt: skip


def at(minute: int) -> datetime:
    return datetime(2026, 11, 16, 2, minute, tzinfo=UTC)


def told_home(home: Settings) -> Context:
    """A home with a policy, a model and what came in a week, a refused file and a repeated one among it."""
    context = small_context(home)
    write_policy(home, lambda policy: None)
    deliver(context, "gp_patient", [patient(ANN, "1")], at="2026-11-01T20:00:00")
    deliver(context, "gp_patient", [patient(ANN, "1")])
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    refused(context)
    enter_model(context, "model")
    return context


def refused(context: Context) -> None:
    name = "gp_event.GPS02.20261115T210000Z"
    record_received(
        context.ledger, delivery_id=name, extract="gp_event", sender="GPS02", kind="regular", file_name="a.csv",
        sha256="1" * 64, period_start=NIGHT, period_end=NIGHT, received_at=datetime(2026, 11, 15, 21, tzinfo=UTC),
        rows_in=3,
    )  # fmt: skip
    record_verdict(
        context.ledger, delivery_id=name, state="refused", reason_code="FILE-012", reason="It breaks off", rows_in=3,
        rows_refused=3,
    )  # fmt: skip


def told_night(context: Context, *, until: str = "publish", verdict: Any = "notice") -> Run:
    """A night as its stages would have left the ledger, up to this one; finished with the last."""
    run = open_run(context, as_of=NIGHT, knowledge="then")
    for minute, name in enumerate(STAGES[: STAGES.index(until) + 1]):
        steps.start_step(context.ledger, scope=run.run_key, step=name, at=at(minute))
        steps.finish_step(context.ledger, scope=run.run_key, step=name, at=at(minute + 1), counts=COUNTS[name])
    if STAGES.index(until) >= STAGES.index("watch"):
        watched.record_watched(context.ledger, watched=Watched(run.run_key, NIGHT, verdict, CONTENT))
    if until == "publish":
        edition = Edition(
            f"practice.F83671.{NIGHT}.r1", run.run_key, "current", "practice", NIGHT, "F83671", 1, "0" * 64, "x",
            {"people": 79}, at(6),
        )  # fmt: skip
        registers.record_edition(context.ledger, edition=edition, entries=[])
        finish(context, run)
    found = runs.get_run(context.ledger, run.run_key)
    assert found is not None
    return found


@dataclass(frozen=True)
class Night:
    """A home and its run."""

    context: Context
    run: Run


def published_night(home: Path) -> Night:
    """The home and the night, whole; looked at an hour after."""
    context = told_home(at_seven(home))
    return Night(context, told_night(context))


def copied(night: Night, home: Path) -> Night:
    """The same in a home of its own, to be changed."""
    shutil.copytree(night.context.settings.home, home)
    return Night(open_context(at_seven(home)), night.run)


def at_seven(home: Path) -> Settings:
    """Settings of the home on the morning after the night."""
    return read_settings({"RISKSTRAT_HOME": str(home)}).model_copy(
        update={"now": datetime(2026, 11, 16, 7, tzinfo=UTC)}
    )
