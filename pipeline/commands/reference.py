"""Commands about what everything is read against: who is covered by whom, and the code lists."""

import argparse
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.commands.command import add_as_of, add_command
from pipeline.contracts.settings import Settings


def add_reference(commands: Any) -> None:
    """coverage, codelists, seal-codelists."""
    coverage = add_command(
        commands, "coverage", "For how many people each source is known, since when, by whom", _coverage, writes=False
    )
    add_as_of(coverage, "the night to look at")

    lists = add_command(commands, "codelists", "Compare, release or list code lists (docs/code-lists.md)", _codelists)
    lists.add_argument("act", choices=("compare", "list", "release"), help="what to do")
    lists.add_argument("--from", "--with", type=Path, dest="folder", help="folder of the lists offered, .csv and .yml")
    lists.add_argument("--as-of", type=date.fromisoformat, help="compare: the night to look at")
    lists.add_argument("--out", type=Path, help="compare: also write the page to this file")
    lists.add_argument("--who", help="who decides (release) or looks (compare)")
    lists.add_argument("--reason", help="release: why, for the record")
    lists.add_argument(
        "--keep-model", action="store_true", help="release: the model goes on as it is, not trained anew"
    )

    sealing = add_command(
        commands, "seal-codelists", "Write down version and digest of edited code lists", _seal_codelists, writes=False
    )
    sealing.add_argument("--from", type=Path, dest="folder", help="their folder (default: sql/codelists)")


def _coverage(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.features.coverage import coverage, told

    print(told(coverage(open_context(settings), as_of=arguments.as_of), as_of=arguments.as_of))


def _codelists(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.codelist.acts import Asked, codelist_act

    given = {name: getattr(arguments, name) for name in ("folder", "as_of", "who", "reason", "keep_model", "out")}
    print(codelist_act(open_context(settings), arguments.act, Asked(**given)))


def _seal_codelists(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.codelist.acts import seal_codelists

    sealed = seal_codelists(arguments.folder or settings.project / "sql" / "codelists")
    print("\n".join(f"{name}: sealed" for name in sealed) or "every list was sealed already")
