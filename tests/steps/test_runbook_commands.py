"""Pages that need no whole night: the alert is raised in a small home, and the commands of its page are run.

Lines that run a night are left out here; tests/journey/test_runbooks.py runs nights from such pages.
"""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from answering import STAMP, register, send
from landed_files import land
from local_relay import a_certificate
from returned_files import as_csv
from runbook_pages import lines_of, not_as_told, run_page
from small_home import ANN, deliver, entry, numbers, patient
from small_outbox import a_home, publish, to_folders
from test_alerts import forge_audit, own_bounds, policy_with, unsent
from test_run import enter_edition, enter_model, finish, write_policy
from test_status import refused

from pipeline.__main__ import main
from pipeline.contracts.receipt import RefusedByRule
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.errors import UserError
from pipeline.ledger import inbox, outbox, runs
from pipeline.ledger.inbox import Incoming
from pipeline.rules.alerts import Alert
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.exchange.deliver import deliver as send_packs
from pipeline.steps.link.link import link
from pipeline.steps.publish.recall import recall
from pipeline.steps.receive.receive import receive
from pipeline.steps.run.run import open_run
from pipeline.steps.tell.alerts import alerts_of_night, notify_closed_home
from pipeline.steps.validate.validate import validate
from pipeline.store import layout
from pipeline.store.keys import create_keys

pytestmark = pytest.mark.acceptance
NIGHT = date(2026, 11, 22)
MORNING = datetime(2026, 11, 23, 7, tzinfo=UTC)
LATER = datetime(2026, 11, 30, 7, tzinfo=UTC)
NO_NIGHT = "riskstrat nightly"


@pytest.fixture
def context(home: Settings) -> Context:
    """The morning after a night that finished."""
    create_keys(home.keys_folder)
    write_policy(home, lambda policy: None)
    context = open_context(home.model_copy(update={"now": MORNING}))
    deliver(context, "gp_patient", [patient(ANN, "1")], at="2026-11-22T20:00:00")
    deliver(context, "gp_event", [entry(ANN, "O-1")], at="2026-11-22T20:00:00")
    enter_model(context, "model")
    finish(context, open_run(context, as_of=NIGHT, knowledge="then"))
    own_bounds(context, disk_free_least_pct=0)
    return context


def raised(context: Context) -> dict[str, Alert]:
    return {one.name: one for one in alerts_of_night(context, as_of=NIGHT) if one.is_open}


def at(context: Context, moment: datetime) -> Context:
    """The same home at another moment."""
    settings = context.settings.model_copy(update={"now": moment})
    return Context(settings=settings, ledger=context.ledger, keys=context.keys)


def page_runs(context: Context, page: str, work: Path, *, now: datetime = MORNING, **more: Any) -> None:
    ended = run_page(page, context.settings.home, work=work, now=now, **more)
    assert ended and not_as_told(ended) == []


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The folder in which the operator stands."""
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def test_every_alerts_page_is_run_by_a_test() -> None:
    here = "\n".join(
        (PROJECT / "tests" / folder / f"{name}.py").read_text()
        for folder, name in (
            ("steps", "test_runbook_commands"), ("steps", "test_runbook_watching"), ("journey", "test_runbooks"),
            ("journey", "operated_home"),
        )
    )  # fmt: skip
    content = yaml.safe_load((PROJECT / "policy" / "alerts.yml").read_text())
    pages = {kind["runbook"] for kind in content["declared"].values()}
    assert [page for page in sorted(pages) if f'"{page}"' not in here] == []


def test_what_may_follow_a_command() -> None:
    assert all(line.may_end == (0,) for line in lines_of("disk-nearly-full"))
    assert lines_of("registers-late")[0].may_end == (0, 1, 2)


def test_a_late_delivery(context: Context, work: Path) -> None:
    late = at(context, LATER)
    finish(late, open_run(late, as_of=date(2026, 11, 29), knowledge="then"))
    assert "sender_silent" in raised(late)
    land(context, "gp_event", [{"nhs_number": ANN}], name="late", sender="GPS01", at="2026-11-29T20:00:00Z")
    page_runs(late, "delivery-late", work, now=LATER, examples={"2026-11-23": "2026-11-29"})
    assert "sender_silent" not in raised(late)


def test_a_refused_delivery(context: Context, work: Path) -> None:
    refused(context, at=datetime(2026, 11, 22, 21, tzinfo=UTC))
    (context.settings.home / "reports" / "deliveries").mkdir(parents=True)
    assert "delivery_refused" in raised(context)
    land(context, "gp_event", [{"nhs_number": ANN}], name="again", sender="GPS01", at="2026-11-23T21:00:00Z")
    page_runs(context, "delivery-refused", work)
    assert "delivery_refused" not in raised(context)


def test_a_short_delivery(context: Context, work: Path) -> None:
    for day in range(11, 17):
        several = [{"nhs_number": ANN, "observation_id": f"O-{day}-{place}"} for place in range(40)]
        land(context, "gp_event", several, name=f"d{day}", sender="GPS01", at=f"2026-11-{day}T20:00:00Z")
    path = land(context, "gp_event", [{"nhs_number": ANN}], name="short", sender="GPS01", at="2026-11-22T23:00:00Z")
    assert path.is_file()
    for name in receive(context).delivery_ids:
        validate(context, delivery_id=name)
    short = "gp_event.GPS01.20261122T230000Z"
    assert raised(context)["delivery_short"].subjects == (short,)
    page_runs(
        context, "delivery-held", work, examples={"acute_ecds.RAL.20261115T200000Z": short}, without=[NO_NIGHT]
    )  # fmt: skip
    assert "delivery_short" not in raised(context)


def test_rates_of_linkage(context: Context, work: Path) -> None:
    people = numbers(30)
    deliver(context, "gp_patient", [patient(one, str(n)) for n, one in enumerate(people)], at="2026-11-10T20:00:00")
    for day in range(16, 21):
        lines = [entry(number, f"O-{day}-{place}") for place, number in enumerate(people)]
        for line in lines[: 12 if day == 20 else 1]:
            line["nhs_number"] = ""
        name = deliver(context, "gp_event", lines, at=f"2026-11-22T21:0{day - 16}:00")
        link(context)
    assert raised(context)["linkage_rates"].subjects == (name,)
    page_runs(context, "linkage-rates", work, examples={"community_contact.RKE.20261118T200000Z": name})
    assert "linkage_rates" not in raised(context)


def test_a_register_that_is_wrong(context: Context, work: Path) -> None:
    run = runs.list_runs(context.ledger)[0]
    for as_of in (date(2026, 11, 15), NIGHT):
        enter_edition(context, run, as_of=as_of)
    recall(context, edition_id="practice.F83671.2026-11-22.r1", who="A. Name", reason="a test")
    assert "edition_recalled" in raised(context)
    page_runs(context, "wrong-register", work, without=[NO_NIGHT])


def test_a_disk_that_is_nearly_full(context: Context, work: Path) -> None:
    own_bounds(context, disk_free_least_pct=100)
    assert "disk_nearly_full" in raised(context)
    page_runs(context, "disk-nearly-full", work)


def test_a_certificate_that_ends(context: Context, work: Path, tmp_path: Path) -> None:
    old, _ = a_certificate(work, name="mesh-client", last=MORNING + timedelta(days=3))
    plan = {"host": "localhost", "sender": "a@example.org", "recipients": ["b@example.org"], "least": "stopped"}
    content = {"notify": "test", "version": 1, "file": {}, "email": plan | {"authority_file": str(old)}}
    context.settings.notify_file.write_text(yaml.safe_dump(content))
    delivering = {"delivery": "test", "version": 1, **to_folders(tmp_path / "out", ["F83671"])}
    context.settings.delivery_file.write_text(yaml.safe_dump(delivering))
    assert raised(context)["certificate_ends_soon"].subjects == ("mesh-client.pem until 2026-11-26",)
    a_certificate(work, name="mesh-client", last=MORNING + timedelta(days=365))
    page_runs(context, "certificates", work)
    assert "certificate_ends_soon" not in raised(context)


def test_a_notice_that_did_not_go_out(context: Context, work: Path) -> None:
    unsent(context)
    assert "notice_unsent" in raised(context)
    context.settings.notify_file.unlink()
    page_runs(context, "notices-unsent", work)
    assert "notice_unsent" not in raised(context)


def test_a_file_sent_back_that_was_refused(answering: Context, work: Path) -> None:
    with pytest.raises(RefusedByRule):
        send(answering, b"nothing of a register", name="back.doc", at=STAMP)
    late = STAMP + timedelta(hours=2)
    here = at(answering, late)
    assert "feedback_refused" in raised(here)
    (work / "back.csv").write_bytes(as_csv(register(answering, status="accepted")))
    page_runs(here, "feedback-refused", work, now=late)
    assert "feedback_refused" not in raised(here)


def test_packs_that_do_not_arrive(tmp_path: Path, work: Path) -> None:
    """One is not known to have left, another has waited for days; the page's words settle both."""
    context = a_home(
        tmp_path / "home", plan=to_folders(tmp_path / "out", ["F83671", "F83039"], is_emptied=True),
        now=datetime(2026, 11, 16, 9, tzinfo=UTC),
    )  # fmt: skip
    write_policy(context.settings, lambda policy: None)
    (unknown,) = publish(context, "F83671")
    (waits,) = publish(context, "F83039")
    now = context.now()
    outbox.move(
        context.ledger, unknown.local_id, at=now, event="sending", state="sending", sending_at=now, attempts=1
    )  # fmt: skip
    there = at(context, datetime(2026, 11, 20, 9, tzinfo=UTC))
    assert raised(there)["message_unsent"].subjects == tuple(sorted((unknown.local_id, waits.local_id)))
    page_runs(
        there, "mesh", work, now=there.now(),
        examples={"register-practice-F83671-20261122-r1-1e2a3dd6": unknown.local_id},
    )  # fmt: skip
    assert "not_collected" not in raised(there)
    assert waits.local_id not in [row.local_id for row in outbox.list_outbox(there.ledger, states=["waiting"])]


def test_packs_that_nobody_collects(tmp_path: Path) -> None:
    context = a_home(
        tmp_path / "home", plan=to_folders(tmp_path / "out", ["F83671"], is_emptied=True),
        now=datetime(2026, 11, 16, 9, tzinfo=UTC),
    )  # fmt: skip
    write_policy(context.settings, lambda policy: None)
    (row,) = publish(context, "F83671")
    send_packs(context)
    found = raised(at(context, datetime(2026, 11, 21, 9, tzinfo=UTC)))
    assert found["not_collected"].subjects == (row.local_id,)


def test_a_mailbox_that_is_silent_and_a_message_nobody_announced(tmp_path: Path) -> None:
    secrets = {
        f"{name}_file": str(tmp_path / name) for name in ("password", "shared_key", "certificate", "private_key")
    }
    context = a_home(
        tmp_path / "home", plan={"mesh": {"url": "https://mesh.example.org", "mailbox": "X26OURS", **secrets}}
    )
    write_policy(context.settings, lambda policy: None)
    message = Incoming(
        "M1", "X26OURS", "X26NOBODY", "RISK_EXTRACT", "a", "0" * 64, "set_apart", None, "unknown", MORNING, MORNING
    )  # fmt: skip
    inbox.enter(context.ledger, message)
    found = raised(context)
    assert (found["no_handshake"].subjects, found["message_set_apart"].subjects) == (("X26OURS",), ("M1",))
    assert "certificate_ends_soon" in found, "one that is not there cannot be read"


def test_keys_that_are_not_there(context: Context, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    away = context.settings.home / "away"
    context.settings.keys_folder.rename(away)
    with pytest.raises(UserError) as closed:
        open_context(context.settings)
    assert notify_closed_home(context.settings, closed.value, as_of=NIGHT) == {"file": "sent"}
    away.rename(context.settings.keys_folder)
    page_runs(context, "keys-missing", work)
    assert raised(open_context(context.settings)) == {}


def test_keys_that_are_rotated(context: Context, work: Path) -> None:
    (context.settings.home / ".rotating").touch()
    with pytest.raises(UserError) as closed:
        open_context(context.settings)
    assert notify_closed_home(context.settings, closed.value, as_of=NIGHT) == {"file": "sent"}
    (context.settings.home / ".rotating").unlink()
    (work / "passphrase.txt").write_text("a long passphrase of several words\n")
    (work / "passphrase.txt").chmod(0o600)
    page_runs(context, "keys-rotate", work)


def test_an_audit_that_is_broken(context: Context, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first block of the page; the others, for PostgreSQL, are run by tests/steps/test_backup.py."""
    (work / "passphrase.txt").write_text("a long passphrase of several words\n")
    (work / "passphrase.txt").chmod(0o600)
    monkeypatch.chdir(work)
    monkeypatch.setenv("RISKSTRAT_HOME", str(context.settings.home))
    assert main(["backup", "--to", "backup-2026-11-22", "--passphrase-file", "passphrase.txt"]) == 0
    forge_audit(context)
    assert "audit_broken" in raised(context)
    page_runs(context, "restore", work, until="riskstrat backup")


def test_a_check_for_opt_outs_that_closes_the_gate(context: Context, work: Path) -> None:
    def applies(policy: dict[str, Any]) -> None:
        policy["sources"][0]["national_data_opt_out_applies"] = True

    def answered() -> str:
        """The check service answers that everybody may be used."""
        home = context.settings.home
        for asked in layout.opt_out_requests(home).iterdir():
            shutil.copyfile(asked, layout.opt_out_replies(home) / asked.name)
        return "opt-outs read"

    policy_with(applies)(context)
    assert "opt_out_check" in raised(context)
    page_runs(
        context, "opt-out-check", work, without=[NO_NIGHT],
        examples={"opt-outs read": answered},
    )  # fmt: skip
    assert "opt_out_check" not in raised(context)
    assert "opt_out_check_ends_soon" in raised(at(context, MORNING + timedelta(days=12)))
