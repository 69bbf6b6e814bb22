"""The command that judges a trained model."""

import argparse
from pathlib import Path
from typing import Any

from pipeline.commands.command import add_command
from pipeline.contracts.settings import Settings


def add_evaluation(commands: Any) -> None:
    """evaluate."""
    evaluate = add_command(
        commands, "evaluate", "Judge a trained model on its hold-out, and write what came out", _evaluate
    )
    evaluate.add_argument("--model", required=True, metavar="MODEL_ID", help="as printed by train")
    evaluate.add_argument(
        "--truth", type=Path, metavar="FOLDER", help="an invented region's _truth folder with its oracle"
    )


def _evaluate(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.model.evaluate import PAGE, evaluate
    from pipeline.store import layout

    evaluate(open_context(settings), model_id=arguments.model, truth=arguments.truth)
    print(f"written: {layout.evaluation(settings.home, arguments.model) / PAGE}")
