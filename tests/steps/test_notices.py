"""A notice goes out when something changes, by file and by mail; one that fails is told and made good; nobody's words
travel; and a home that cannot be opened is told of all the same."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from local_relay import Relay, a_certificate
from planted_alerts import MORNING, NIGHT, later, notify_by_email, odd_size, stopping, stray_file
from small_home import ANN, deliver, entry
from test_alerts import FITS_NONE, context
from test_status import refused

from pipeline.__main__ import main
from pipeline.contracts.settings import Settings
from pipeline.errors import UserError
from pipeline.ledger.notices import last_notice, list_notices
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.tell.alerts import notify, notify_closed_home
from pipeline.steps.tell.status import status
from pipeline.steps.tell.status_words import told
from pipeline.steps.validate.overrule import overrule

__all__ = ["context"]


def test_what_was_told_is_not_told_again_until_it_changes(context: Context) -> None:
    """New, nothing, more, a reminder after a week, over: a line in the file for each but the nothing."""
    first = refused(context, at=MORNING)
    assert notify(context, as_of=NIGHT) == {"open": 1, "stopped": 0, "sent": 1, "unsent": 0}
    assert notify(later(context, days=1), as_of=NIGHT)["sent"] == 0
    second = refused(context, at=MORNING + timedelta(hours=1))
    assert notify(later(context, days=2), as_of=NIGHT)["sent"] == 1
    assert notify(later(context, days=8), as_of=NIGHT)["sent"] == 0
    assert notify(later(context, days=9), as_of=NIGHT)["sent"] == 1
    deliver(context, "gp_event", [entry(ANN, "O-2")], at="2026-11-16T22:00:00")
    assert notify(later(context, days=10), as_of=NIGHT) == {"open": 0, "stopped": 0, "sent": 1, "unsent": 0}
    assert notify(later(context, days=30), as_of=NIGHT)["sent"] == 0
    lines = (context.settings.home / "logs" / "notices.jsonl").read_text().splitlines()
    told = [[(one["state"], one["subjects"]) for one in json.loads(line)["alerts"]] for line in lines]
    assert told == [
        [("new", [first])], [("more", [first, second])], [("still", [first, second])], [("over", [first, second])]
    ]  # fmt: skip
    assert [one.ways for one in list_notices(context.ledger)] == [{"file": "sent"}] * 4


def test_one_mail_a_night_and_a_failed_one_is_told_and_made_good(context: Context, tmp_path: Path) -> None:
    refused(context, at=MORNING)
    odd_size(context)
    certificate, key = a_certificate(tmp_path, name="localhost", last=MORNING + timedelta(days=3650))
    notify_by_email(context, port=9, authority=certificate)
    assert notify(context, as_of=NIGHT) == {"open": 2, "stopped": 0, "sent": 1, "unsent": 1}
    report = status(context)
    assert report.exit_code == 1
    assert "The last notice did not go out by email" in told(report) and "Told since 2026-11-16" in told(report)
    with Relay(certificate, key) as relay:
        notify_by_email(context, port=relay.port, authority=certificate)
        # Nothing new has happened: what was not handed over is, in one message.
        assert notify(later(context, hours=1), as_of=NIGHT)["unsent"] == 0
        assert notify(later(context, hours=2), as_of=NIGHT)["sent"] == 2, "that it did not go out is over"
        assert notify(later(context, hours=3), as_of=NIGHT)["sent"] == 0
    first, second = (one.content for one in relay.messages)
    assert first["Subject"] == "Risk registers, night of 2026-11-15: 3 to look at"
    text = first.get_content()
    assert "docs/runbooks/delivery-refused.md" in text and "docs/runbooks/notices-unsent.md" in text
    assert "It breaks off" not in text and "Over:" in second.get_content()


def test_only_what_stops_publication_by_mail(context: Context, tmp_path: Path) -> None:
    refused(context, at=MORNING)
    certificate, key = a_certificate(tmp_path, name="localhost", last=MORNING + timedelta(days=3650))
    with Relay(certificate, key) as relay:
        notify_by_email(context, port=relay.port, authority=certificate, least="stopped")
        assert notify(context, as_of=NIGHT)["sent"] == 1
        assert relay.messages == []
        stopping(FITS_NONE)(context)
        assert notify(context, as_of=NIGHT)["sent"] == 2
    (mail,) = relay.messages
    assert mail.content["Subject"] == "Risk registers, night of 2026-11-15: 1 stopped"


def test_a_plan_that_cannot_be_read_falls_back_to_the_file(context: Context) -> None:
    refused(context, at=MORNING)
    context.settings.notify_file.write_text("notify: test\nversion: 1\npassword: sesame\n")
    assert notify(context, as_of=NIGHT) == {"open": 1, "stopped": 0, "sent": 1, "unsent": 1}
    (notice,) = list_notices(context.ledger)
    assert notice.ways["file"] == "sent" and notice.ways["plan"].startswith("not read (notify.yml")
    assert "sesame" not in str(notice)


def test_nobodys_words_travel(context: Context) -> None:
    """Reasons people typed, names of files and places in a message stay: ids and counts go."""
    overrule(
        context, delivery_id="gp_event.GPS01.20261115T200000Z", verb="hold", who="Nurse Canary", reason="canary words"
    )
    stray_file(context)
    stopping(UserError("A canary broke in", where="canary place", next_step="see"))(context)
    notify(context, as_of=NIGHT)
    line = (context.settings.home / "logs" / "notices.jsonl").read_text().lower()
    assert '"open"' not in line and "file_left_lying" in line and "night_not_finished" in line
    assert "canary" not in line and "of somebody" not in line


def closed_home(context: Context, mark: str) -> tuple[Settings, UserError]:
    """The home as `open_context` refuses it."""
    home = context.settings.home
    if mark == "keys":
        next(context.settings.keys_folder.glob("person*")).unlink()
    else:
        (home / mark).touch()
    with pytest.raises(UserError) as refusal:
        open_context(context.settings)
    return context.settings, refusal.value


@pytest.mark.parametrize(
    ("mark", "name"),
    [("keys", "home_closed"), (".rotating", "keys_not_of_home"), (".restoring", "restore_stopped")],
)
def test_a_closed_home(context: Context, mark: str, name: str) -> None:
    """It is told all the same; where the ledger may be read, once, and nothing else is said to be over."""
    refused(context, at=MORNING)
    notify(context, as_of=NIGHT)
    settings, error = closed_home(context, mark)
    assert notify_closed_home(settings, error, as_of=NIGHT) == {"file": "sent"}
    line = json.loads((settings.home / "logs" / "notices.jsonl").read_text().splitlines()[-1])
    assert name in [one["name"] for one in line["alerts"]]
    assert "over" not in [one["state"] for one in line["alerts"]]
    if mark == "keys":
        assert notify_closed_home(settings, error, as_of=NIGHT) == {}
        last = last_notice(context.ledger)
        assert last is not None and {one["name"] for one in last.alerts} == {name, "delivery_refused"}


def test_a_ledger_that_does_not_open_is_told_too(context: Context, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    settings = context.settings.model_copy(update={"ledger_url": f"sqlite:///{tmp_path / 'folder'}"})
    assert notify_closed_home(settings, ValueError(), as_of=NIGHT) == {"file": "sent"}


def test_the_commands_say_what_they_did(
    context: Context, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(context, at=MORNING)
    monkeypatch.setenv("RISKSTRAT_HOME", str(context.settings.home))
    monkeypatch.setenv("RISKSTRAT_NOW", MORNING.isoformat())
    assert main(["notices"]) == 0
    assert main(["notify", "--as-of", str(NIGHT), "--dry-run"]) == 0
    assert list_notices(context.ledger) == []
    assert main(["notify", "--as-of", str(NIGHT)]) == 0
    assert main(["notices", "--most", "1"]) == 0
    assert main(["notices", "--json"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Nobody has been told of anything yet\nNight of 2026-11-15: 1 to look at.")
    assert "notify: open 1, stopped 0, sent 1, unsent 0" in out
    assert "2026-11-16 07:00 UTC, night of 2026-11-15: 1 to look at; file sent" in out
    (context.settings.home / ".restoring").touch()
    assert main(["notify", "--as-of", str(NIGHT)]) == 2
    assert "told by file: sent" in capsys.readouterr().out
