"""The morning after a quiet night, and what raises each alert in it, planted as the pipeline itself leaves it."""

import os
import shutil
from collections.abc import Callable
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
from test_status import refused

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.settings import PROJECT, read_settings
from pipeline.ledger import audit, profiles, runs, watched
from pipeline.ledger.connect import writing
from pipeline.ledger.deliveries import record_received
from pipeline.ledger.tables import delivery as delivery_table
from pipeline.ledger.watched import Verdict, Watched
from pipeline.rules.delivery_history import ODD_VOLUME
from pipeline.rules.times import intake_cut_off
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.at_hand.stops import stop_kept
from pipeline.steps.night.after_night import after_night
from pipeline.steps.publish.recall import recall
from pipeline.steps.receive.receive import receive
from pipeline.steps.run.run import open_run
from pipeline.steps.tell.alerts import notify
from pipeline.steps.validate.overrule import overrule
from pipeline.steps.validate.verdict import rules_of_size
from pipeline.store import layout
from pipeline.store.keys import create_keys

NIGHT = date(2026, 11, 15)
MORNING = datetime(2026, 11, 16, 7, tzinfo=UTC)


def make_quiet_home(path: Path) -> Path:
    """The morning after a night that finished and in which nothing waits."""
    home = read_settings({"RISKSTRAT_HOME": str(path)})
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


def quiet_copy(made: Path, target: Path) -> Context:
    """A copy of that home, to be changed."""
    shutil.copytree(made, target)
    return open_context(read_settings({"RISKSTRAT_HOME": str(target), "RISKSTRAT_NOW": MORNING.isoformat()}))


def own_bounds(context: Context, **changes: object) -> None:
    content = yaml.safe_load((PROJECT / "policy" / "alerts.yml").read_text())
    content["bounds"] |= changes
    (context.settings.home / "alerts.yml").write_text(yaml.safe_dump(content))


def later(context: Context, **by: int) -> Context:
    moment = context.now() + timedelta(**by)
    return Context(
        settings=context.settings.model_copy(update={"now": moment}), ledger=context.ledger, keys=context.keys
    )


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


def after(context: Context, as_of: date) -> Context:
    """At the cut-off of a night, or at the context's own moment where that is later."""
    moment = max(context.now(), intake_cut_off(as_of))
    return replace(context, settings=context.settings.model_copy(update={"now": moment}))


def begun_night(as_of: date) -> Callable[[Context], object]:
    """Another night is frozen and goes no further."""
    return lambda context: open_run(after(context, as_of), as_of=as_of, knowledge="then")


def finished(as_of: date, **counts: int) -> Callable[[Context], None]:
    """Another night finishes, and counts this of its packs."""

    def plant(context: Context) -> None:
        run = open_run(after(context, as_of), as_of=as_of, knowledge="then")
        told = {f"publish.{name}": count for name, count in counts.items()}
        runs.finish_run(context.ledger, run_key=run.run_key, at=MORNING, counts=told)

    return plant


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
    reports = layout.run_page(context.settings.home, NIGHT, "x").parent
    reports.parent.mkdir(parents=True, exist_ok=True)
    reports.write_text("")
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
