"""The list for a network's meeting in a real Chromium, and its keys looked up on a practice's own page."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from invented_packs import practice_pack, whole_pack
from playwright.sync_api import Browser, Page, sync_playwright
from test_page_browser import CHROMIUM, VISIBLE, Opener

from pipeline.channels.meeting_files import meeting_page
from pipeline.contracts.correction import Recalled
from pipeline.contracts.meeting import MeetingPack, MeetingPractice, MeetingRow
from pipeline.rules.meeting import WHY

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NOT TESTED IN A BROWSER: no Chromium here (Debian: chromium)"),
]
NIGHT = date(2026, 11, 22)
OWN = whole_pack(30)


def meeting(*, is_empty: bool = False) -> MeetingPack:
    """A network of three practices: one with people, one with nobody to talk about, one without a register."""
    reasons = tuple(WHY)
    rows = tuple(
        MeetingRow(
            practice_code="F83671",
            practice_key=person.practice_key,
            rank_in_practice=person.rank,
            risk_score=person.risk_score,
            segment=person.segment,
            segment_title=person.segment_title,
            why=reasons[: 1 + person.rank % len(reasons)],
        )
        for person in OWN.people[:12]
    )
    return MeetingPack(
        locality_code="U02795",
        locality_name="North 2 Islington PCN",
        as_of=NIGHT,
        revision=2,
        run_key="643d053e183d925b",
        basis="Fictitious: the practices agreed",
        policy_name="demo",
        is_fictitious=True,
        practices=(
            MeetingPractice(code="F83671", name="The Beaumont Practice", as_of=NIGHT, left_over=4),
            MeetingPractice(code="F83039", name="The Rise Group Practice", as_of=NIGHT, left_over=0),
            MeetingPractice(code="F85061", name="Christchurch Hall Surgery", as_of=None, left_over=0),
        ),
        rows=() if is_empty else rows,
        supersedes="locality.U02795.2026-11-22.r1",
        reason="a trust's file was read twice",
        recalled=(
            Recalled(edition_id="locality.U02795.2026-11-15.r1", as_of=date(2026, 11, 15), recalled_on=NIGHT,
                     reason="a ward was missing"),
        ),
    )  # fmt: skip


PACKS = {"people": meeting(), "nobody": meeting(is_empty=True)}


class MeetingOpener(Opener):
    """The same for the list of a meeting."""

    def page_of(self, pack: MeetingPack) -> str:
        return meeting_page(pack).decode("utf-8")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Iterator[MeetingOpener]:
    opener = MeetingOpener(chromium, tmp_path)
    yield opener
    opener.close()
    assert opener.noise == []


@pytest.fixture
def own_page(chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    """The register of the practice whose people are on the list."""
    opener = Opener(chromium, tmp_path)
    yield opener(OWN)
    opener.close()
    assert opener.noise == []


@pytest.mark.parametrize(
    "typed", [lambda key: key, str.lower, lambda key: key.replace("-", ""), lambda key: f" {key} "]
)
def test_a_key_of_the_meeting_finds_its_person_on_the_practices_page_and_nobody_else(own_page: Page, typed) -> None:
    for row in PACKS["people"].rows:
        own_page.fill("#filter-text", typed(row.practice_key))
        shown = own_page.locator(VISIBLE)
        assert shown.count() == 1
        person = next(one for one in OWN.people if one.practice_key == row.practice_key)
        number = shown.locator(".nhs").text_content() or ""
        assert "".join(one for one in number if one.isdigit()) == person.nhs_number


def test_a_key_of_another_practice_finds_nobody(own_page: Page) -> None:
    own_page.fill("#filter-text", "9Z-9Z9-Z9Z")
    assert own_page.locator(VISIBLE).count() == 0


@pytest.mark.parametrize("width", [320, 700, 1280])
@pytest.mark.parametrize("name", PACKS)
def test_the_list_of_a_meeting_needs_no_sideways_scrolling(opened, name: str, width: int) -> None:
    page = opened(PACKS[name], width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("name", PACKS)
def test_axe_finds_nothing_in_the_list_of_a_meeting(opened, name: str, width: int) -> None:
    page = opened(PACKS[name], width=width, bypass_csp=True)
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


def test_the_keyboard_skips_to_the_list_and_no_script_runs(opened) -> None:
    page = opened(PACKS["people"], inserted="<script>document.title='owned'</script>")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#list"
    assert "owned" not in page.title()
    assert [line for line in opened.noise if "Content Security Policy" in line] == opened.noise != []
    opened.noise.clear()


def test_it_prints_with_room_to_write(opened) -> None:
    page = opened(PACKS["people"])
    page.emulate_media(media="print")
    cell = page.locator("td.write").first
    assert cell.is_visible() and cell.bounding_box()["height"] > 30
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_it_names_nobody_and_says_what_it_replaces(opened) -> None:
    page = opened(PACKS["people"])
    text = page.locator("body").inner_text()
    for person in practice_pack(12).people:
        assert person.nhs_number not in text.replace(" ", "") and person.family_name not in text
    assert "a trust's file was read twice" in text and "a ward was missing" in text
    assert page.locator("tbody tr").count() == 12
