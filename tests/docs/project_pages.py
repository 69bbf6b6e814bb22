"""The project's pages as the tests of the docs read them: Markdown files, their fenced blocks, links and anchors.

Reads files only; it knows nothing of what the pages should say.
"""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
# What a tool, an installation or a run may leave in the working folder.
NOT_OURS = re.compile(
    r"^(\.(?!ci|github|gitignore|dockerignore)|riskstrat-data|airflow-home|build/|dist/)|__pycache__|egg-info"
)
_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_INLINE = re.compile(r"`([^`\n]+)`")


@cache
def project_files() -> tuple[Path, ...]:
    """Files of the project: those git tracks or would track, or every file where there is no git."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(asked, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        listed = [path.relative_to(PROJECT).as_posix() for path in PROJECT.rglob("*") if path.is_file()]
    kept = sorted({PROJECT / name for name in listed if not NOT_OURS.search(name)})
    return tuple(path for path in kept if path.is_file())


@cache
def pages() -> tuple[Path, ...]:
    """Every Markdown page."""
    return tuple(path for path in project_files() if path.suffix == ".md")


def name_of(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def text_of(path: Path | str) -> str:
    return (PROJECT / path).read_text(encoding="utf-8")


def fenced(text: str, language: str) -> Iterator[str]:
    """Fenced blocks of this language."""
    for found, block in _FENCE.findall(text):
        if found == language:
            yield block


def inline_code(text: str) -> Iterator[str]:
    """What stands between single backticks, fenced blocks left out."""
    yield from _INLINE.findall(_FENCE.sub("", text))


def links(text: str) -> Iterator[str]:
    """Targets of links and images, fenced blocks and inline code left out."""
    yield from _LINK.findall(_INLINE.sub("", _FENCE.sub("", text)))


def anchors(text: str) -> set[str]:
    """Anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+\s+(.*?)\s*$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(path: Path, text: str) -> list[str]:
    """Relative links of this page that lead nowhere."""
    broken = []
    for link in links(text):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (path.parent / place).resolve() if place else path
        if not target.exists():
            broken.append(link)
        elif anchor and target.suffix == ".md":
            there = text if target == path else target.read_text(encoding="utf-8")
            if anchor not in anchors(there):
                broken.append(link)
    return broken
