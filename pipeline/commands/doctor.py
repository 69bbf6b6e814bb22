"""Doctor: whether a home is fit for the next night."""

import argparse
import json
from typing import Any

from pipeline.commands.command import add_command
from pipeline.contracts.settings import Settings


def add_doctor(commands: Any) -> None:
    """doctor."""
    doctor = add_command(
        commands,
        "doctor",
        "Is the home fit for the next night? Exit 0 yes, 1 not for long, 2 no",
        _doctor,
        writes=False,
    )
    doctor.add_argument("--json", action="store_true", help="for machines")


def _doctor(arguments: argparse.Namespace, settings: Settings) -> int:
    from pipeline.steps.tell.doctor import as_rows, doctor, told

    found = doctor(settings)
    if arguments.json:
        print(json.dumps({"exit_code": found.exit_code, "lines": as_rows(found)}, indent=2, sort_keys=True))
    else:
        print("\n".join(told(found)))
    return found.exit_code
