"""The page of an evaluation: it says what the JSON says, escapes what it shows, loads nothing, and holds up."""

import base64
import hashlib
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from invented_evaluation import content
from invented_holdout import drawn

from pipeline.channels.evaluation_page import evaluation_page, ratio_place

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return content(4_000)


@pytest.fixture(scope="module")
def failing() -> dict[str, Any]:
    """A practice without labels, nobody unseen, and no oracle."""
    columns = drawn(4_000)
    outcome = columns["outcome"] & (columns["practice_code"] != "X00003")
    return content(4_000, oracle=False, outcome=outcome, part=np.full(4_000, "seen_practice"))


def text_of(page: bytes) -> str:
    class Text(HTMLParser):
        said: list[str] = []
        hidden = False

        def handle_starttag(self, tag, attrs):
            self.hidden = tag == "style"

        def handle_data(self, data):
            if not self.hidden:
                self.said.append(data)

    parser = Text()
    parser.said = []
    parser.feed(page.decode())
    return re.sub(r"\s+", " ", " ".join(parser.said))


def test_the_same_content_gives_the_same_bytes_and_says_its_figures(told):
    page = evaluation_page(told)
    assert evaluation_page(told) == page
    text = text_of(page)
    whole, cut = told["parts"]["all"], told["parts"]["all"]["top"][2]
    assert "Nothing stands against promotion" in text and "FICTITIOUS" in text
    assert f"{whole['auroc'][0]:.3f}" in text and f"{told['oracle']['oracle_auroc'][0]:.3f}" in text
    assert f"{round(100 * cut['ppv'][0])} of every 100 people on the list" in text
    for row in told["subgroups"]:
        assert row["title"] in text or row["by"] in ("imd_fifth", "registration", "ethnic_group")
    for row in told["differences"]:
        assert row["title"] in text
    assert "without adult social care" in text and "not met" not in text


def test_it_loads_nothing_and_the_policy_names_its_one_style(told):
    page = evaluation_page(told).decode()
    style = page.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src &#39;sha256-{digest}&#39;" in page and "default-src &#39;none&#39;" in page
    assert "<script" not in page and "style=" not in page and "url(" not in page and "@import" not in page
    assert not re.search(r"(src|href)=\"(?!#)", page)


def test_names_are_escaped(told):
    spoilt = told | {"subgroups": [row | {"title": "<b>&"} for row in told["subgroups"] if row["by"] == "segment"]}
    page = evaluation_page(spoilt).decode()
    assert "&lt;b&gt;&amp;" in page and "<b>&" not in page


def test_what_fails_is_said_at_the_top_and_what_is_lacking_is_named(failing):
    text = text_of(evaluation_page(failing))
    assert "Promotion needs a recorded reason" in text and "Practice X00003: hardly any outcome" in text
    assert "no outcomes came" in text and "Too few practices to hold some out" in text
    assert "Between nothing known and everything known" not in text and "Not measured" in text
    assert text.count("top 2%") == 1


def test_every_table_has_heads_and_every_drawing_words_or_a_figure_beside_it(told):
    page = evaluation_page(told).decode()
    for table in re.findall(r"<table>.*?</table>", page, re.S):
        assert '<th scope="col"' in table
    for drawing in re.findall(r"<svg[^>]*>", page):
        assert 'aria-hidden="true"' in drawing or 'role="img"' in drawing and "aria-label" in drawing
    assert '<html lang="en-GB">' in page and page.count("<h1>") == 1 and 'class="skip"' in page
    for target in re.findall(r'href="#([\w-]+)"', page):
        assert f'id="{target}"' in page


def test_half_and_double_lie_equally_far_from_one():
    assert (ratio_place(0.5), ratio_place(1.0), ratio_place(2.0)) == ("0.00%", "50.00%", "100.00%")
    assert (ratio_place(0.0), ratio_place(9.0)) == ("0.00%", "100.00%")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="NOT TESTED IN A BROWSER: no Chromium here (Debian: chromium)")
@pytest.mark.parametrize("which", ["told", "failing"])
def test_in_a_browser_it_is_silent_and_prints_on_landscape_a4(request, tmp_path: Path, which: str):
    page = tmp_path / "page.html"
    page.write_bytes(evaluation_page(request.getfixturevalue(which)))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-logging=stderr"]
    paper = tmp_path / "page.pdf"
    for asked in (["--dump-dom"], [f"--print-to-pdf={paper}", "--no-pdf-header-footer"]):
        ran = subprocess.run(
            [str(CHROMIUM), *flags, f"--user-data-dir={tmp_path / 'profile'}", *asked, page.as_uri()],
            capture_output=True,
            text=True,
            timeout=90,
            check=True,
        )
        assert [line for line in ran.stderr.splitlines() if "CONSOLE" in line] == []
    boxes = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper.read_bytes()))
    assert [(round(float(width)), round(float(height))) for width, height in boxes] == [(842, 595)]


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="NOT TESTED IN A BROWSER: no Chromium here (Debian: chromium)")
@pytest.mark.parametrize("width", [320, 1280])
def test_in_a_browser_only_tables_scroll_sideways(tmp_path: Path, told, width: int):
    inner = "parent.postMessage('wide' + document.documentElement.scrollWidth + '/' + innerWidth, '*')"
    digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
    text = (
        evaluation_page(told)
        .decode()
        .replace("style-src &#39;", f"script-src &#39;sha256-{digest}&#39;; style-src &#39;", 1)
    )
    (tmp_path / "page.html").write_text(text.replace("</body>", f"<script>{inner}</script></body>"))
    (tmp_path / "host.html").write_text(
        "<script>onmessage = e => { document.title = e.data }</script>"
        f'<iframe src="page.html" width="{width}" height="900" frameborder="0"></iframe>'
    )
    ran = subprocess.run(
        [
            str(CHROMIUM),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--window-size={width + 60},1000",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=3000",
            "--dump-dom",
            (tmp_path / "host.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    assert f"<title>wide{width}/{width}</title>" in ran.stdout
