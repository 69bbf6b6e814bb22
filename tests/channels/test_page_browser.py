"""The practice's page in a real Chromium: filter, sort, keyboard, narrow screens, print, security policy, axe, silence.

The page is opened as published, from a file. Its security policy is put aside in one test alone, where axe must run.
"""

import re
import shutil
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from invented_packs import empty_pack, practice_pack, whole_pack
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from pipeline.channels.page import practice_page
from pipeline.channels.page_answers import is_plan_overdue, is_without_contact
from pipeline.contracts.register import PracticePack

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NOT TESTED IN A BROWSER: no Chromium here (Debian: chromium)"),
]
FIRST = replace(practice_pack(5, kept=0), previous_as_of=None, edition_number=1, left=(), left_count_other=0)
PACKS = {"everyone": whole_pack(40), "nobody": empty_pack(), "a first edition": FIRST}
EVERYONE = len(PACKS["everyone"].people)
VISIBLE = "tr[data-tags]:visible"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Opener:
    """Opens a pack's page as published and keeps what it asked for and said."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser, self.folder = browser, folder
        self.contexts: list[BrowserContext] = []
        self.noise: list[str] = []

    def __call__(self, pack: PracticePack, *, width: int = 1280, inserted: str = "", **options: bool) -> Page:
        file = self.folder / f"{len(self.contexts)}.html"
        text = self.page_of(pack).replace("</main>", inserted + "</main>")
        file.write_text(text, encoding="utf-8")
        context = self.browser.new_context(viewport={"width": width, "height": 900}, **options)
        self.contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: request.url != file.as_uri() and self.noise.append(f"asked {request.url}"))
        page.on("console", lambda message: self.noise.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.noise.append(f"error: {error}"))
        page.goto(file.as_uri())
        return page

    def page_of(self, pack: PracticePack) -> str:
        return practice_page(pack).decode("utf-8")

    def close(self) -> None:
        for context in self.contexts:
            context.close()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    """At the end nothing may have been asked for, and the console must have been silent."""
    opener = Opener(browser, tmp_path)
    yield opener
    opener.close()
    assert opener.noise == []


def names(page: Page) -> list[str]:
    """Of the visible people of the list by rank, from the top."""
    return page.locator("table.people").first.locator(f"{VISIBLE} .name").all_text_contents()


def test_the_filter_finds_by_tag_by_words_and_by_number(opened) -> None:
    pack = PACKS["everyone"]
    page = opened(pack)
    assert page.locator(VISIBLE).count() == EVERYONE
    expected = {
        "rising": sum(person.change == "rising" for person in pack.people),
        "beyond": sum(person.is_pressing for person in pack.people),
        "news": sum(bool(person.news) for person in pack.people),
        "overdue": sum(is_plan_overdue(pack, person) for person in pack.people),
        "nocontact": sum(is_without_contact(pack, person) for person in pack.people),
        "inside": sum(person.in_hospital_since is not None for person in pack.people),
    }
    for tag, people in expected.items():
        page.select_option("#filter-change", tag)
        assert page.locator(VISIBLE).count() == people > 0, tag
    page.select_option("#filter-change", "")
    number = pack.people[7].nhs_number
    for typed in (number, f"{number[:3]} {number[3:6]} {number[6:]}"):
        page.fill("#filter-text", typed)
        assert page.locator(VISIBLE).count() == 1
    page.fill("#filter-text", "okafor COPD")
    assert 0 < page.locator(VISIBLE).count() < EVERYONE
    page.fill("#filter-text", "zzz")
    assert page.locator("#filter-shown").text_content() == f"Showing 0 of {EVERYONE} people."
    # A link from the changes shows its row again, whatever was filtered.
    page.locator("a[href='#p5']").first.click()
    assert page.locator(VISIBLE).count() == EVERYONE and page.locator("#p5").is_visible()


def without_accents(name: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFD", name) if not unicodedata.combining(letter))


def test_people_are_sorted_within_their_list_and_come_back_to_their_rank(opened) -> None:
    pack = PACKS["everyone"]
    page = opened(pack)
    listed = [person for person in pack.people if person.listing == "by_rank"]
    by_rank = names(page)
    page.select_option("#sort", "name")
    assert names(page) == sorted(by_rank, key=without_accents) != by_rank
    assert page.locator("#filter-shown").text_content() == f"Showing {EVERYONE} of {EVERYONE} people, sorted by name."
    page.select_option("#sort", "rise")
    gained = [person.risk_score - (person.risk_before or person.risk_score) for person in listed]
    first = page.locator("table.people").first.locator("tr[data-tags]").first
    assert first.get_attribute("id") == f"p{listed[gained.index(max(gained))].rank}"
    page.select_option("#sort", "home")
    days = page.locator("table.people").first.locator("tr[data-tags]").evaluate_all(
        "rows => rows.map(row => row.dataset.home || '')"
    )  # fmt: skip
    assert days == sorted(days, reverse=True) and days[0] > days[-1] == ""
    page.select_option("#filter-change", "rising")
    assert 0 < len(names(page)) < len(by_rank)
    page.select_option("#filter-change", "")
    page.select_option("#sort", "")
    assert names(page) == by_rank


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.getAttribute('href') || ''"))


def test_everything_is_reached_and_used_by_keyboard_and_the_focus_is_seen(opened) -> None:
    page = opened(PACKS["everyone"])
    page.keyboard.press("Tab")
    assert focused(page) == "#list" and page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert focused(page) == "list"
    page.keyboard.press("Tab")
    assert focused(page) == "filter-text"
    page.keyboard.type("okafor")
    assert page.locator(VISIBLE).count() < EVERYONE
    for expected in ("filter-change", "sort", "filter-clear"):
        page.keyboard.press("Tab")
        assert focused(page) == expected
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
    page.keyboard.press("Enter")
    assert page.locator(VISIBLE).count() == EVERYONE and focused(page) == "filter-text"
    # From the top once through every link and control, in the order of the page, and out at the end.
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    wanted = page.locator("a[href], button, input, select").evaluate_all(
        "all => all.filter(e => e.offsetParent !== null || e.className === 'skip').length"
    )
    seen = []
    page.locator("body").evaluate("body => { body.tabIndex = -1; body.focus(); }")
    for _ in range(wanted):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
    assert seen == sorted(set(seen)), "the focus goes back, or is caught"


@pytest.mark.parametrize("width", [320, 700, 1280])
@pytest.mark.parametrize("name", PACKS)
def test_nothing_needs_sideways_scrolling(opened, width: int, name: str) -> None:
    page = opened(PACKS[name], width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("[...document.querySelectorAll('table,tr,td,th')].every(e => e.hasAttribute('role'))")


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("name", PACKS)
def test_axe_finds_nothing(opened, width: int, name: str) -> None:
    page = opened(PACKS[name], width=width, bypass_csp=True)
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


def test_the_policy_stops_any_other_script_style_or_request(opened) -> None:
    injected = (
        "<script>document.title='owned'</script><p id='red' style='color:red'>x</p>"
        "<img src='data:image/gif;base64,R0lGOD'>"
    )
    page = opened(practice_pack(2), inserted=injected)
    assert "owned" not in page.title()
    assert page.evaluate("getComputedStyle(document.getElementById('red')).color") != "rgb(255, 0, 0)"
    blocked = [line for line in opened.noise if "Content Security Policy" in line]
    assert len(blocked) == 3 and len(opened.noise) == 3
    opened.noise.clear()


def test_it_prints_on_landscape_a4_what_a_meeting_needs_and_the_list_where_it_is_asked_for(
    opened, tmp_path: Path
) -> None:
    page = opened(PACKS["everyone"])
    page.evaluate("window.print = () => { window.printed = document.body.className }")
    for button, state in (("#print-all", "is-whole"), ("#print-changes", "is-brief")):
        page.click(button)
        assert page.evaluate("window.printed") == state
    assert page.evaluate("document.body.className") == ""
    pages = {}
    for state in ("", "is-brief", "is-whole", "is-filtered"):
        page.evaluate("state => { document.body.className = state }", state)
        paper = page.pdf(prefer_css_page_size=True, print_background=True)
        boxes = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper))
        assert [(round(float(width)), round(float(height))) for width, height in boxes] == [(842, 595)]
        pages[state] = len(re.findall(rb"/Type /Page\b", paper))
    assert 0 < pages["is-brief"] < pages["is-whole"] / 2
    assert pages[""] == pages["is-brief"] and pages["is-filtered"] == pages["is-whole"]
    page.evaluate("document.body.className = ''")
    page.emulate_media(media="print")
    assert page.locator("#changes").is_visible() and not page.locator("#list").is_visible()
    assert not page.locator("#filter-text").is_visible() and page.locator("#misses").is_visible()


def test_without_scripts_everyone_is_there_and_no_control_that_does_nothing(opened) -> None:
    page = opened(PACKS["everyone"], java_script_enabled=False)
    assert page.locator(VISIBLE).count() == EVERYONE
    assert not page.locator("#filter").is_visible() and not page.locator("#print").is_visible()
