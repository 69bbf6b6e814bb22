"""The keys of a home: made once, and made anew by a rotation."""

import argparse
from typing import Any

from pipeline.commands.command import add_command, print_counts
from pipeline.contracts.settings import Settings


def add_keys(commands: Any) -> None:
    """keys."""
    meaning = "Create the keys of this home (once; refuses to overwrite), rotate them, or show the public signing key"
    keys = add_command(commands, "keys", meaning, _keys, writes=False)
    keys.add_argument("act", nargs="?", choices=("create", "rotate", "public"), default="create", help="what to do")
    keys.add_argument("--who", default="", help="rotate: who has it done")
    keys.add_argument("--reason", default="", help="rotate: why, for the record")
    keys.add_argument(
        "--forget-unknown", action="store_true", help="rotate: let rows go whose people's NHS numbers are held nowhere"
    )


def _keys(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.alone import alone
    from pipeline.steps.upkeep.new_keys import new_keys
    from pipeline.steps.upkeep.rotate_keys import rotate_keys

    if arguments.act == "public":
        _public(settings)
        return
    if arguments.act == "create":
        new_keys(settings, who="operator")
        print(f"keys created in {settings.keys_folder}; keep a copy elsewhere: without them no register can be made")
        return
    with alone(settings):
        result = rotate_keys(
            settings, who=arguments.who, reason=arguments.reason, forget_unknown=arguments.forget_unknown
        )
    print_counts("keys rotated", result.counts)
    print(f"keep a copy of the new keys in {settings.keys_folder} elsewhere, and destroy copies of the old ones")


def _public(settings: Settings) -> None:
    """What a recipient needs to check signatures, and what to compare over the telephone; no secret."""
    from pipeline.steps.at_hand.signing import keep_public_key
    from pipeline.store import layout
    from pipeline.store.keys import read_keys

    key = keep_public_key(settings, read_keys(settings.keys_folder))
    print(key.pem.decode("ascii"), end="")
    print(f"key {key.key_id}, in {layout.public_keys(settings.home) / key.key_id}.pem")
    print(f"SHA-256 of the key, to compare by another way: {key.fingerprint}")
