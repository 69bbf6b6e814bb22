"""Whether a published folder is whole, unchanged and ours: for the home that made it and for whoever was handed it."""

import argparse
from pathlib import Path
from typing import Any

from pipeline.commands.command import add_command
from pipeline.contracts.settings import Settings


def add_verify(commands: Any) -> None:
    """verify."""
    meaning = "Check a published folder: manifest, digests, signature; says what is wrong"
    verify = add_command(commands, "verify", meaning, _verify, writes=False)
    verify.add_argument("folder", type=Path, help="folder of an edition, with its manifest and signature")
    verify.add_argument(
        "--public-key",
        type=Path,
        action="append",
        default=[],
        help="PEM file of a key that may have signed it (may be repeated); without it, the keys of this home",
    )


def _verify(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.publish.verify import keys_of_files, keys_of_home, verify

    given = arguments.public_key
    keys = keys_of_files(given) if given else keys_of_home(settings.home)
    for line in verify(arguments.folder, public_keys=keys).told():
        print(line)
