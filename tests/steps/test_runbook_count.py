"""Every declared alert is raised by a test that runs its page, and every command of every page is run by one.

Nothing slow is run here: the tests that are counted bear a mark of their own.
"""

import pytest
from runbook_count import counted, sources
from runbook_pages import lines_of, text_of

from pipeline.contracts.alerts import load_alerts
from pipeline.contracts.settings import PROJECT

PAGES = sorted(path.stem for path in (PROJECT / "docs" / "runbooks").glob("*.md") if path.stem != "README")


# Alerts that no command of their page ends, and what they wait for.
WAITS = {
    "disk_nearly_full": "somebody gives the home more room, where nothing is past its time",
    "records_look_different": "the next night, whose records look as they did",
    "scores_do_not_fit": "the outcomes of nights that a model trained since has scored",
}


def declared() -> dict[str, str]:
    """Alert to page."""
    kinds = load_alerts(PROJECT, PROJECT / "nowhere").declared
    return {name: kind.runbook for name, kind in kinds.items()}


def not_run_for(modules: dict[str, str]) -> list[str]:
    """Alerts for which no test of these modules runs the page."""
    runs = counted(modules)
    pages = declared()
    return [name for name, page in pages.items() if not any(one.page == page and name in one.alerts for one in runs)]


def test_every_alert_is_raised_by_a_test_that_runs_its_page() -> None:
    assert not_run_for(sources()) == []
    named = {(name, one.page) for one in counted(sources()) for name in one.alerts}
    assert named == set(declared().items()), "a test runs a page for an alert that does not lead to it"


def test_every_alert_is_ended_by_its_page_or_it_is_said_whom_it_waits_for() -> None:
    ended = {name for one in counted(sources()) for name in one.ended}
    assert set(declared()) - ended == set(WAITS)


def test_every_command_of_every_page_is_run_by_a_test() -> None:
    run = {(one.page, command) for one in counted(sources()) for command in one.commands}
    left = [(page, line.text) for page in PAGES for line in lines_of(page) if (page, line.text) not in run]
    assert left == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_begins_with_the_words_of_its_alerts(page: str) -> None:
    """As the notice says them, so that whoever was told finds them again."""
    kinds = load_alerts(PROJECT, PROJECT / "nowhere").declared
    seen = text_of(page).partition("## What you see")[2].partition("## ")[0].replace("\n> ", " ")
    words = [kind.one.partition("{")[0].rstrip(": ") for kind in kinds.values() if kind.runbook == page]
    assert words, f"no alert leads to {page}"
    assert [one for one in words if one not in seen] == []


TAKEN_AWAY = """
def test_one(operator):
    {before}
    {indent}operator.runs_page("disk-nearly-full", waits=["disk_nearly_full"])
"""


@pytest.mark.parametrize(
    ("before", "indent", "counts"),
    [
        ("work = 1", "", True),
        ("with plans_of(work):", "    ", True),
        ("if work:", "    ", False),
        ("for one in []:", "    ", False),
        ("with pytest.raises(AssertionError):", "    ", False),
        ("pytest.skip('not today')", "", False),
        ("return", "", False),
        ("later = lambda:", "    ", False),
    ],
)
def test_what_counts(before: str, indent: str, counts: bool) -> None:
    text = TAKEN_AWAY.format(before=before, indent=indent)
    if "lambda" in before:
        text = text.replace("lambda:\n        ", "lambda: ")
    found = [one.alerts for one in counted({"tests/test_one.py": text})]
    assert found == ([("disk_nearly_full",)] if counts else [])


def test_a_test_that_may_be_skipped_does_not_count() -> None:
    text = "@pytest.mark.skipif(True, reason='x')" + TAKEN_AWAY.format(before="work = 1", indent="")
    assert counted({"tests/test_one.py": text}) == []


@pytest.mark.parametrize("name", ["message_set_apart", "delivery_late", "no_model"])
def test_an_alert_that_is_taken_away_is_named(name: str) -> None:
    without = {path: text.replace(f'"{name}"', '"another"') for path, text in sources().items()}
    assert not_run_for(without) == [name]


def test_what_may_follow_a_command() -> None:
    assert all(line.may_end == (0,) for line in lines_of("disk-nearly-full"))
    assert lines_of("registers-late")[0].may_end == (0, 1, 2)
