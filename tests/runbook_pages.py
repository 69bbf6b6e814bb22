"""Runs the fenced commands of a runbook as they stand there, in a home, and says how each ended.

Lines that call our program run in this process, all others in a shell. What a page names as an example (a date, a
delivery, an edition) is put in the place of this home's own by the test that runs the page: every example it names
must stand on the page. A command is to end with 0, or with what stands beside it as in `# exit 1`; the exit code of
`status` says how things stand and may be any of its three.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from unittest import mock

from pipeline.__main__ import main
from pipeline.contracts.settings import PROJECT

Example = str | Callable[[], str]
_FENCE = re.compile(r"^```sh\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
_EXIT = re.compile(r"\s#\s*exit ([0-9]+)\b")
OUR_PROGRAM = ".venv/bin/riskstrat"


@dataclass(frozen=True)
class Line:
    """One command of a page, and how it may end."""

    text: str
    may_end: tuple[int, ...]


@dataclass(frozen=True)
class Ended:
    """One command as it was run, how it ended, and what it said."""

    line: Line
    code: int
    said: str

    @property
    def is_as_told(self) -> bool:
        return self.code in self.line.may_end


def lines_of(page: str) -> list[Line]:
    """Every fenced command of a runbook, in order; raises AssertionError where there is none."""
    text = (PROJECT / "docs" / "runbooks" / f"{page}.md").read_text(encoding="utf-8")
    lines = [line.strip() for block in _FENCE.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    assert lines, f"{page} has no fenced command"
    return [Line(line, _may_end(line)) for line in lines if line and not line.startswith("#")]


def run_page(
    page: str,
    home: Path,
    *,
    work: Path,
    now: datetime,
    examples: Mapping[str, Example] = {},
    without: Sequence[str] = (),
    until: str = "",
) -> list[Ended]:
    """All commands of the page but those that hold words of `without`; stops at the first not as told.

    From the first command that holds the words `until` on, nothing is run. `work` is the folder they run in:
    `riskstrat-data` in it is the home.
    """
    lines = lines_of(page)
    everything = "\n".join(line.text for line in lines)
    missing = [name for name in (*examples, *without, until) if name not in everything]
    assert missing == [], f"{page} does not name {missing}"
    place = work / "riskstrat-data"
    if not place.exists():
        place.symlink_to(home)
    environment = {"RISKSTRAT_HOME": str(home), "RISKSTRAT_NOW": now.isoformat()}
    ended: list[Ended] = []
    with mock.patch.dict(os.environ, environment), contextlib.chdir(work):
        for line in lines:
            if until and until in line.text:
                break
            if not any(words in line.text for words in without):
                ended.append(_run(line, examples))
                if not ended[-1].is_as_told:
                    break
    return ended


def not_as_told(ended: Sequence[Ended]) -> list[str]:
    """What a test shows of commands that ended otherwise than their page says."""
    return [f"{one.line.text}: {one.code}\n{one.said[-1500:]}" for one in ended if not one.is_as_told]


def _may_end(line: str) -> tuple[int, ...]:
    told = _EXIT.search(line)
    if told:
        return (int(told.group(1)),)
    return (0, 1, 2) if line.startswith(f"{OUR_PROGRAM} status") else (0,)


def _run(line: Line, examples: Mapping[str, Example]) -> Ended:
    text = line.text
    for name, own in examples.items():
        if name in text:
            text = text.replace(name, own if isinstance(own, str) else own())
    words = shlex.split(text, comments=True)
    if words[0] == "export":
        os.environ.update(word.split("=", 1) for word in words[1:])
        return Ended(line, 0, "")
    own_settings = {}
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        own_settings[name] = value
    said = io.StringIO()
    if words[0] != OUR_PROGRAM:
        done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=False)
        return Ended(line, done.returncode, done.stdout + done.stderr)
    with (
        mock.patch.dict(os.environ, own_settings),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        try:
            code = main(words[1:])
        except SystemExit as stopped:
            code = int(str(stopped.code))
    return Ended(line, code, said.getvalue())
