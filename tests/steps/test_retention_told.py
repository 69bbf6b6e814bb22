"""What tells of nights goes by its declared days: pages and figures, comparisons of backfills, lineage, notices."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from run_home import enter_edition, enter_model, finish, opened, write_policy
from small_home import ANN, deliver, patient, small_context

from pipeline.contracts.retention import FILE
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.ledger import backfills
from pipeline.ledger.backfills import Backfill, BackfilledNight
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.steps.upkeep.purge import purge, told
from pipeline.steps.upkeep.retention import Item, past_their_time
from pipeline.store import layout

NIGHT = date(2026, 11, 15)
BY = {"who": "A. Name", "reason": "retention"}
ZONES = {"run_reports", "reports", "lineage", "notices"}


@pytest.fixture
def context(home: Settings) -> Context:
    context = small_context(home)
    write_policy(home, lambda policy: None)
    deliver(context, "gp_patient", [patient(ANN, "1")])
    enter_model(context, "model")
    return context


def later(context: Context, days: int) -> Context:
    now = datetime(2026, 11, 15, 9, tzinfo=UTC) + timedelta(days=days)
    return replace(context, settings=context.settings.model_copy(update={"now": now}))


def in_zone(context: Context, zone: str) -> list[Item]:
    return [item for item in past_their_time(context) if item.zone == zone]


def told_of(context: Context, run: Run) -> tuple[Path, Path]:
    """A page and figures of the run, as they would lie there."""
    page = layout.run_page(context.settings.home, run.as_of, run.run_key)
    figures = layout.run_report(context.settings.home, run.run_key)
    figures.mkdir(parents=True)
    (figures / "metrics.prom").write_text("x 1\n")
    page.write_text("<html>")
    return page, figures


def test_pages_and_figures_of_old_nights_go_and_those_of_an_edition_in_use_stay(context: Context) -> None:
    nights = [opened(context, as_of=NIGHT + timedelta(days=days)) for days in (0, 7)]
    paths = [told_of(context, run) for run in nights]
    for run in nights:
        finish(context, run)
        enter_edition(context, run, as_of=run.as_of)
    other = layout.run_page(context.settings.home, NIGHT, "not-in-the-ledger")
    other.write_text("somebody's own")
    assert in_zone(later(context, 1095), "run_reports") == []
    after = later(context, 1105)
    assert {item.path for item in in_zone(after, "run_reports")} == set(paths[0])
    purge(after, **BY)
    assert not any(path.exists() for path in paths[0])
    assert all(path.exists() for path in (*paths[1], other))
    # Ten years on the second is still the newest edition of its practice.
    assert in_zone(later(context, 3650), "run_reports") == []


def test_a_replay_of_an_old_night_is_told_of_since_it_was_made(context: Context) -> None:
    run = opened(context, as_of=NIGHT)
    finish(context, run)
    made = later(context, 1000)
    again = opened(made, as_of=NIGHT, knowledge="now")
    assert again.kind == "replay"
    finish(context, again)
    page, _ = told_of(context, again)
    assert in_zone(later(context, 1000 + 1095), "run_reports") == []
    assert page in {item.path for item in in_zone(later(context, 1000 + 1096), "run_reports")}


def test_lineage_goes_by_the_month_and_what_is_not_ours_stays(context: Context) -> None:
    folder = layout.lineage(context.settings.home)
    folder.mkdir()
    for name in ("2026-10.jsonl", "2026-11.jsonl", "notes.jsonl"):
        (folder / name).write_text("{}\n")
    # Days count from the last of the month: 31 October and 30 November.
    assert in_zone(later(context, 385), "lineage") == []
    assert [item.path.name for item in in_zone(later(context, 386), "lineage")] == ["2026-10.jsonl"]
    purge(later(context, 416), **BY)
    assert [path.name for path in folder.iterdir()] == ["notes.jsonl"]


def notices(context: Context, path: Path, days: list[int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    at = [datetime(2026, 11, 15, 4, tzinfo=UTC) + timedelta(days=day) for day in days]
    path.write_text("".join(json.dumps({"at": one.isoformat(), "alerts": []}) + "\n" for one in at))


def test_old_lines_of_the_homes_notices_go_and_the_others_stay_as_they_are(context: Context) -> None:
    path = context.settings.home / "logs" / "notices.jsonl"
    notices(context, path, [0, 1, 300])
    path.write_text(path.read_text() + "not one of ours\n")
    path.chmod(0o640)
    lines = path.read_text().splitlines()
    assert in_zone(later(context, 400), "notices") == []
    [item] = in_zone(later(context, 401), "notices")
    assert (item.day, item.size) == (NIGHT, len(lines[0]) + 1)
    purge(later(context, 402), **BY)
    assert path.read_text().splitlines() == lines[2:]
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in path.parent.iterdir()] == ["notices.jsonl"]


def test_a_file_of_notices_that_lies_elsewhere_is_left_alone(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere" / "notices.jsonl"
    notices(context, path, [0])
    context.settings.notify_file.write_text(f"notify: own\nversion: 1\nfile:\n  path: {path}\n")
    assert in_zone(later(context, 3000), "notices") == []
    context.settings.notify_file.write_text("notify: [")
    assert in_zone(later(context, 3000), "notices") == []


def test_a_comparison_is_counted_from_the_night_that_was_made_last(context: Context) -> None:
    at = datetime(2026, 11, 15, 9, tzinfo=UTC)
    asked = Backfill("autumn", "then", None, None, None, False, "started", {}, at)
    backfills.begin_backfill(context.ledger, asked=asked)
    run = opened(context)
    night = BackfilledNight("autumn", NIGHT, run.run_key, "finished", at, at + timedelta(days=100))
    backfills.record_night(context.ledger, night=night)
    folder = layout.backfill_report(context.settings.home, "autumn")
    folder.mkdir(parents=True)
    (folder / "report.md").write_text("2 nights\n")
    assert in_zone(later(context, 1195), "reports") == []
    assert [item.path for item in in_zone(later(context, 1196), "reports")] == [folder]


def test_never_is_never_and_an_older_file_of_a_home_has_days_for_them(context: Context) -> None:
    folder = layout.lineage(context.settings.home)
    folder.mkdir()
    (folder / "2026-10.jsonl").write_text("{}\n")
    shipped = (PROJECT / "policy" / FILE).read_text()
    own = context.settings.home / FILE
    own.write_text(shipped.replace("lineage: 400", "lineage: never"))
    assert in_zone(later(context, 5000), "lineage") == []
    own.write_text(
        "".join(line for line in shipped.splitlines(True) if not line.startswith(tuple(ZONES - {"reports"})))
    )
    assert in_zone(later(context, 386), "lineage") != []
    assert "lineage" in " ".join(told(later(context, 386)))
