"""The page and the figures of a night: what the ledger says, also of a night that stopped, and no small count."""

import base64
import hashlib
import re
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from run_home import enter_edition
from told_night import NIGHT, Night, at, copied, published_night, told_home, told_night

from pipeline.channels.run_page import Look, RunPage, run_page, took
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.errors import UserError
from pipeline.ledger import runs
from pipeline.ledger.recalls import record_recall
from pipeline.ledger.registers import list_editions, record_edition
from pipeline.ledger.stops import Stop, record_stop
from pipeline.rules.stages import STAGES
from pipeline.steps.night.after_night import after_night
from pipeline.steps.night.nightly import STAGES as DONE_BY
from pipeline.steps.tell import run_report
from pipeline.steps.tell.metrics import METRICS, metrics_of
from pipeline.steps.tell.run_report import page_of, run_of, whole_page
from pipeline.steps.tell.status import status
from pipeline.store import layout

LAST_WEEK = date(2026, 11, 8)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """A published night; nothing but its page and figures is written."""
    return published_night(tmp_path_factory.mktemp("told") / "home")


@pytest.fixture
def changed(night: Night, tmp_path: Path) -> Night:
    """A copy, to be changed."""
    return copied(night, tmp_path / "home")


def text_of(page: bytes) -> str:
    body = re.sub(r"<style>.*?</style>", " ", page.decode(), flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def test_the_stages_are_those_of_a_night() -> None:
    assert tuple(DONE_BY) == STAGES


def test_a_published_night_tells_its_story(night: Night) -> None:
    made = page_of(night.context, night.run)
    said = text_of(run_page(made))
    assert (made.tone, made.verdict) == ("care", "Published")
    for words in (
        "GP coded entries", "FILE-012 It breaks off", "open to score", "4 take part", "16,515", "Promoted on", "a test",
        "14 were not there", "new or corrected records", "outpatient_attendance_days_since", "not due",
        "practice.F83671.2026-11-15", "1 min 00 s", "twelve months are not over", "docs/runbooks/list-changed-much.md",
    ):  # fmt: skip
        assert words in said, words
    assert run_page(made) == run_page(page_of(night.context, run_of(night.context, as_of=NIGHT)))


def test_no_small_count_of_people_is_on_it(night: Night) -> None:
    made = page_of(night.context, night.run)
    by_stage = {line.name: line.says for line in made.stages}
    assert "incurable cancer 7 or fewer, moved 7 or fewer" in by_stage["segment"] and "from" not in by_stage["segment"]
    assert "nominated 7 or fewer" in by_stage["register"] and "practices 4" in by_stage["register"]
    assert [one.value for one in made.people if one.title == "Opted out"] == ["7 or fewer"]
    assert made.watched is not None
    causes = next(one for one in made.watched.tables if "came onto" in one.title)
    assert ("died since", "–", "7 or fewer") in causes.rows
    came_true = next(one for one in made.watched.tables if "come true" in one.title)
    assert came_true.rows[0][1:3] == ("61", "7 or fewer")


def test_a_night_that_stopped_says_how_far_it_got(home: Settings) -> None:
    context = told_home(home)
    for until, verdict, says in (
        ("register", "quiet", "Not finished: watch is next"),
        ("watch", "notice", "Not finished: publish is next"),
        ("watch", "hold", "Held: nothing is published"),
    ):
        made = page_of(context, told_night(context, until=until, verdict=verdict))
        assert (made.tone, made.verdict) == ("bad", says)
        assert {line.state for line in made.editions} == {"not published"}
        assert (made.watched is None) == (until == "register")


def test_its_alerts_are_those_that_are_told(night: Night) -> None:
    alerts = whole_page(night.context, night.run).alerts
    assert alerts and any("gp_event.GPS02" in one.says for one in alerts)
    assert all(one.runbook.startswith("docs/runbooks/") for one in alerts)


def recalled_last_week(night: Night) -> str:
    """The newest edition of a practice, of a week before the night, was taken back; its id."""
    enter_edition(night.context, night.run, as_of=LAST_WEEK)
    edition = replace(list_editions(night.context.ledger)[0], edition_id="practice.F85061.x", code="F85061", path="y")
    record_edition(night.context.ledger, edition=edition, entries=[])
    record_recall(night.context.ledger, edition=edition, who="A. Operator", reason="wrong", at=night.run.started_at)
    return edition.edition_id


def test_who_reads_the_report_alone_knows_what_status_says(changed: Night) -> None:
    """What concerns another night than this one stands open all the same, and the box is not green."""
    lost = recalled_last_week(changed)
    made = whole_page(changed.context, changed.run)
    assert made.standing is not None and any(lost in one.says for one in made.standing)
    box = text_of(run_page(made)).partition("On this page")[0].partition("Sources Deliveries")[0]
    for one in status(changed.context).findings:
        says = one.says.removeprefix(f"Watching the night of {NIGHT}: ")
        assert says in box or one.subject in box, one
    said = [one.says for one in (*made.looks, *made.standing)]
    assert len(said) == len(set(said))
    assert sum("gp_event.GPS02" in one for one in said) == 1


def test_only_where_nothing_is_open_either_it_says_so(night: Night) -> None:
    whole = replace(whole_page(night.context, night.run), looks=(), standing=(), alerts=())
    said = text_of(run_page(whole))
    assert "Nothing of this night needs a look." in said and "Nothing stood open." in said
    for open_one in ({"standing": (Look("care", "a recall"),)}, {"alerts": (Look("care", "a certificate"),)}):
        said = text_of(run_page(replace(whole, **open_one)))
        assert ("Nothing stood open." in said) == ("alerts" in open_one)
        assert ("1 alert stands" in said) == ("alerts" in open_one)


@pytest.mark.parametrize(("gravest", "tone"), [("plain", "good"), ("care", "care"), ("bad", "bad")])
def test_what_stands_open_takes_the_green_away(
    night: Night, monkeypatch: pytest.MonkeyPatch, gravest: Any, tone: str
) -> None:
    monkeypatch.setattr(run_report, "page_of", lambda *_: replace(page_of(night.context, night.run), tone="good"))
    monkeypatch.setattr(run_report, "_alerts", lambda *_: ())
    monkeypatch.setattr(run_report, "standing", lambda *_, **__: (Look(gravest, "so it is"),))
    assert whole_page(night.context, night.run).tone == tone


def stop(night: Night, *, step: str, run_key: str | None, error: str = "ValueError", **told: Any) -> None:
    made = {"exit_code": 1, "what": "a fault inside", "place": "", "next_step": "", "subjects": (), **told}
    record_stop(night.context.ledger, stop=Stop(NIGHT, step, run_key, error, at=at(2), **made))


def test_each_stop_of_the_night_is_told_and_no_other_runs(changed: Night) -> None:
    key = changed.run.run_key
    stop(changed, step="intake", run_key=None, what="The mailbox did not answer", place="Y00001", next_step="Try again")
    stop(changed, step="publish", run_key=key, error="PacksBlocked", what="Packs were blocked", subjects=("F83671",))
    stop(changed, step="score", run_key="another")
    made = page_of(changed.context, changed.run)
    assert [(one.step, one.says) for one in made.stops] == [
        ("intake", "The mailbox did not answer"), ("publish", "Packs were blocked: F83671"),
    ]  # fmt: skip
    said = text_of(run_page(made))
    assert "2 times this night stopped" in said and "Y00001" in said and "Try again" in said
    # It finished after all: nothing of that is left to do.
    assert not any("stopped at" in one.says for one in made.looks)
    assert "This night did not stop." in text_of(run_page(replace(made, stops=())))


def test_a_night_that_has_not_finished_begins_with_why(home: Settings) -> None:
    context = told_home(home)
    night = Night(context, told_night(context, until="register"))
    stop(night, step="watch", run_key=night.run.run_key)
    first = page_of(context, night.run).looks[0]
    assert (first.tone, first.runbook) == ("bad", "docs/runbooks/night-did-not-finish.md")
    assert first.says == "It stopped at watch on 16/11/2026 02:02 UTC: a fault inside (ValueError)"
    assert "nightly --as-of 2026-11-15" in first.next_step


def test_a_replay_says_nothing_of_the_home(changed: Night) -> None:
    replay = replace(changed.run, kind="replay")
    made = whole_page(changed.context, replay)
    assert made.standing is None and made.alerts is None
    assert "A replay is not the home’s news" in text_of(run_page(made))


def test_a_recalled_edition_and_a_changed_policy_are_told(changed: Night) -> None:
    context, run = changed.context, changed.run
    [edition] = list_editions(context.ledger)
    record_recall(context.ledger, edition=edition, who="A. Operator", reason="wrong model", at=run.started_at)
    context.settings.policy_file.write_text(context.settings.policy_file.read_text() + "\n# changed\n")
    made = page_of(context, run)
    assert [line.state for line in made.editions if line.edition_id] == ["recalled"]
    said = " ".join(one.says for one in made.looks)
    assert "recalled by A. Operator: wrong model" in said and "policy file has changed" in said


def test_a_policy_that_cannot_be_read_keeps_nothing_else_from_being_told(night: Night, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("sources: [")
    settings = night.context.settings.model_copy(update={"policy_file": policy})
    made = page_of(replace(night.context, settings=settings), night.run)
    assert made.sources == () and made.stages and made.gates
    assert "The policy file cannot be read" in [one.says for one in made.looks]


def test_it_loads_nothing_escapes_what_it_shows_and_names_its_one_style(night: Night) -> None:
    made = page_of(night.context, night.run)
    text = run_page(made).decode()
    style = text.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"sha256-{digest}" in text and "default-src" in text
    assert "<script" not in text and "style=" not in text and "url(" not in text
    assert "&lt;b&gt;" in run_page(RunPage(**{**vars(made), "says": "<b>"})).decode()
    for target in re.findall(r'href="#([\w-]+)"', text):
        assert f'id="{target}"' in text


def test_the_runbooks_it_names_are_there(night: Night) -> None:
    named = {one.runbook for one in page_of(night.context, night.run).looks if one.runbook}
    assert named and not [one for one in named if not (PROJECT / one).is_file()]


def test_a_night_that_is_not_there_is_said_to_be(night: Night) -> None:
    with pytest.raises(UserError, match="No such run"):
        run_of(night.context, as_of=date(2026, 1, 1))


def test_after_the_night_page_and_figures_lie_where_they_should(night: Night) -> None:
    context, run, home = night.context, night.run, night.context.settings.home
    first = after_night(context, run=run)
    made = layout.run_page(home, NIGHT, run.run_key).read_bytes()
    assert after_night(context, run=run) == first and first["samples"] > 20
    assert layout.run_page(home, NIGHT, run.run_key).read_bytes() == made
    figures = (home / "metrics" / "riskstrat.prom").read_bytes()
    assert figures == (layout.run_report(home, run.run_key) / "metrics.prom").read_bytes()
    assert b'riskstrat_people{state="scored"} 16515\n' in figures
    assert b'riskstrat_delivery_rows{extract="gp_event",rows="refused"} 3\n' in figures
    assert b'riskstrat_register_size{practice="F83671"} 79\n' in figures
    assert b"opted_out" not in figures and b"nominated" not in figures
    assert b'riskstrat_stage_duration_seconds{stage="watch"} 60\n' in figures
    assert not list(home.rglob("*.part"))


def test_a_replay_is_no_news_to_a_monitor(changed: Night) -> None:
    context, run = changed.context, changed.run
    shutil.rmtree(context.settings.home / "metrics", ignore_errors=True)
    replay = runs.freeze_run(
        context.ledger, run_key="replay", kind="replay", as_of=NIGHT, knowledge="now", model_id=run.model_id,
        inputs=dict(run.inputs), delivery_ids=[], at=run.started_at,
    )  # fmt: skip
    assert after_night(context, run=replay) == {"pages": 1, "samples": 0}
    assert not (context.settings.home / "metrics").exists()


def test_every_metric_is_in_the_docs_as_it_says_of_itself(night: Night) -> None:
    told = {one.name: one for one in metrics_of(night.context, night.run)}
    page = (PROJECT / "docs" / "watching-the-pipeline.md").read_text()
    rows = dict(re.findall(r"^\| `(riskstrat_\w+)` \| (.*) \|$", page, re.M))
    assert list(rows) == list(METRICS) == list(told)
    for name, says in METRICS.items():
        assert rows[name].startswith(says)
        labels = {label for sample in told[name].samples for label in sample.labels}
        assert all(label in rows[name].partition("Labels:")[2] for label in labels), name


@pytest.mark.parametrize(
    ("seconds", "says"), [(None, "–"), (0, "0 s"), (59, "59 s"), (185, "3 min 05 s"), (3720, "1 h 02 min")]
)
def test_durations_in_words(seconds: int | None, says: str) -> None:
    assert took(seconds) == says
