"""Each alert is raised by what it says it is raised by, once, and told again only when something changes."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from local_relay import a_certificate
from run_home import enter_edition, enter_model, finish, write_policy
from small_home import ANN, deliver, entry, patient
from sqlalchemy import update
from test_status import expired, forge_audit, refused

from pipeline.contracts.alerts import load_alerts
from pipeline.contracts.extract import load_extracts
from pipeline.contracts.settings import PROJECT, read_settings
from pipeline.errors import ContractError, GateClosed, ModelUnfit, PacksBlocked, PipelineError
from pipeline.ledger import audit, profiles, runs, watched
from pipeline.ledger.connect import writing
from pipeline.ledger.deliveries import record_received
from pipeline.ledger.notices import list_notices
from pipeline.ledger.stops import list_stops
from pipeline.ledger.tables import delivery as delivery_table
from pipeline.ledger.watched import Verdict, Watched
from pipeline.rules.alerts import Alert
from pipeline.rules.delivery_history import ODD_VOLUME
from pipeline.rules.times import intake_cut_off
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.at_hand.stops import stop_kept
from pipeline.steps.night.after_night import after_night
from pipeline.steps.publish.recall import recall
from pipeline.steps.receive.receive import receive
from pipeline.steps.run.run import open_run
from pipeline.steps.run.source_sets import RUNBOOK as NO_FITTING_MODEL
from pipeline.steps.tell.alerts import alerts_of_night, notify, task_failed
from pipeline.steps.tell.alerts_told import notices_told, open_alerts
from pipeline.steps.validate.overrule import overrule
from pipeline.steps.validate.verdict import rules_of_size
from pipeline.store import layout
from pipeline.store.keys import create_keys

NIGHT = date(2026, 11, 15)
MORNING = datetime(2026, 11, 16, 7, tzinfo=UTC)


@pytest.fixture(scope="session")
def finished_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The morning after a night that finished and in which nothing waits. Never changed by a test."""
    home = read_settings({"RISKSTRAT_HOME": str(tmp_path_factory.mktemp("finished") / "home")})
    create_keys(home.keys_folder)
    write_policy(home, lambda policy: None)
    context = open_context(home.model_copy(update={"now": MORNING}))
    deliver(context, "gp_patient", [patient(ANN, "1")])
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    enter_model(context, "model")
    finish(context, open_run(context, as_of=NIGHT, knowledge="then"))
    own_bounds(context, disk_free_least_pct=0)
    context.ledger.engine.dispose()
    return home.home


@pytest.fixture
def context(finished_home: Path, tmp_path: Path) -> Iterator[Context]:
    """A copy of it, to be changed."""
    shutil.copytree(finished_home, tmp_path / "home")
    settings = read_settings({"RISKSTRAT_HOME": str(tmp_path / "home")})
    context = open_context(settings.model_copy(update={"now": MORNING}))
    yield context
    context.ledger.engine.dispose()


def own_bounds(context: Context, **changes: object) -> None:
    content = yaml.safe_load((PROJECT / "policy" / "alerts.yml").read_text())
    content["bounds"] |= changes
    (context.settings.home / "alerts.yml").write_text(yaml.safe_dump(content))


def later(context: Context, **by: int) -> Context:
    moment = context.now() + timedelta(**by)
    return Context(
        settings=context.settings.model_copy(update={"now": moment}), ledger=context.ledger, keys=context.keys
    )


def after(context: Context, as_of: date) -> Context:
    """At the cut-off of a night, or at the context's own moment where that is later."""
    moment = max(context.now(), intake_cut_off(as_of))
    return replace(context, settings=context.settings.model_copy(update={"now": moment}))


def raised(context: Context, *, as_of: date = NIGHT) -> dict[str, Alert]:
    return {one.name: one for one in alerts_of_night(context, as_of=as_of) if one.is_open}


def watching(code: str, page: str, *, level: Verdict = "notice") -> Callable[[Context], None]:
    """What the stage `watch` records of a night."""

    def plant(context: Context) -> None:
        (run,) = runs.list_runs(context.ledger, kind="nightly")
        one = {"level": level, "code": code, "says": "it is so", "runbook": f"docs/runbooks/{page}.md"}
        found = Watched(run.run_key, run.as_of, level, {"findings": [one], "model_id": "model"})
        watched.record_watched(context.ledger, watched=found)

    return plant


def stopping(error: Exception) -> Callable[[Context], None]:
    """The night after stops with this."""

    def plant(context: Context) -> None:
        with pytest.raises(type(error)), stop_kept(context, as_of=NIGHT + timedelta(days=1), step="freeze"):
            raise error

    return plant


def policy_with(change: Callable[[dict[str, Any]], object]) -> Callable[[Context], None]:
    return lambda context: write_policy(context.settings, change)


def finished(as_of: date, **counts: int) -> Callable[[Context], None]:
    """Another night finishes, and counts this of its packs."""

    def plant(context: Context) -> None:
        run = open_run(after(context, as_of), as_of=as_of, knowledge="then")
        told = {f"publish.{name}": count for name, count in counts.items()}
        runs.finish_run(context.ledger, run_key=run.run_key, at=MORNING, counts=told)

    return plant


def begun(as_of: date) -> Callable[[Context], object]:
    return lambda context: open_run(after(context, as_of), as_of=as_of, knowledge="then")


def ends(part: str, day: date, *, at: int = 0) -> Callable[[Context], None]:
    return policy_with(lambda policy: policy[part][at].update(valid_to=day))


def late_trust(context: Context) -> None:
    deliver(context, "acute_outpatient", [{}], sender="RKE", at="2026-11-30T20:00:00")
    finished(date(2027, 1, 25), published=1)(context)


def stray_file(context: Context) -> None:
    path = layout.landing(context.settings.home) / "GPS01" / "of somebody.csv"
    path.parent.mkdir(parents=True)
    path.write_text("nothing")
    long_ago = (MORNING - timedelta(days=3)).timestamp()
    os.utime(path, (long_ago, long_ago))
    receive(context)


def short(context: Context) -> None:
    (rule,) = rules_of_size(load_extracts(PROJECT)["gp_event"])
    delivery_id = refused(context, at=MORNING)
    with writing(context.ledger) as connection:
        connection.execute(
            update(delivery_table).where(delivery_table.c.delivery_id == delivery_id).values(reason_code=rule)
        )


def report_fails(context: Context) -> None:
    """Its folder cannot be made: a file lies in its place."""
    layout.run_page(context.settings.home, NIGHT, "x").parent.parent.mkdir(parents=True, exist_ok=True)
    layout.run_page(context.settings.home, NIGHT, "x").parent.write_text("")
    (run,) = runs.list_runs(context.ledger, as_of=NIGHT, kind="nightly")
    assert after_night(context, run=run) == {"pages": 0, "samples": 0}


def odd_size(context: Context) -> None:
    profiles.record_profile(context.ledger, "gp_event.GPS01.20261115T200000Z", {ODD_VOLUME: 1})


def waiting(context: Context) -> None:
    record_received(
        context.ledger, delivery_id="gp_event.GPS01.20261116T200000Z", extract="gp_event", sender="GPS01",
        kind="regular", file_name="a.csv", sha256="2" * 64, period_start=NIGHT, period_end=NIGHT, received_at=MORNING,
        rows_in=1,
    )  # fmt: skip


def decided(verb: str) -> Callable[[Context], None]:
    def plant(context: Context) -> None:
        enter_edition(context, runs.list_runs(context.ledger)[0], as_of=NIGHT)
        overrule(context, delivery_id="gp_event.GPS01.20261115T200000Z", verb=verb, who="A. Name", reason="a test")

    return plant


def published(context: Context) -> None:
    enter_edition(context, runs.list_runs(context.ledger)[0], as_of=NIGHT)


def dissent(context: Context) -> None:
    published(context)
    audit.append(
        context.ledger, at=MORNING, who="pipeline", action="erase", run_key=None, subject=f"practice.F83671.{NIGHT}.r1",
        counts={},
    )  # fmt: skip


def recalled(context: Context) -> None:
    published(context)
    recall(context, edition_id=f"practice.F83671.{NIGHT}.r1", who="A. Name", reason="a test")


def agreement_ended(context: Context) -> None:
    published(context)
    ends("practices", NIGHT)(context)


def certificate(context: Context) -> None:
    path, _ = a_certificate(context.settings.home, name="authority", last=MORNING + timedelta(days=10))
    notify_by_email(context, port=9, authority=path)


def notify_by_email(context: Context, *, port: int, authority: Path | None = None, **more: object) -> None:
    email = {"host": "localhost", "port": port, "sender": "riskstrat@example.org", "recipients": ["night@example.org"]}
    email |= {"timeout_seconds": 5, **more} | ({"authority_file": str(authority)} if authority else {})
    context.settings.notify_file.write_text(
        yaml.safe_dump({"notify": "test", "version": 1, "file": {}, "email": email})
    )


def unsent(context: Context) -> None:
    """Something to tell, and a relay that is not there."""
    refused(context, at=MORNING)
    notify_by_email(context, port=9)
    assert notify(context, as_of=NIGHT)["unsent"] == 1


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
    "night_not_finished": (begun(date(2026, 11, 16)), ("2026-11-16",)),
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
    "feedback_refused": "test_runbook_commands.py",
    "not_collected": "test_runbook_commands.py",
    "message_unsent": "test_runbook_commands.py",
    "message_set_apart": "test_runbook_commands.py",
    "no_handshake": "test_runbook_commands.py",
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
