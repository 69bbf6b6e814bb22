"""A backfill of the two nights of the finished home: the same bytes, or every row that differs explained.

Whatever it makes lies apart: no edition, no list and nothing that leaves is another afterwards. The landing folder is
gone before it begins, since it reads no delivery.
"""

import contextlib
import csv
import io
import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from finished_home import FIRST, SECOND, Demo, Truth
from homes import copy_home, packs, refuse_late_file, tree
from test_accounting import register_rows

from pipeline.contracts.settings import Settings
from pipeline.ledger import backfills, outbox, registers, runs
from pipeline.ledger.backfills import BackfilledNight
from pipeline.ledger.registers import Edition
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.backfill.run import Wanted, backfill, would_do
from pipeline.steps.intake import intake
from pipeline.steps.opt_out.erasure import key_of
from pipeline.store import layout

pytestmark = pytest.mark.acceptance

THEN = Wanted(FIRST, SECOND, "week", "then")


def run(settings: Settings, wanted: Wanted) -> str:
    """The backfill to its end; what it said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        backfill(settings, wanted=wanted)
    return said.getvalue()


def current(context: Context) -> list[Edition]:
    return [one for one in registers.list_editions(context.ledger) if one.kind == "current"]


def published(home: Path) -> dict[str, str]:
    return {name: digest for name, digest in tree(home, "registers", "localities").items() if "/replays/" not in name}


@pytest.fixture(scope="module")
def as_it_was(home: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Context, str]]:
    """A copy in which nothing has changed but that a file was refused since, backfilled; and what it said."""
    settings = copy_home(home.home, tmp_path_factory.mktemp("as_it_was") / "home")
    shutil.rmtree(layout.landing(settings.home))
    refuse_late_file(settings, night=SECOND)
    said = run(settings, THEN)
    context = open_context(settings)
    yield context, said
    context.ledger.engine.dispose()


def night_of(context: Context, day: date) -> BackfilledNight:
    [asked] = backfills.list_backfills(context.ledger)
    return {one.as_of: one for one in backfills.nights(context.ledger, series=asked.series)}[day]


def test_a_night_of_which_nothing_has_changed_comes_out_with_the_same_bytes(
    home: Demo, as_it_was: tuple[Context, str]
) -> None:
    context, said = as_it_was
    key = home.nights[1].run.run_key
    made = {path.name: path for path in (context.settings.home / "registers" / "replays" / key).iterdir()}
    for code, pack in packs(home.home, SECOND).items():
        for file in sorted(one for one in pack.iterdir() if one.is_file()):
            assert (made[code] / file.name).read_bytes() == file.read_bytes(), (code, file.name)
    assert f"2 of 2: {SECOND}, " in said
    assert "the same bytes as the 4 published on that date" in said
    [asked] = backfills.list_backfills(context.ledger)
    assert (asked.state, asked.series) == ("finished", f"{FIRST}_{SECOND}_week_then_1")
    content = night_of(context, SECOND).content
    assert (content["compared"], content["same_bytes"], content["differ"]) == (4, 4, 0)
    assert content["localities"]["compared"] == content["localities"]["same_bytes"] > 0
    assert content["is_that_night"]


def test_who_opted_out_since_is_nowhere_and_every_other_row_is_explained(
    home: Demo, truth: Truth, as_it_was: tuple[Context, str]
) -> None:
    """In the region's second week somebody dissents: the first night is another without them, told in counts alone."""
    context, _ = as_it_was
    then, now = ({one["nhs_number"] for one in truth.dissenting(on=day)} for day in (FIRST, SECOND))
    gone = now - then
    assert gone
    night = night_of(context, FIRST)
    assert night.run_key != home.nights[0].run.run_key
    assert night.content["changed"] == ["opted_out"]
    assert not night.content["is_that_night"]
    whys = [why for practice in night.content["practices"].values() for why in practice["why"]]
    assert "unexplained" not in whys
    listed = {row["nhs_number"] for pack in packs(home.home, FIRST).values() for row in register_rows(pack)}
    assert ("opted_out" in whys) == bool(listed & gone)
    for folder in ("registers/replays", "localities/replays", "reports/backfills"):
        for path in sorted((context.settings.home / folder).rglob("*")):
            if path.is_file() and path.suffix != ".xlsx":
                text = path.read_text(encoding="utf-8", errors="replace")
                assert not [one for one in gone if one in text or key_of(context, one) in text], path.name


def test_no_edition_is_another_and_nothing_leaves(home: Demo, as_it_was: tuple[Context, str]) -> None:
    context, _ = as_it_was
    assert published(context.settings.home) == published(home.home)
    before = open_context(home.settings)
    assert current(context) == current(before)
    assert outbox.list_outbox(context.ledger) == outbox.list_outbox(before.ledger)
    nights = [one for one in runs.list_runs(context.ledger) if one.kind != "replay"]
    assert nights == runs.list_runs(before.ledger)
    before.ledger.engine.dispose()


def test_asked_for_again_it_says_what_it_would_do_and_does_nothing(home: Demo, as_it_was: tuple[Context, str]) -> None:
    """At its end the same words begin another one; what it would do is said without doing it."""
    context, _ = as_it_was
    told = would_do(context, wanted=THEN)
    assert told[0] == "2 nights, 0 made before"
    assert told[1].endswith(f"would be made anew and compared with run {home.nights[0].run.run_key}: opted out since")
    assert told[2].endswith("as it was; its packs would be made again and compared")
    assert len(backfills.list_backfills(context.ledger)) == 1


def test_with_todays_knowledge_nights_continue_each_other_and_late_data_explain_the_rows(
    home: Demo, tmp_path: Path
) -> None:
    settings = copy_home(home.home, tmp_path / "home")
    context = open_context(settings)
    with contextlib.redirect_stdout(io.StringIO()):
        intake(context)
    context.ledger.engine.dispose()
    before = published(settings.home)
    run(settings, Wanted(FIRST, SECOND, "week", "now"))
    assert published(settings.home) == before
    context = open_context(settings)
    [asked] = backfills.list_backfills(context.ledger)
    first, second = backfills.nights(context.ledger, series=asked.series)
    made = runs.get_run(context.ledger, str(second.run_key))
    assert made is not None
    assert made.inputs["chain"] == [first.run_key]
    own = dict(made.inputs["previous_editions"])
    assert own["F83671"] == f"replay.practice.F83671.{first.run_key}"
    manifest = settings.home / "registers" / "replays" / str(second.run_key) / "F83671" / "manifest.json"
    assert json.loads(manifest.read_bytes())["edition_number"] == 2
    assert "deliveries" in second.content["changed"]
    assert any("deliveries" in one["why"] for one in second.content["practices"].values())
    assert not any("unexplained" in one["why"] for one in second.content["practices"].values())
    rows = list(csv.DictReader(io.StringIO(layout.replay_differences(settings.home, str(second.run_key)).read_text())))
    assert len(rows) == sum(
        count for one in second.content["practices"].values() for why, count in one["why"].items() if why != "opted_out"
    )
    assert set(rows[0]) == {"practice_code", "rank_published", "rank_made", "what", "columns", "why"}
    context.ledger.engine.dispose()
