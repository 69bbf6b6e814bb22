"""The command that reads what practices send back."""

import argparse
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.commands.command import add_command
from pipeline.contracts.settings import Settings


def add_feedback(commands: Any) -> None:
    """feedback."""
    feedback = add_command(
        commands, "feedback", "Read a register that a practice sent back, with its answers", _feedback
    )
    feedback.add_argument("file", type=Path, help="the .xlsx or .csv as it came")
    feedback.add_argument("--practice", required=True, help="code of the practice it came from")
    feedback.add_argument("--who", required=True, help="who has it read")
    feedback.add_argument(
        "--received-at", type=datetime.fromisoformat, help="when it reached us, ISO 8601 with offset (default now)"
    )


def _feedback(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.feedback.feedback import feedback, read_file
    from pipeline.steps.feedback.report import report_of, told

    read = feedback(
        open_context(settings),
        content=read_file(arguments.file),
        file_name=arguments.file.name,
        practice_code=arguments.practice,
        who=arguments.who,
        received_at=arguments.received_at,
    )
    if not read.is_new:
        print("these bytes were read before; nothing was changed")
    for line in told(report_of(read.file)):
        print(line)
