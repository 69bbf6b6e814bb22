"""Commands that keep a home in order: what is past its time, a backup, and its restoration."""

import argparse
from pathlib import Path
from typing import Any

from pipeline.commands.command import add_command, print_counts
from pipeline.contracts.settings import Settings


def add_upkeep(commands: Any) -> None:
    """purge, backup, restore."""
    purge = add_command(commands, "purge", "Show what is past its time, by zone and reason; or delete it", _purge)
    purge.add_argument(
        "--delete", action="store_true", help="delete it, down to the bytes, and prove it (a person's act)"
    )
    purge.add_argument("--who", default="", help="who has it deleted; needed with --delete")
    purge.add_argument("--reason", default="", help="why, for the record; needed with --delete")

    backup = add_command(commands, "backup", "Copy ledger, vault, keys and store of one moment to a folder", _backup)
    backup.add_argument("--to", type=Path, required=True, help="folder to make, outside the home")
    backup.add_argument("--who", default="operator", help="who has it made (default operator)")
    backup.add_argument("--passphrase-file", type=Path, help="seal the keys into the backup under its first line")
    backup.add_argument("--without-keys", action="store_true", help="leave the keys out; keep a copy of them elsewhere")

    restore = add_command(commands, "restore", "Bring a backup into an empty home and check it", _restore)
    restore.add_argument("--from", type=Path, required=True, dest="source", help="folder that a backup made")
    restore.add_argument("--who", default="operator", help="who has it restored (default operator)")
    restore.add_argument("--passphrase-file", type=Path, help="opens the keys sealed into the backup")


def _purge(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.upkeep.purge import purge, told

    context = open_context(settings)
    for line in told(context):
        print(line)
    if arguments.delete:
        print_counts("purge", purge(context, who=arguments.who, reason=arguments.reason).counts)


def _backup(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.upkeep.backup import backup

    made = backup(
        open_context(settings),
        to=arguments.to,
        who=arguments.who,
        passphrase_file=arguments.passphrase_file,
        without_keys=arguments.without_keys,
    )
    print(f"backup of {made.at}: {len(made.files)} files, audit head {made.head['sequence']}:{made.head['digest']}")
    for name, is_here in made.databases.items():
        if not is_here:
            print(f"  the {name} lies on a server: dump it now, while nothing runs (docs/runbooks/restore.md)")


def _restore(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.upkeep.restore import restore

    result = restore(settings, source=arguments.source, who=arguments.who, passphrase_file=arguments.passphrase_file)
    print_counts("restored and checked", result.counts)
