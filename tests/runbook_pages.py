"""Runs the fenced commands of a runbook as they stand there, for the alerts that lead to it, and says how each ended.

Lines that call our program run in this process, all others in a shell. What a page names as an example (a delivery, an
edition) is put in the place of this home's own by the test that runs the page: every example it names must stand on the
page. 22 November 2026 stands for the night. A command is to end with 0, or with what stands beside it as in `# exit 1`;
the exit code of `status` says how things stand and may be any of its three.

tests/runbook_count.py counts the calls of `Operator.runs_page`: it reads their words, so they are written out there.
"""

import contextlib
import io
import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from unittest import mock

from sqlalchemy.exc import SQLAlchemyError

from pipeline.__main__ import main
from pipeline.contracts.settings import PROJECT, Settings, read_settings
from pipeline.errors import PipelineError, UserError
from pipeline.ledger.notices import last_notice
from pipeline.rules.alerts import Alert, from_row
from pipeline.steps.at_hand.context import open_context
from pipeline.steps.tell.alerts import alerts_of_night, notify_closed_home
from pipeline.steps.tell.alerts_told import alerts_in

Example = str | Callable[[], str]
_FENCE = re.compile(r"^ *```sh\n(.*?)^ *```\s*$|^(##+) ([^\n]*)$", re.MULTILINE | re.DOTALL)
_EXIT = re.compile(r"\s#\s*exit ([0-9]+)\b")
# What a home that cannot be opened is met with.
CLOSED = (UserError, PipelineError, SQLAlchemyError)
OUR_PROGRAM = ".venv/bin/riskstrat"
# The night that pages name.
EXAMPLE_NIGHT = "2026-11-22"


@dataclass(frozen=True)
class Line:
    """One command of a page, how it may end, and the part of the page it stands in: a title, or nothing for all."""

    text: str
    may_end: tuple[int, ...]
    part: str


@dataclass(frozen=True)
class Ended:
    """One command as it was run, how it ended, and what it said."""

    line: Line
    code: int
    said: str

    @property
    def is_as_told(self) -> bool:
        return self.code in self.line.may_end


def text_of(page: str) -> str:
    return (PROJECT / "docs" / "runbooks" / f"{page}.md").read_text(encoding="utf-8")


def lines_of(page: str) -> list[Line]:
    """Every fenced command of a runbook, in order; raises AssertionError where there is none."""
    part, found = "", list[Line]()
    for block, level, title in _FENCE.findall(text_of(page)):
        if level:
            part = title.strip() if level == "###" else ""
        for line in block.replace("\\\n", " ").splitlines():
            if line.strip() and not line.strip().startswith("#"):
                found.append(Line(line.strip(), _may_end(line.strip()), part))
    assert found, f"{page} has no fenced command"
    return found


def chosen(page: str, *, part: str = "", without: Sequence[str] = (), until: str = "") -> list[Line]:
    """Commands of the page: of one part of it and those that stand in none, or all of them.

    Left out are those that hold words of `without`, and all from the first on that holds the words `until`. Raises
    AssertionError for words that the page does not hold.
    """
    lines = lines_of(page)
    missing = [words for words in (*without, until) if not any(words in line.text for line in lines)]
    assert missing == [], f"{page} does not name {missing}"
    assert not part or any(line.part == part for line in lines), f"{page} has no commands under {part}"
    mine = [line for line in lines if part in ("", line.part) or not line.part]
    if until:
        mine = mine[: next((place for place, line in enumerate(mine) if until in line.text), len(mine))]
    return [line for line in mine if not any(words in line.text for words in without)]


@dataclass(frozen=True)
class Operator:
    """Somebody who is told of a home one morning and stands in the folder `work`, where riskstrat-data is the home."""

    home: Path
    work: Path
    now: datetime
    night: date
    # Settings beside these, and what tools other than ours are told by.
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return read_settings(self.environment)

    @property
    def environment(self) -> dict[str, str]:
        return {"RISKSTRAT_HOME": str(self.home), "RISKSTRAT_NOW": self.now.isoformat(), **self.more}

    def told(self) -> dict[str, Alert]:
        """Alerts that are open now, by name; of a home that cannot be opened, what its notice says."""
        try:
            context = open_context(self.settings)
        except CLOSED as error:
            notify_closed_home(self.settings, error, as_of=self.night)
            last = (self.home / "logs" / "notices.jsonl").read_text().splitlines()[-1]
            return {row["name"]: one for row in json.loads(last)["alerts"] if (one := from_row(row)).is_open}
        found = alerts_of_night(context, as_of=self.night)
        context.ledger.engine.dispose()
        return {one.name: one for one in found if one.is_open}

    def told_once(self) -> dict[str, Alert]:
        """Of what is told once and not open after that, what the last notice told."""
        try:
            context = open_context(self.settings)
        except CLOSED:
            return {}
        last = last_notice(context.ledger)
        context.ledger.engine.dispose()
        return {one.name: one for one in ([] if last is None else alerts_in(last)) if one.state == "once"}

    def runs_page(
        self,
        page: str,
        *,
        alerts: Sequence[str] = (),
        waits: Sequence[str] = (),
        part: str = "",
        without: Sequence[str] = (),
        until: str = "",
        examples: Mapping[str, Example] = {},
        by_hand: Mapping[str, Callable[[], object]] = {},
        afterwards: "Operator | None" = None,
    ) -> list[Ended]:
        """Run the page for alerts that are open, and see them end; a part that is no alert's needs none.

        `waits` are alerts that no command ends, since somebody else must do something first: they stay open.
        `by_hand` is what somebody does before the command that holds the words. `afterwards` is who looks at what came
        of it, where that is another home. Raises AssertionError for an alert that is not open or leads to another
        page, for a command that ends otherwise than the page says, and for an alert that has not ended.
        """
        before = self.told() | self.told_once()
        for name in (*alerts, *waits):
            assert name in before, f"{name} is not raised: {sorted(before)}"
            assert before[name].runbook == f"docs/runbooks/{page}.md"
        lines = chosen(page, part=part, without=without, until=until)
        ended = self._run(page, lines, examples=examples, by_hand=by_hand)
        wrong = [f"{one.line.text}: {one.code}\n{one.said[-1500:]}" for one in ended if not one.is_as_told]
        assert wrong == [], "\n".join(wrong)
        still = (afterwards or self).told()
        assert {name: still[name].subjects for name in alerts if name in still} == {}, "the page has not led out of it"
        assert [name for name in waits if name not in still] == [], "it has ended: name it among the alerts"
        return ended

    def _run(
        self,
        page: str,
        lines: Sequence[Line],
        *,
        examples: Mapping[str, Example],
        by_hand: Mapping[str, Callable[[], object]],
    ) -> list[Ended]:
        """All these commands; stops at the first not as told."""
        everything = "\n".join(line.text for line in lines)
        missing = [name for name in (*examples, *by_hand) if name not in everything]
        assert missing == [], f"{page} does not name {missing}"
        place = self.work / "riskstrat-data"
        if not place.exists():
            place.symlink_to(self.home)
        ended: list[Ended] = []
        with mock.patch.dict(os.environ, self.environment), contextlib.chdir(self.work):
            for line in lines:
                for words, act in by_hand.items():
                    if words in line.text:
                        act()
                ended.append(_run(line, {**examples, EXAMPLE_NIGHT: str(self.night)}))
                if not ended[-1].is_as_told:
                    break
        return ended


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
