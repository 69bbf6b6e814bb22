"""Deliveries and what they are made of: each alert is raised in a small home, and the commands of its page end it.

Lines that run a night are left out here; tests/journey/test_runbooks.py runs nights from these pages.
"""

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from landed_files import land
from planted_alerts import MORNING, NIGHT, decided, late_trust, odd_size, policy_with, report_fails, stray_file
from runbook_pages import Operator
from small_home import ANN, deliver, entry, numbers, patient
from test_status import refused

from pipeline.steps.at_hand.context import Context
from pipeline.steps.link.link import link
from pipeline.steps.receive.receive import receive
from pipeline.steps.scheduled.tell import tell_failed_task
from pipeline.steps.validate.validate import validate
from pipeline.store import layout

pytestmark = pytest.mark.acceptance
NO_NIGHT = ["riskstrat nightly"]
GOOD = "gp_event.GPS01.20261115T200000Z"
# The delivery that the page names.
NAMED = "acute_ecds.RAL.20261115T200000Z"


@pytest.fixture
def operator(quiet: Context, work: Path) -> Operator:
    """On the morning after a quiet night."""
    return Operator(quiet.settings.home, work, MORNING, NIGHT)


def test_a_late_delivery_a_silent_sender_and_a_file_that_lies_about(quiet: Context, work: Path) -> None:
    """All three on one morning. The sender takes the file away and sends it again under a name that may stand, with its
    receipt; what was owed comes too."""
    stray_file(quiet)
    late_trust(quiet)
    operator = Operator(quiet.settings.home, work, datetime(2027, 1, 26, 7, tzinfo=UTC), date(2027, 1, 25))

    def comes() -> None:
        (layout.landing(operator.home) / "GPS01" / "of somebody.csv").unlink()
        period = {"period_start": "2026-12-01", "period_end": "2027-01-25"}
        for extract, name, sender in (
            ("gp_event", "entries", "GPS01"), ("gp_patient", "list", "GPS01"), ("acute_outpatient", "late", "RKE")
        ):  # fmt: skip
            land(quiet, extract, name=name, sender=sender, at="2027-01-25T20:00:00Z", **period)

    operator.runs_page(
        "delivery-late",
        alerts=["delivery_late", "sender_silent", "file_left_lying"],
        by_hand={"riskstrat receive": comes},
    )


def test_a_refused_delivery(quiet: Context, operator: Operator) -> None:
    refused(quiet, at=datetime(2026, 11, 15, 21, tzinfo=UTC))
    (quiet.settings.home / "reports" / "deliveries").mkdir(parents=True)

    def comes() -> None:
        land(quiet, "gp_event", [{"nhs_number": ANN}], name="again", sender="GPS01", at="2026-11-15T22:00:00Z")

    operator.runs_page("delivery-refused", alerts=["delivery_refused"], by_hand={"riskstrat receive": comes})


def test_a_short_delivery_is_accepted(quiet: Context, operator: Operator) -> None:
    for day in range(9, 15):
        several = [{"nhs_number": ANN, "observation_id": f"O-{day}-{place}"} for place in range(40)]
        land(quiet, "gp_event", several, name=f"d{day}", sender="GPS01", at=f"2026-11-{day:02}T20:00:00Z")
    land(quiet, "gp_event", [{"nhs_number": ANN}], name="short", sender="GPS01", at="2026-11-15T23:00:00Z")
    for name in receive(quiet).delivery_ids:
        validate(quiet, delivery_id=name)
    operator.runs_page(
        "delivery-held",
        alerts=["delivery_short"],
        part="Refused because it is short",
        examples={NAMED: "gp_event.GPS01.20261115T230000Z"},
    )


def test_a_delivery_of_an_odd_size_is_held(quiet: Context, operator: Operator) -> None:
    odd_size(quiet)
    operator.runs_page(
        "delivery-held",
        alerts=["delivery_odd_size"],
        part="Used, and far shorter or longer than usual",
        examples={NAMED: GOOD},
    )


def test_a_held_delivery_is_decided_about(quiet: Context, operator: Operator) -> None:
    decided("hold")(quiet)
    operator.runs_page("delivery-held", alerts=["delivery_held"], part="Held by a person", examples={NAMED: GOOD})


def test_deliveries_that_wait_for_their_verdict(quiet: Context, operator: Operator) -> None:
    land(quiet, "gp_event", [{"nhs_number": ANN}], name="waits", sender="GPS01", at="2026-11-15T22:00:00Z")
    receive(quiet)
    operator.runs_page(
        "night-did-not-finish", alerts=["delivery_waiting"], part="Deliveries wait for their verdict"
    )  # fmt: skip


def test_a_task_outside_the_night_that_failed(operator: Operator) -> None:
    tell_failed_task(operator.environment, dag_id="housekeeping", task_id="backup", as_of=str(NIGHT))
    operator.runs_page("night-did-not-finish", alerts=["task_failed"], part="A task outside the night failed")


def test_a_report_that_could_not_be_written(quiet: Context, operator: Operator) -> None:
    report_fails(quiet)

    def put_right() -> None:
        """The file that lies in the place of its folder is taken away."""
        layout.run_page(operator.home, NIGHT, "x").parent.unlink()

    operator.runs_page(
        "night-did-not-finish",
        alerts=["report_unwritten"],
        part="Only its report is missing",
        by_hand={"riskstrat run-report": put_right},
    )


def test_rates_of_linkage(quiet: Context, operator: Operator) -> None:
    people = numbers(30)
    deliver(quiet, "gp_patient", [patient(one, str(n)) for n, one in enumerate(people)], at="2026-11-10T20:00:00")
    for day in range(16, 21):
        lines = [entry(number, f"O-{day}-{place}") for place, number in enumerate(people)]
        for line in lines[: 12 if day == 20 else 1]:
            line["nhs_number"] = ""
        name = deliver(quiet, "gp_event", lines, at=f"2026-11-15T21:0{day - 16}:00")
        link(quiet)
    operator.runs_page(
        "linkage-rates", alerts=["linkage_rates"], examples={"community_contact.RKE.20261118T200000Z": name}
    )


def test_a_check_for_opt_outs_that_closes_the_gate_and_one_that_ends_soon(quiet: Context, operator: Operator) -> None:
    def applies(policy: dict[str, Any]) -> None:
        policy["sources"][0]["national_data_opt_out_applies"] = True

    policy_with(applies)(quiet)
    service = answers(quiet)
    operator.runs_page(
        "opt-out-check", alerts=["opt_out_check"], without=NO_NIGHT, by_hand={"opt-outs read": service}
    )  # fmt: skip
    twelve_days_on = Operator(operator.home, operator.work, MORNING + timedelta(days=12), NIGHT)
    twelve_days_on.runs_page(
        "opt-out-check", alerts=["opt_out_check_ends_soon"], without=NO_NIGHT, by_hand={"opt-outs read": service}
    )


def answers(context: Context) -> Callable[[], None]:
    """The check service answers that everybody may be used."""
    home = context.settings.home

    def answer() -> None:
        for asked in layout.opt_out_requests(home).iterdir():
            shutil.copyfile(asked, layout.opt_out_replies(home) / asked.name)

    return answer
