"""The report of a night in a real Chromium: no sideways scrolling, keyboard, axe, print; it asks for nothing."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from told_night import NIGHT, at, published_night

from pipeline.channels.run_page import Look, RunPage, StopLine, run_page
from pipeline.steps.tell.run_report import whole_page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NOT TESTED IN A BROWSER: no Chromium here (Debian: chromium)"),
]
# Longer than a narrow screen, and without a place where a line may break.
UNBREAKABLE = "community_contact.RKE.20261115T200000Z_and_more_of_a_name_that_no_line_can_break"
OPEN = Look("bad", f"Delivery {UNBREAKABLE} was refused", f"Ask for {UNBREAKABLE}", f"docs/runbooks/{UNBREAKABLE}.md")
Opened = Callable[..., Page]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunPage]:
    """A published night, one that stopped with the longest words everywhere, and one of which nothing is known yet."""
    night = published_night(tmp_path_factory.mktemp("told") / "home")
    told = whole_page(night.context, night.run)
    assert told.came and told.sources and told.gates and told.watched and told.editions and told.alerts
    stop = StopLine(at(3), "publish", "PacksBlocked", f"Packs: {UNBREAKABLE}", UNBREAKABLE, f"See {UNBREAKABLE}")
    full = replace(
        told, tone="bad", verdict="Not finished: publish is next", looks=(*told.looks, OPEN), standing=(OPEN,),
        alerts=(OPEN,), stops=(stop, replace(stop, next_step="")), why_model=(*told.why_model, UNBREAKABLE),
    )  # fmt: skip
    bare = replace(
        told, looks=(), standing=(), alerts=(), came=(), sources=(), gates=(), people=(), model=(), why_model=(),
        watched=None, editions=(), stops=(),
    )  # fmt: skip
    return {"published": told, "stopped": full, "bare": bare, "replay": replace(told, kind="replay", standing=None)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def opened(browser: Browser, pages: dict[str, RunPage], tmp_path: Path) -> Iterator[Opened]:
    """Opens a page from its file; at the end nothing may have been asked for, and the console must have been silent."""
    noise: list[str] = []
    contexts = []

    def opens(name: str, *, width: int = 1280, **options: bool) -> Page:
        file = tmp_path / f"{name}.html"
        file.write_bytes(run_page(pages[name]))
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **options))
        page = contexts[-1].new_page()
        page.on("request", lambda request: request.url != file.as_uri() and noise.append(f"asked {request.url}"))
        page.on("console", lambda message: noise.append(message.text))
        page.goto(file.as_uri())
        return page

    yield opens
    for context in contexts:
        context.close()
    assert noise == []


NAMES = ("published", "stopped", "bare", "replay")


@pytest.mark.parametrize("width", [320, 700, 1280])
@pytest.mark.parametrize("name", NAMES)
def test_only_the_tables_of_a_report_scroll_sideways(opened: Opened, name: str, width: int) -> None:
    page = opened(name, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    # Words that need room have it: a column is not pressed to a word a line.
    narrow = "cells => cells.filter(one => one.clientWidth < 190).length"
    assert page.locator("td.says").evaluate_all(narrow) == 0


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_in_a_report(opened: Opened, name: str, width: int) -> None:
    found = Axe().run(opened(name, width=width, bypass_csp=True)).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


def test_the_keyboard_skips_to_how_it_went_and_reaches_every_table(opened: Opened) -> None:
    page = opened("stopped", width=320)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#verdict"
    tables = page.locator(".scroll").count()
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        label = page.evaluate("document.activeElement.className == 'scroll' && document.activeElement.ariaLabel")
        reached |= {label} - {False}
    assert len(reached) == tables > 8


@pytest.mark.parametrize("name", NAMES)
def test_a_report_prints_whole_on_landscape_a4_with_no_heading_left_behind(opened: Opened, name: str) -> None:
    page = opened(name)
    paper = page.pdf(prefer_css_page_size=True)
    boxes = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper))
    assert [(round(float(width)), round(float(height))) for width, height in boxes] == [(842, 595)]
    page.emulate_media(media="print")
    assert not page.locator(".jump").is_visible() and page.locator("#verdict").is_visible()
    kept = "all => all.every(one => getComputedStyle(one).breakAfter == 'avoid')"
    assert page.locator("h2, h3, caption").evaluate_all(kept)
    # Nothing is cut off at the edge of the paper: 297 mm less its margins, at 96 pixels an inch.
    page.set_viewport_size({"width": round((297 - 24) / 25.4 * 96), "height": 900})
    width = page.evaluate("innerWidth")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert (
        page.locator("table").evaluate_all("(all, width) => Math.max(0, ...all.map(t => t.offsetWidth))", width)
        <= width
    )


def test_it_says_in_its_first_screen_what_is_of_the_night_and_what_stands_open(opened: Opened) -> None:
    page = opened("stopped")
    box = page.locator("section.verdict")
    assert box.bounding_box()["y"] < 300
    text = box.inner_text()
    assert text.index("Of this night") < text.index("Open in the home when this page was written")
    assert f"{NIGHT.day} November {NIGHT.year}" in page.title() and "1 alert stands" in text
    bare = opened("bare").locator("section.verdict").inner_text()
    assert "Nothing of this night needs a look." in bare and "Nothing stood open." in bare
