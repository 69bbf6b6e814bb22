"""Each alert is raised by what it says it is raised by, once, and told again only when something changes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from planted_alerts import (
    MORNING,
    NIGHT,
    agreement_ended,
    begun_night,
    certificate,
    decided,
    dissent,
    ends,
    finished,
    late_trust,
    later,
    odd_size,
    own_bounds,
    policy_with,
    recalled,
    report_fails,
    short,
    stopping,
    stray_file,
    unsent,
    waiting,
    watching,
)
from run_home import enter_edition, finish
from test_status import expired, forge_audit, refused

from pipeline.contracts.alerts import load_alerts
from pipeline.contracts.settings import PROJECT
from pipeline.errors import ContractError, GateClosed, ModelUnfit, PacksBlocked, PipelineError
from pipeline.ledger import runs
from pipeline.ledger.notices import list_notices
from pipeline.ledger.stops import list_stops
from pipeline.rules.alerts import Alert
from pipeline.steps.at_hand.context import Context
from pipeline.steps.run.run import open_run
from pipeline.steps.run.source_sets import RUNBOOK as NO_FITTING_MODEL
from pipeline.steps.tell.alerts import alerts_of_night, notify, task_failed
from pipeline.steps.tell.alerts_told import notices_told, open_alerts


@pytest.fixture
def context(quiet: Context) -> Context:
    return quiet


def raised(context: Context, *, as_of: date = NIGHT) -> dict[str, Alert]:
    return {one.name: one for one in alerts_of_night(context, as_of=as_of) if one.is_open}


FITS_NONE = ModelUnfit("Model model fits no set of sources", where="night", next_step=f"see {NO_FITTING_MODEL}")
BLOCKED = PacksBlocked("2 of tonight's packs", where="F83671: …", next_step="…", codes=("F83671", "localities"))
RAISED: dict[str, tuple[Callable[[Context], None], tuple[str, ...]]] = {
    "delivery_late": (late_trust, ("acute_outpatient from RKE",)),
    "sender_silent": (finished(date(2026, 11, 22), published=1), ("gp_event from GPS01", "gp_patient from GPS01")),
    "file_left_lying": (stray_file, ("file 1",)),
    "delivery_refused": (lambda context: refused(context, at=MORNING), ("gp_event.GPS01.20261116T070000Z",)),
    "delivery_short": (short, ("gp_event.GPS01.20261116T070000Z",)),
    "delivery_odd_size": (odd_size, ("gp_event.GPS01.20261115T200000Z",)),
    "delivery_held": (decided("hold"), ("gp_event.GPS01.20261115T200000Z",)),
    "edition_on_refused_delivery": (decided("refuse"), ("gp_event.GPS01.20261115T200000Z",)),
    "delivery_waiting": (waiting, ("1 waiting",)),
    "night_not_finished": (begun_night(date(2026, 11, 16)), ("2026-11-16",)),
    "pack_blocked": (stopping(BLOCKED), ("F83671", "localities")),
    "report_unwritten": (report_fails, ("2026-11-15",)),
    "nothing_published": (finished(date(2026, 11, 16), published=0, already_there=0, not_due=0), ("2026-11-16",)),
    "no_model": (stopping(ModelUnfit("The files of model are not in this home")), ("2026-11-16",)),
    "no_fitting_model": (stopping(FITS_NONE), ("2026-11-16",)),
    "night_held": (watching("churn", "list-changed-much", level="hold"), ("churn",)),
    "list_changed_much": (watching("churn", "list-changed-much"), ("churn",)),
    "records_look_different": (watching("source_drift", "records-look-different"), ("source_drift",)),
    "scores_do_not_fit": (watching("calibration", "scores-do-not-fit"), ("calibration",)),
    "gate_closed": (stopping(GateClosed("The policy holds no valid basis for GP data")), ("2026-11-16",)),
    "source_not_used": (policy_with(expired), ("social_care",)),
    "basis_ends_soon": (ends("sources", date(2026, 12, 31), at=1), ("acute until 2026-12-31",)),
    "practice_without_agreement": (agreement_ended, ("F83671",)),
    "sender_without_agreement": (ends("providers", NIGHT), ("GPS01",)),
    "agreement_ends_soon": (ends("practices", date(2026, 12, 31)), ("F83671 until 2026-12-31",)),
    "declaration_broken": (lambda context: context.settings.policy_file.unlink(), ("policy.yml",)),
    "opt_out_check": (
        policy_with(lambda policy: policy["sources"][0].update(national_data_opt_out_applies=True)),
        ("check",),
    ),
    "dissent_after_publication": (dissent, ("practice.F83671.2026-11-15.r1",)),
    "edition_recalled": (recalled, ("practice.F83671.2026-11-15.r1",)),
    "certificate_ends_soon": (certificate, ("authority.pem until 2026-11-26",)),
    "audit_broken": (forge_audit, ("place 1",)),
    "disk_nearly_full": (lambda context: own_bounds(context, disk_free_least_pct=100), ("the home's disk",)),
    "notice_unsent": (unsent, ("email",)),
}
# What raises these needs a practice's answers, a mailbox, a closed home or a scheduler: in the tests named.
ELSEWHERE = {
    "linkage_rates": "test_runbook_commands.py",
    "feedback_refused": "test_runbook_outside.py",
    "not_collected": "test_runbook_outside.py",
    "message_unsent": "test_runbook_outside.py",
    "message_set_apart": "test_runbook_outside.py",
    "no_handshake": "test_runbook_outside.py",
    "opt_out_check_ends_soon": "test_runbook_commands.py",
    "registers_late": "test_registers_that_are_not_there_at_their_time",
    "task_failed": "test_what_a_scheduler_says_is_told_once",
    "home_closed": "test_a_closed_home",
    "keys_not_of_home": "test_a_closed_home",
    "restore_stopped": "test_a_closed_home",
}


def test_every_declared_alert_is_raised_by_a_test() -> None:
    assert {*RAISED, *ELSEWHERE} == set(load_alerts(PROJECT, PROJECT / "nowhere").declared)


@pytest.mark.parametrize("name", RAISED)
def test_it_is_raised_by_what_it_says(context: Context, name: str) -> None:
    plant, subjects = RAISED[name]
    assert name not in raised(context)
    plant(context)
    (run, *_) = sorted(runs.list_runs(context.ledger, kind="nightly"), key=lambda one: one.as_of, reverse=True)
    found = raised(context, as_of=run.as_of)
    assert name in found, sorted(found)
    assert found[name].subjects == subjects
    assert str(len(subjects)) in found[name].says or len(subjects) == 1 or name == "audit_broken"


def test_a_night_in_which_all_is_well_raises_nothing_and_nobody_is_told(context: Context) -> None:
    assert raised(context) == {}
    assert notify(context, as_of=NIGHT) == {"open": 0, "stopped": 0, "sent": 0, "unsent": 0}
    assert list_notices(context.ledger) == []
    assert not (context.settings.home / "logs").exists()


def test_registers_that_are_not_there_at_their_time(context: Context) -> None:
    next_night = NIGHT + timedelta(days=1)
    at_six = later(context, hours=23)
    assert "registers_late" not in raised(later(context, hours=22), as_of=next_night)
    assert raised(at_six, as_of=next_night)["registers_late"].subjects == ("2026-11-16",)
    finish(context, open_run(at_six, as_of=next_night, knowledge="then"))
    assert "registers_late" not in raised(at_six, as_of=next_night)


def test_what_a_scheduler_says_is_told_once(context: Context) -> None:
    event = task_failed("training", "train")
    assert notify(context, as_of=NIGHT, events=[event])["sent"] == 1
    assert open_alerts(context) == []
    assert notify(context, as_of=NIGHT)["sent"] == 0
    assert "training.train" in notices_told(context, most=1)[1]


def test_each_practice_that_was_blocked_is_told_until_it_has_its_pack(context: Context) -> None:
    """Where practices are published one by one, each stops by itself."""
    for code in ("F83671", "F85061"):
        stopping(PacksBlocked("1 of tonight's packs", where=code, next_step="…", codes=(code,)))(context)
    assert raised(context)["pack_blocked"].subjects == ("F83671", "F85061")
    enter_edition(context, runs.list_runs(context.ledger)[0], as_of=NIGHT + timedelta(days=1))
    assert raised(context)["pack_blocked"].subjects == ("F85061",)


def test_a_replay_disturbs_nobody(context: Context) -> None:
    run = runs.list_runs(context.ledger)[0]
    refused(context, at=MORNING)
    assert alerts_of_night(context, replace(run, kind="replay")) == []
    assert alerts_of_night(context, run) != []
    with pytest.raises(PipelineError):
        alerts_of_night(context)


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (
            ContractError("The policy file does not hold together", where="policy.yml: version"),
            "does not hold together",
        ),
        (ValueError("row 12 holds 999 000 0018"), "a fault inside"),
        (PipelineError("the rows 999 000 0018 were lost"), "the rows [number withheld] were lost"),
    ],
    ids=["ours", "a library's", "ours that quotes"],
)
def test_why_a_night_stopped_is_kept(context: Context, error: Exception, what: str) -> None:
    stopping(error)(context)
    (stop,) = list_stops(context.ledger, as_of=NIGHT + timedelta(days=1))
    assert (stop.error, stop.step) == (type(error).__name__, "freeze")
    assert what in stop.what and "999" not in stop.what
    assert list_stops(context.ledger, as_of=NIGHT) == []


def test_a_stop_is_over_when_the_night_has_finished(context: Context) -> None:
    stopping(BLOCKED)(context)
    assert "pack_blocked" in raised(context)
    finished(NIGHT + timedelta(days=1), published=1)(context)
    assert "pack_blocked" not in raised(context)
