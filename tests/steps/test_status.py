"""Status: 0 when all is well, 1 when something needs a look, 2 when nothing can be published; and it names what."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from run_home import enter_edition, enter_model, finish, write_policy
from small_home import ANN, deliver, entry, patient, small_context
from sqlalchemy import text

from pipeline.contracts.policy import SOURCES
from pipeline.contracts.settings import Settings
from pipeline.ledger import audit, registers, runs
from pipeline.ledger.connect import writing
from pipeline.ledger.deliveries import list_deliveries, record_received, record_verdict
from pipeline.steps.at_hand.context import Context
from pipeline.steps.run.run import open_run
from pipeline.steps.tell.status import status
from pipeline.steps.tell.status_words import told

NIGHT = date(2026, 11, 15)


@pytest.fixture
def context(home: Settings) -> Context:
    """A home whose night finished and in which nothing waits."""
    context = small_context(home)
    write_policy(home, lambda policy: None)
    deliver(context, "gp_patient", [patient(ANN, "1")])
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    enter_model(context, "model")
    finish(context, open_run(context, as_of=NIGHT, knowledge="then"))
    return context


def refused(context: Context, *, at: datetime) -> str:
    delivery_id = f"gp_event.GPS01.{at:%Y%m%dT%H%M%SZ}"
    record_received(
        context.ledger, delivery_id=delivery_id, extract="gp_event", sender="GPS01", kind="regular", file_name="a.csv",
        sha256="1" * 64, period_start=NIGHT, period_end=NIGHT, received_at=at, rows_in=3,
    )  # fmt: skip
    record_verdict(
        context.ledger, delivery_id=delivery_id, state="refused", reason_code="FILE-012", reason="It breaks off",
        rows_in=3, rows_refused=3,
    )  # fmt: skip
    return delivery_id


def test_all_is_well(context: Context) -> None:
    report = status(context)
    assert (report.exit_code, report.findings) == (0, [])
    assert report.model_id == "model"
    assert told(report).endswith("All well.")


def test_looking_changes_nothing(context: Context) -> None:
    before = list_deliveries(context.ledger)
    assert status(context) == status(context)
    assert list_deliveries(context.ledger) == before


def test_a_refused_delivery_needs_a_look_until_a_good_one_comes(context: Context) -> None:
    delivery_id = refused(context, at=datetime(2026, 11, 16, 21, tzinfo=UTC))
    report = status(context)
    assert report.exit_code == 1
    (finding,) = report.findings
    assert delivery_id in finding.says
    assert "FILE-012" in finding.says
    deliver(context, "gp_event", [entry(ANN, "O-2")], at="2026-11-16T22:00:00")
    assert status(context).exit_code == 0


def expired(policy: dict[str, Any]) -> None:
    entry = next(one for one in policy["sources"] if one["source"] == "social_care")
    entry["valid_to"] = NIGHT


def test_a_source_without_a_basis_needs_a_look(context: Context) -> None:
    write_policy(context.settings, expired)
    report = status(context)
    assert report.exit_code == 1
    assert [source["source"] for source in report.sources if not source["is_used"]] == ["social_care"]
    assert "social_care" in told(report)


def test_a_night_that_stopped_needs_a_look(context: Context) -> None:
    open_run(context, as_of=date(2026, 11, 16), knowledge="then")
    report = status(context)
    assert report.exit_code == 1
    assert "riskstrat nightly --as-of 2026-11-16" in report.findings[0].next_step


def forge_audit(context: Context) -> None:
    with writing(context.ledger) as connection:
        connection.execute(text("drop trigger audit_entry_no_update"))
        connection.execute(text("update audit_entry set who = 'nobody' where sequence = 1"))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (forge_audit, "audit trail is broken"),
        (lambda context: context.settings.policy_file.unlink(), "no policy file"),
    ],
    ids=["forged audit", "no policy"],
)
def test_nothing_can_be_published(context: Context, spoil: Callable[[Context], object], says: str) -> None:
    spoil(context)
    report = status(context)
    assert report.exit_code == 2
    assert any(says in finding.says for finding in report.findings)
    assert told(report).endswith("Not publishing.")


def test_a_home_in_which_nothing_ran_is_not_publishing(home: Settings) -> None:
    context = small_context(home)
    write_policy(home, lambda policy: None)
    report = status(context)
    assert report.exit_code == 2
    assert {"No model is promoted", "No night has finished yet"} <= {finding.says for finding in report.findings}


def test_machines_are_told_the_same(context: Context) -> None:
    refused(context, at=datetime(2026, 11, 16, 21, tzinfo=UTC))
    report = status(context)
    read = json.loads(report.as_json())
    assert read["exit_code"] == report.exit_code == 1
    assert read["model_id"] == "model"
    assert [finding["says"] for finding in read["findings"]] == [finding.says for finding in report.findings]
    assert tuple(source["source"] for source in read["sources"]) == SOURCES


def test_editions_in_use_that_hold_someone_who_dissented_need_a_look(context: Context) -> None:
    run = runs.list_runs(context.ledger)[0]
    enter_edition(context, run, as_of=NIGHT)
    assert status(context).exit_code == 0
    held = registers.list_editions(context.ledger)[0].edition_id
    audit.append(
        context.ledger, at=datetime(2026, 11, 17, tzinfo=UTC), who="pipeline", action="erase", run_key=None,
        subject=held, counts={"people": 1, "rows": 3, "editions": 1},
    )  # fmt: skip
    found = status(context)
    assert found.exit_code == 1
    assert [held in finding.says for finding in found.findings] == [True]


def test_a_sender_that_fell_silent_needs_a_look(context: Context) -> None:
    later = open_run(context, as_of=date(2026, 11, 22), knowledge="then")
    finish(context, later)
    found = status(context)
    assert found.exit_code == 1
    assert any("gp_patient from GPS01 since 2026-11-15" in finding.says for finding in found.findings)


def test_a_reference_file_and_a_monthly_file_beside_daily_ones_are_no_silence(context: Context) -> None:
    deliver(context, "reference_organisation", [{}], sender="ODS", at="2026-10-01T20:00:00")
    deliver(context, "acute_apc", [{}], sender="RKE", at="2026-10-20T20:00:00")
    deliver(context, "acute_daily", [{}], sender="RKE", at="2026-11-15T19:00:00")
    said = " ".join(finding.says for finding in status(context).findings)
    assert "ODS" not in said and "acute_apc" not in said
