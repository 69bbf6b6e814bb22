"""A backfill that is to be sent, with real packs and real folders: what was asked for leaves once, and nothing else.

What leaves late is beside the editions: the next night, the practice's last edition and what is sent of it are as if
nothing had been sent.
"""

import contextlib
import io
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from finished_home import FIRST, SECOND, Demo
from homes import copy_home, tree

from pipeline.contracts.settings import Settings
from pipeline.ledger import backfills, outbox, registers
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.backfill import backfill as step
from pipeline.steps.backfill.run import Wanted, backfill, would_do
from pipeline.steps.exchange.deliver import deliver
from pipeline.steps.publish.recall import recall
from pipeline.steps.run.run import open_run
from pipeline.store import layout

pytestmark = pytest.mark.acceptance

# The plan names two of the four practices that take part.
NAMED = ("F83671", "F85061")
NEXT = date(2026, 11, 29)
SEND = Wanted(FIRST, SECOND, "week", "then", send=True)


def run(settings: Settings, wanted: Wanted) -> str:
    """The backfill to its end; what it said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        backfill(settings, wanted=wanted)
    return said.getvalue()


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Context]:
    context = open_context(settings)
    yield context
    context.ledger.engine.dispose()


def entered(settings: Settings) -> dict[str, str]:
    with opened(settings) as context:
        return {row.edition_id: row.state for row in outbox.list_outbox(context.ledger)}


def current(settings: Settings) -> list[object]:
    with opened(settings) as context:
        return [one for one in registers.list_editions(context.ledger) if one.kind == "current"]


def continues(settings: Settings, scratch: Path) -> dict[str, object]:
    """What the next night would continue, asked of a copy of the home's ledger."""
    come = datetime(2026, 11, 30, 7, tzinfo=UTC)
    copy = copy_home(settings.home, scratch).model_copy(update={"now": come})
    with opened(copy) as context:
        return dict(open_run(context, as_of=NEXT, knowledge="then").inputs)


@pytest.fixture(scope="module")
def planned(home: Demo, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Path]:
    """A copy with a delivery plan that lays packs of two practices into a folder each."""
    folder = tmp_path_factory.mktemp("sent")
    settings = copy_home(home.home, folder / "home")
    shutil.rmtree(layout.landing(settings.home))
    recipients = []
    for code in NAMED:
        (folder / "shares" / code).mkdir(parents=True)
        how = {"way": "folder", "folder": str(folder / "shares" / code)}
        recipients.append({"code": code, "valid_from": date(2026, 1, 1), **how})
    settings.delivery_file.write_text(yaml.safe_dump({"delivery": "test", "version": 1, "recipients": recipients}))
    return settings, folder / "shares"


def made_of(settings: Settings) -> dict[date, str]:
    """The nights of the backfill that was sent first, and their runs."""
    with opened(settings) as context:
        return {one.as_of: str(one.run_key) for one in backfills.nights(context.ledger, series=f"{SEND.words}_1")}


def contents(folders: Iterable[Path]) -> list[str]:
    """Names and bytes of the files in each, to be compared whatever the folders are called."""
    return sorted(str({path.name: path.read_bytes() for path in sorted(folder.iterdir())}) for folder in folders)


def test_nothing_is_sent_unless_it_is_asked_for_and_then_each_once_over_a_stop(
    planned: tuple[Settings, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, _ = planned
    said = run(settings, Wanted(FIRST, SECOND, "week", "then"))
    assert "outbox" not in said and entered(settings) == {}

    with opened(settings) as context:
        assert would_do(context, wanted=SEND)[-1].endswith("would be sent")
    assert entered(settings) == {}

    # Stopped after the second night's packs were entered and before the night counts as made.
    stopped = iter([False, True])
    record = backfills.record_night

    def record_or_stop(ledger, *, night):
        if night.state == "finished" and next(stopped):
            raise KeyboardInterrupt
        record(ledger, night=night)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(step.backfills, "record_night", record_or_stop)
        run(settings, SEND)
    half = entered(settings)
    said = run(settings, SEND)
    asked = entered(settings)
    assert set(asked.values()) == {"waiting"} and half == asked
    assert "2026-11-22" in said and "2026-11-15," not in said
    assert "4 packs (2 of practices in the outbox)" in said
    assert "in the outbox: 4 packs; what waits there leaves with riskstrat deliver" in said

    assert set(asked) == {f"replay.practice.{code}.{key}" for key in made_of(settings).values() for code in NAMED}


def test_it_leaves_once_and_beside_the_editions(planned: tuple[Settings, Path], home: Demo, tmp_path: Path) -> None:
    """Exactly the bytes that lie apart, each in its practice's folder; the next night goes on from the last edition."""
    settings, shares = planned
    before = set(entered(settings))
    with opened(settings) as context:
        assert deliver(context).counts["sent"] == 4
        assert deliver(context).counts["sent"] == 0
    replays = settings.home / "registers" / "replays"
    for code in NAMED:
        assert contents(replays / key / code for key in made_of(settings).values()) == contents(
            (shares / code).iterdir()
        )
    # Asked for again, a new series: every pack has been there, and none goes twice.
    run(settings, SEND)
    assert set(entered(settings)) == before
    made, published = (tree(one, "registers", "localities") for one in (settings.home, home.home))
    assert {name: digest for name, digest in made.items() if "/replays/" not in name} == published
    assert current(settings) == current(home.settings)
    assert continues(settings, tmp_path / "sent") == continues(home.settings, tmp_path / "not sent")


def test_one_that_was_sent_can_be_taken_back_by_its_id(planned: tuple[Settings, Path]) -> None:
    settings, _ = planned
    with opened(settings) as context:
        first = next(row for row in outbox.list_outbox(context.ledger) if row.kind == "register")
        told = recall(context, edition_id=first.edition_id, who="A. Operator", reason="sent to try it out")
        assert told.is_new and told.has_notice
        assert deliver(context).counts["sent"] == 1
        [notice] = [row for row in outbox.list_outbox(context.ledger) if row.kind == "recall"]
        assert (notice.edition_id, notice.state) == (first.edition_id, "collected")
