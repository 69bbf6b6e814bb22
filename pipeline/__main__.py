"""The same steps from a shell: arguments, exit codes, nothing else.

Exit codes: 0 done; 1 a fault inside; 2 and above an error a person can put right (docs/generated/exit-codes.md).
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.contracts.settings import VARIABLES, Settings, read_settings
from pipeline.errors import PipelineError, UserError
from pipeline.log import step_log
from pipeline.store.lock import sole_writer

Run = Callable[[argparse.Namespace, Settings], int | None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    parsed = build_parser().parse_args(arguments)
    try:
        settings = read_settings(os.environ)
        with sole_writer(settings.home) if parsed.writes else nullcontext():
            return int(parsed.run(parsed, settings) or 0)
    except UserError as error:
        print(f"riskstrat: {error}", file=sys.stderr)
        return error.exit_code
    except PipelineError as error:
        print(f"riskstrat: a fault inside: {error}", file=sys.stderr)
        return error.exit_code
    except Exception as error:  # noqa: BLE001  # a library's message may quote a row: the log withholds it
        step_log().error("a fault inside", exc_info=error)
        print(f"riskstrat: a fault inside ({type(error).__name__}); its places are in the log above", file=sys.stderr)
        return 1


def build_parser() -> argparse.ArgumentParser:
    """Every command with its help; the docs are made from this."""
    parser = argparse.ArgumentParser(
        prog="riskstrat",
        description="Risk stratification: nightly extracts in, ranked registers per practice out.",
        epilog="Settings are environment variables: " + "; ".join(f"{k}: {v}" for k, v in VARIABLES.items()),
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    _intake_commands(commands)
    _night_commands(commands)

    status = _command(commands, "status", "Where things stand: exit 0 well, 1 needs a look, 2 not publishing", _status)
    status.add_argument("--json", action="store_true", help="for machines")

    docs = _command(commands, "docs", "Write the generated reference pages", _docs)
    docs.add_argument("--check", action="store_true", help="only say whether they are current (exit 1 if not)")
    return parser


def _intake_commands(commands: Any) -> None:
    demo = _command(commands, "demo", "Run the whole journey on invented people, from deliveries to registers", _demo)
    _region_arguments(demo)

    synthesise = _command(commands, "synthesise", "Write an invented region as deliveries", _synthesise)
    _region_arguments(synthesise)
    synthesise.add_argument("--out", type=Path, help="landing folder to write to (default: landing/ in the home)")

    _command(commands, "keys", "Create the keys of this home (once; refuses to overwrite)", _keys)

    receive = _command(commands, "receive", "Pick up what lies in the landing area", _receive)
    receive.add_argument("--as-of", type=date.fromisoformat, help="only what was received before that night's cut-off")

    validate = _command(commands, "validate", "Check received deliveries against their contracts", _validate)
    validate.add_argument("--delivery", help="one delivery id (default: all that wait)")

    _command(commands, "link", "Find the person of each row; leave out those who dissent", _link)
    _command(commands, "events", "Bring linked rows into the event store", _events)


def _night_commands(commands: Any) -> None:
    train = _command(commands, "train", "Train and evaluate a model from what was known on a night", _train)
    train.add_argument(
        "--as-of", type=date.fromisoformat, required=True, help="the night whose knowledge it learns from"
    )

    promote = _command(commands, "promote", "Make a trained model the one that scores (a person's act)", _promote)
    promote.add_argument("model_id", help="as printed by train")
    promote.add_argument("--who", required=True, help="who decides")
    promote.add_argument("--reason", required=True, help="why, for the record")

    nightly = _command(commands, "nightly", "Run a whole night: all stages but train", _nightly)
    _night_arguments(nightly)
    for stage, meaning in (
        ("features", "Cohort and features as of the index date"),
        ("score", "Risk of everyone registered, with the promoted model"),
        ("segment", "Need segments"),
        ("register", "Who is on which register, ranked"),
        ("publish", "Publish the packs that are due"),
    ):
        alone = _command(commands, stage, f"{meaning} (one stage of a night, on its own)", _stage(stage))
        _night_arguments(alone)
        alone.add_argument(
            "--again", action="store_true", help="do it again though it finished: the result is the same"
        )


READERS = ("status", "docs", "synthesise", "keys")


def _command(commands: Any, name: str, meaning: str, run: Run) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=meaning, description=meaning)
    parser.set_defaults(run=run, writes=name not in READERS)
    return parser


def _region_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--people", type=int, default=20_000, help="about how many people (default 20000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another region (default 1)")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, default=date(2026, 11, 15), help="first night (default 2026-11-15)"
    )


def _night_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as-of", type=date.fromisoformat, required=True, help="last day the night covers")
    parser.add_argument(
        "--knowledge",
        choices=("then", "now"),
        default="then",
        help="what was known that night, or today's corrected data",
    )
    parser.add_argument("--correct", metavar="REASON", help="publish a corrected edition beside the one of that date")


def _demo(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.demo import demo

    demo(settings, people=arguments.people, seed=arguments.seed, as_of=arguments.as_of)


def _synthesise(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.demo import synthesise_into

    out = arguments.out or settings.home / "landing"
    synthesise_into(out, people=arguments.people, seed=arguments.seed, as_of=arguments.as_of)


def _keys(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.store.keys import create_keys

    create_keys(settings.keys_folder)
    print(f"keys created in {settings.keys_folder}; keep a copy elsewhere: without them no register can be made")


def _receive(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.rules.times import intake_cut_off
    from pipeline.steps.context import open_context
    from pipeline.steps.receive import receive

    before = intake_cut_off(arguments.as_of) if arguments.as_of else None
    result = receive(open_context(settings), received_before=before)
    print(f"received {len(result.delivery_ids)}, duplicate {len(result.duplicates)}, refused {len(result.refused)}")


def _validate(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.ledger.deliveries import get_delivery, list_deliveries
    from pipeline.steps.context import open_context
    from pipeline.steps.validate import validate

    context = open_context(settings)
    if arguments.delivery:
        waiting = [arguments.delivery]
    else:
        waiting = [d.delivery_id for d in list_deliveries(context.ledger, states=["received"])]
    for delivery_id in waiting:
        validate(context, delivery_id=delivery_id)
        verdict = get_delivery(context.ledger, delivery_id)
        if verdict is not None:
            print(f"{delivery_id}: {verdict.state}{f' ({verdict.reason_code})' if verdict.reason_code else ''}")


def _link(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.context import open_context
    from pipeline.steps.link import link

    _print_counts("link", link(open_context(settings)).counts)


def _events(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.context import open_context
    from pipeline.steps.events import events

    _print_counts("events", events(open_context(settings)).counts)


def _train(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.context import open_context
    from pipeline.steps.train import train

    model = train(open_context(settings), as_of=arguments.as_of, hold_back=False)
    print(f"trained {model.model_id}; to let it score: riskstrat promote {model.model_id} --who … --reason …")


def _promote(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.context import open_context
    from pipeline.steps.promote import promote

    promote(open_context(settings), model_id=arguments.model_id, who=arguments.who, reason=arguments.reason)
    print(f"model {arguments.model_id} scores from now on")


def _nightly(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.context import open_context
    from pipeline.steps.nightly import nightly

    night = nightly(
        open_context(settings),
        as_of=arguments.as_of,
        hold_back=False,
        knowledge=arguments.knowledge,
        correction=arguments.correct,
    )
    print(f"night of {arguments.as_of} done: run {night.run.run_key}")


def _stage(name: str) -> Run:
    def run(arguments: argparse.Namespace, settings: Settings) -> None:
        from pipeline.steps.context import open_context
        from pipeline.steps.nightly import run_stage
        from pipeline.steps.run import open_run

        context = open_context(settings)
        night = open_run(context, as_of=arguments.as_of, knowledge=arguments.knowledge, correction=arguments.correct)
        run_stage(context, name, run=night, again=arguments.again)

    return run


def _status(arguments: argparse.Namespace, settings: Settings) -> int:
    from pipeline.steps.context import open_context
    from pipeline.steps.status import status, told

    report = status(open_context(settings))
    print(report.as_json() if arguments.json else told(report))
    return report.exit_code


def _docs(arguments: argparse.Namespace, settings: Settings) -> int:
    from pipeline.steps.docs import docs

    stale = docs(settings.project, parser=build_parser(), check=arguments.check)
    for name in stale:
        print(f"{name}: {'stale, run riskstrat docs' if arguments.check else 'written'}")
    return 1 if arguments.check and stale else 0


def _print_counts(step: str, counts: dict[str, int]) -> None:
    print(f"{step}: " + ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts.items()))


if __name__ == "__main__":
    sys.exit(main())
