"""Commands of a night: the model that scores, the night whole, and each of its stages alone."""

import argparse
from typing import Any

from pipeline.commands.command import Run, add_as_of, add_command
from pipeline.contracts.settings import Settings

# A night waits for a training or a night of a backfill that is at work (pipeline/steps/at_hand/alone.py).
WAITS = 7_200


def add_night(commands: Any) -> None:
    """train, models, promote, rollback, nightly, and a stage each."""
    train = add_command(commands, "train", "Train and evaluate a model from what was known on a night", _train)
    add_as_of(train, "the night whose knowledge it learns from")

    promote = add_command(commands, "promote", "Make a trained model the one that scores (a person's act)", _promote)
    promote.add_argument("model_id", help="as printed by train")
    promote.add_argument(
        "--despite", metavar="REASON", help="why, although something stands against it (no evaluation, a finding)"
    )
    rollback = add_command(commands, "rollback", "Put back the model that scored before the present one", _rollback)
    for decided in (promote, rollback):
        decided.add_argument("--who", required=True, help="who decides")
        decided.add_argument("--reason", required=True, help="why, for the record")
    add_command(commands, "models", "Which models there are, which scores, and who decided so", _models, writes=False)

    nightly = add_command(commands, "nightly", "Run a whole night: all stages but train", _nightly, waits=WAITS)
    _night_arguments(nightly)
    for stage, meaning in (
        ("features", "Cohort and features as of the index date"),
        ("score", "Risk of everyone registered, with the promoted model"),
        ("segment", "Need segments"),
        ("register", "Who is on which register, ranked"),
        ("publish", "Publish the packs that are due"),
    ):
        alone = add_command(
            commands, stage, f"{meaning} (one stage of a night, on its own)", _stage(stage), waits=WAITS
        )
        _night_arguments(alone)
        alone.add_argument(
            "--again", action="store_true", help="do it again though it finished: the result is the same"
        )


def _night_arguments(parser: argparse.ArgumentParser) -> None:
    add_as_of(parser, "last day the night covers")
    parser.add_argument(
        "--knowledge",
        choices=("then", "now"),
        default="then",
        help="what was known that night, or today's corrected data",
    )
    parser.add_argument("--correct", metavar="REASON", help="publish a corrected edition beside the one of that date")


def _train(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.model.train import train

    model = train(open_context(settings), as_of=arguments.as_of, hold_back=False)
    print(f"trained {model.model_id}; to let it score: riskstrat promote {model.model_id} --who … --reason …")


def _promote(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.model.promote import promote

    promote(
        open_context(settings),
        model_id=arguments.model_id,
        who=arguments.who,
        reason=arguments.reason,
        despite=arguments.despite,
    )
    print(f"model {arguments.model_id} scores from now on")


def _rollback(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.model.promote import rollback

    back = rollback(open_context(settings), who=arguments.who, reason=arguments.reason)
    print(f"model {back.digest} scores again")


def _models(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.model.registry import told

    print("\n".join(told(open_context(settings))))


def _nightly(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.night.nightly import nightly

    night = nightly(
        open_context(settings),
        as_of=arguments.as_of,
        hold_back=False,
        knowledge=arguments.knowledge,
        correction=arguments.correct,
    )
    key = night.run.run_key
    if night.run.kind == "replay":
        print(f"night of {arguments.as_of} done again as a REPLAY: nobody was given anything (registers/replays/{key})")
    else:
        print(f"night of {arguments.as_of} done: run {key}")


def _stage(name: str) -> Run:
    def run(arguments: argparse.Namespace, settings: Settings) -> None:
        from pipeline.steps.at_hand.context import open_context
        from pipeline.steps.night.nightly import run_stage
        from pipeline.steps.run.run import open_run

        context = open_context(settings)
        night = open_run(context, as_of=arguments.as_of, knowledge=arguments.knowledge, correction=arguments.correct)
        run_stage(context, name, run=night, again=arguments.again)

    return run
