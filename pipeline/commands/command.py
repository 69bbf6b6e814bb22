"""What every command is made of: its parser, what it runs, and whether it writes."""

import argparse
from collections.abc import Callable
from datetime import date
from typing import Any

from pipeline.contracts.settings import Settings

# Gives the exit code; None is 0.
Run = Callable[[argparse.Namespace, Settings], int | None]


# How long a person's command waits for another that is at work in the home: a night of a backfill takes less.
SECONDS_A_PERSON_WAITS = 600


def add_command(
    commands: Any, name: str, meaning: str, run: Run, *, writes: bool = True, waits: float = SECONDS_A_PERSON_WAITS
) -> argparse.ArgumentParser:
    """One command among `commands`, argparse's group of subparsers.

    One that writes to the home does so alone, and waits so many seconds for another that is at work there.
    """
    parser: argparse.ArgumentParser = commands.add_parser(name, help=meaning, description=meaning)
    parser.set_defaults(run=run, writes=writes, waits=waits)
    return parser


def add_as_of(parser: argparse.ArgumentParser, meaning: str) -> None:
    """The night a command is about, which must be given: no command takes it from the clock."""
    parser.add_argument("--as-of", type=date.fromisoformat, required=True, help=meaning)


def print_counts(step: str, counts: dict[str, int]) -> None:
    """A step's counts on one line."""
    print(f"{step}: " + ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts.items()))
