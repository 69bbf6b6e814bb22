"""The practice's page in a real Chromium: filter, narrow screens, the security policy, the console, print.

A driver script is added to a copy of the page, and its digest to the copy's policy; the page itself stays as
published. Left to later: zero axe violations and keyboard walks.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from invented_packs import empty_pack, practice_pack

from pipeline.channels.page import practice_page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NOT TESTED IN A BROWSER: no Chromium here (Debian: chromium)"),
]


def chromium(page: Path, *arguments: str, width: int = 1280) -> tuple[str, list[str]]:
    """The DOM after the scripts ran, and every line of the console."""
    profile = page.parent / "profile"
    ran = subprocess.run(
        [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", f"--window-size={width},2000", *arguments, page.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return ran.stdout, [line for line in ran.stderr.splitlines() if "CONSOLE" in line]


def drive(folder: Path, pack, script: str, *, width: int = 1280) -> tuple[dict, list[str]]:
    """What `script` put into `found`, run at the end of the page, and the console's lines.

    The page stands in a frame of that width, since a headless window is never narrower than 500 pixels.
    """
    script = f"var found = {{}};{script};parent.postMessage(JSON.stringify(found), '*');"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    text = practice_page(pack).decode("utf-8")
    text = text.replace("script-src &#39;", f"script-src &#39;sha256-{digest}&#39; &#39;", 1)
    page = folder / "page.html"
    page.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    host = folder / "host.html"
    host.write_text(
        "<script>onmessage = e => { document.title = 'found' + e.data }</script>"
        f'<iframe src="page.html" width="{width}" height="900" frameborder="0"></iframe>',
        encoding="utf-8",
    )
    dom, console = chromium(host, "--virtual-time-budget=3000", "--dump-dom", width=width + 60)
    found = re.search(r"<title>found(\{.*?\})</title>", dom)
    assert found, "the driver did not run"
    return json.loads(found[1]), console


SHOWN = (
    "function shown() { return [...document.querySelectorAll('tr[data-change]')].filter(r => r.offsetHeight).length }"
)
TYPE = "function type(id, value) { var e = document.getElementById(id); e.value = value; "
TYPE += "e.dispatchEvent(new Event('input')); e.dispatchEvent(new Event('change')); return shown() }"


def test_the_filter_finds_by_change_by_words_and_by_number(tmp_path: Path) -> None:
    pack = practice_pack(40)
    number = pack.people[7].nhs_number
    found, console = drive(
        tmp_path,
        pack,
        f"{SHOWN};{TYPE};found.all = shown();found.rising = type('filter-change', 'rising');"
        "found.beyond = type('filter-change', 'hidden-from-gp'); type('filter-change', '');"
        f"found.spaced = type('filter-text', '{number[:3]} {number[3:6]} {number[6:]}');"
        f"found.digits = type('filter-text', '{number}'); found.words = type('filter-text', 'okafor COPD');"
        "found.none = type('filter-text', 'zzz'); found.says = document.getElementById('filter-shown').textContent;"
        "document.querySelector('a[href=\"#p5\"]').click(); found.after = shown();",
    )
    assert console == []
    assert found["all"] == found["after"] == 43
    assert found["rising"] == sum(person.change == "rising" for person in pack.people) > 0
    assert found["beyond"] == sum(bool(person.not_in_gp_record) for person in pack.people) > 0
    assert found["spaced"] == found["digits"] == 1
    assert 0 < found["words"] < 43
    assert (found["none"], found["says"]) == (0, "Showing 0 of 43 people.")


@pytest.mark.parametrize("width", [320, 700, 1280])
def test_nothing_needs_sideways_scrolling(tmp_path: Path, width: int) -> None:
    script = "found.inner = innerWidth; found.scroll = document.documentElement.scrollWidth;"
    script += "found.tables = [...document.querySelectorAll('table,tr,td,th')].every(e => e.hasAttribute('role'))"
    found, console = drive(tmp_path, practice_pack(12), script, width=width)
    assert found == {"inner": width, "scroll": width, "tables": True}
    assert console == []


def test_the_policy_stops_any_other_script_style_or_request(tmp_path: Path) -> None:
    text = practice_page(practice_pack(2)).decode("utf-8")
    page = tmp_path / "page.html"
    injected = (
        "<script>document.title='owned'</script><p style='color:red'>x</p><img src='data:image/gif;base64,R0lGOD'>"
    )
    page.write_text(text.replace("</main>", injected + "</main>"), encoding="utf-8")
    dom, console = chromium(page, "--dump-dom")
    assert "owned</title>" not in dom
    assert sum("Content Security Policy" in line for line in console) == 3


@pytest.mark.parametrize("number", [0, 100])
def test_the_page_as_published_is_silent_and_prints_on_landscape_a4(tmp_path: Path, number: int) -> None:
    page = tmp_path / "page.html"
    page.write_bytes(practice_page(practice_pack(number) if number else empty_pack()))
    dom, console = chromium(page, "--dump-dom")
    assert console == [] and ("Showing 103 of 103" in dom) == (number == 100)
    paper = tmp_path / "page.pdf"
    chromium(page, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
    boxes = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper.read_bytes()))
    assert [(round(float(width)), round(float(height))) for width, height in boxes] == [(842, 595)]
