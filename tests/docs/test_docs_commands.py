"""Every command, option, setting and exit code is documented, and every command that a page shows is a real one."""

import argparse
import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest
from project_pages import PROJECT, fenced, inline_code, name_of, pages, text_of

from pipeline import errors
from pipeline.__main__ import build_parser
from pipeline.contracts.settings import VARIABLES
from pipeline.steps.docs.docs import docs

GUIDES = ("README.md", "docs/for-operators.md", "docs/for-data-engineers.md", "CONTRIBUTING.md")
WRITTEN_BY_HAND = [page for page in pages() if "generated" not in page.parts]


def commands() -> dict[str, argparse.ArgumentParser]:
    (group,) = (action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction))
    return dict(group.choices)


def options(command: argparse.ArgumentParser) -> set[str]:
    return {option for action in command._actions for option in action.option_strings}


def shell_lines(text: str) -> list[str]:
    """Lines of the `sh` blocks, continued lines joined, comments and blank lines left out."""
    lines = [line for block in fenced(text, "sh") for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def fault_of(line: str) -> str | None:
    """What is wrong with a shell line that calls one of our commands; None when nothing is."""
    words = shlex.split(line, comments=True)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    program = Path(words[0]).name if words else ""
    if program == "riskstrat":
        with contextlib.redirect_stderr(io.StringIO()) as said:
            try:
                build_parser().parse_args(words[1:])
            except SystemExit:
                return f"{line}: {said.getvalue().strip().splitlines()[-1]}"
    if program == "make":
        targets = set(re.findall(r"^([a-z0-9-]+):(?!=)", text_of("Makefile"), re.MULTILINE))
        unknown = sorted({word for word in words[1:] if "=" not in word} - targets)
        return f"{line}: no target {unknown}" if unknown else None
    if "pytest" in words:
        named = [word.partition("::")[0] for word in words if word.startswith(("tests", "./tests"))]
        missing = [name for name in named if not (PROJECT / name).exists()]
        return f"{line}: no such file {missing}" if missing else None
    return None


@pytest.mark.parametrize("page", WRITTEN_BY_HAND, ids=name_of)
def test_fenced_commands_are_real(page: Path) -> None:
    faults = [fault for line in shell_lines(page.read_text(encoding="utf-8")) if (fault := fault_of(line))]
    assert faults == []


@pytest.mark.parametrize("page", WRITTEN_BY_HAND, ids=name_of)
def test_commands_named_in_a_sentence_are_real(page: Path) -> None:
    known, faults = commands(), []
    for code in inline_code(page.read_text(encoding="utf-8")):
        words = code.split()
        if words[:1] != ["riskstrat"] or len(words) < 2 or words[1] == "COMMAND":
            continue
        asked = {word for word in words if re.fullmatch(r"--[a-z-]+", word)}
        if words[1] not in known or asked - options(known[words[1]]):
            faults.append(code)
    assert faults == []


def test_a_wrong_command_would_be_found() -> None:
    wrong = ("riskstrat nightly", "riskstrat nihgtly --as-of 2026-11-22", "riskstrat nightly --as-of tomorrow")
    assert all(fault_of(line) for line in (*wrong, "make dinner", ".venv/bin/python -m pytest tests/no_such"))
    assert fault_of("RISKSTRAT_HOME=elsewhere .venv/bin/riskstrat nightly --as-of 2026-11-22  # again") is None


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_command_is_documented(command: str) -> None:
    assert f"## `riskstrat {command}`" in text_of("docs/generated/command-line.md")
    told = "\n".join(text_of(guide) for guide in GUIDES)
    assert re.search(rf"riskstrat {command}\b", told), f"no guide mentions riskstrat {command}"


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_command_has_help(command: str) -> None:
    parser = commands()[command]
    assert parser.description
    assert [action.option_strings for action in parser._actions if action.option_strings and not action.help] in (
        [],
        [["--as-of"]],
    )


@pytest.mark.parametrize("variable", sorted(VARIABLES))
def test_every_setting_is_documented(variable: str) -> None:
    assert f"`{variable}`" in text_of("docs/for-operators.md")


def test_every_setting_that_is_named_exists() -> None:
    named = {(name_of(page), each) for page in pages() for each in re.findall(r"RISKSTRAT_[A-Z_]+", page.read_text())}
    assert sorted(one for one in named if one[1] not in VARIABLES and not one[1].startswith("RISKSTRAT_TEST_")) == []


def test_every_exit_code_is_documented_with_what_to_do() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]
    rows = re.findall(r"^\| (\d+) \| (.+) \| (.+) \|$", text_of("docs/for-operators.md"), re.MULTILINE)
    assert {int(code) for code, _, _ in rows} == {0} | {each.exit_code for each in classes}


def test_generated_pages_are_current() -> None:
    stale = docs(PROJECT, parser=build_parser(), check=True)
    assert stale == [], "run: make docs"
