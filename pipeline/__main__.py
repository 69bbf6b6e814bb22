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
    _decision_commands(commands)
    _night_commands(commands)

    status = _command(commands, "status", "Where things stand: exit 0 well, 1 needs a look, 2 not publishing", _status)
    status.add_argument("--json", action="store_true", help="for machines")

    _list_commands(commands)

    sources = _command(commands, "sources", "Write the page over all senders and weeks", _sources)
    sources.add_argument("--as-of", type=date.fromisoformat, required=True, help="night up to whose cut-off it looks")

    docs = _command(commands, "docs", "Write the generated reference pages", _docs)
    docs.add_argument("--check", action="store_true", help="only say whether they are current (exit 1 if not)")
    return parser


def _intake_commands(commands: Any) -> None:
    demo = _command(commands, "demo", "Run the whole journey on invented people, from deliveries to registers", _demo)
    _region_arguments(demo)

    synthesise = _command(commands, "synthesise", "Write an invented region as deliveries", _synthesise)
    _region_arguments(synthesise)
    synthesise.add_argument("--out", type=Path, help="landing folder to write to (default: landing/ in the home)")
    synthesise.add_argument(
        "--weeks", type=int, default=1, help="live weeks after the first night's history, 1 to 12 (default 1)"
    )
    synthesise.add_argument(
        "--oracle",
        action="store_const",
        const=1_000,
        default=0,
        help="also write each person's true probability of the outcome to _truth/ (for evaluation; slow)",
    )
    synthesise.add_argument(
        "--dirt", type=Path, metavar="PLAN", help="plant the faults of this YAML file in the live weeks as well"
    )

    facts = _command(commands, "region-facts", "Measure the invented region against published facts", _region_facts)
    _region_arguments(facts, people=200_000)
    facts.add_argument("--replays", type=int, default=1_000, help="futures per person for the oracle (default 1000)")
    facts.add_argument("--out", type=Path, default=Path("docs/region-facts.md"), help="page to write")

    _command(commands, "keys", "Create the keys of this home (once; refuses to overwrite)", _keys)

    receive = _command(commands, "receive", "Pick up what lies in the landing area", _receive)
    receive.add_argument("--as-of", type=date.fromisoformat, help="only what was received before that night's cut-off")

    validate = _command(commands, "validate", "Check received deliveries against their contracts", _validate)
    validate.add_argument("--delivery", help="one delivery id (default: all that wait)")

    _command(commands, "link", "Find the person of each row; leave out those who dissent", _link)
    _command(commands, "events", "Bring linked rows into the event store", _events)


def _decision_commands(commands: Any) -> None:
    for verb, meaning in (
        ("accept", "Use a delivery that a rule about the delivery as a whole refused (a person's act)"),
        ("hold", "Let no night use a delivery until it is released (a person's act)"),
        ("release", "Let nights use a delivery that was held (a person's act)"),
        ("refuse", "Let no night use a delivery from now on, though the rules accepted it (a person's act)"),
    ):
        decision = _command(commands, verb, meaning, _overrule(verb))
        decision.add_argument("delivery", help="delivery id, as status and the supplier's report name it")
        decision.add_argument("--who", required=True, help="who decides")
        decision.add_argument("--reason", required=True, help="why, for the record; nothing about a patient")

    originals = _command(commands, "originals", "Original files kept, and which are past their expiry", _originals)
    originals.add_argument("--delete-expired", action="store_true", help="delete the bytes of those that are past it")
    originals.add_argument("--who", help="who has them deleted; needed with --delete-expired")


def _list_commands(commands: Any) -> None:
    coverage = _command(
        commands, "coverage", "For how many people each source is known, since when, by whom", _coverage
    )
    coverage.add_argument("--as-of", type=date.fromisoformat, required=True, help="the night to look at")

    lists = _command(commands, "codelists", "Compare, release or list code lists (docs/code-lists.md)", _codelists)
    lists.add_argument("act", choices=("compare", "list", "release"), help="what to do")
    lists.add_argument("--from", "--with", type=Path, dest="folder", help="folder of the lists offered, .csv and .yml")
    lists.add_argument("--as-of", type=date.fromisoformat, help="compare: the night to look at")
    lists.add_argument("--out", type=Path, help="compare: also write the page to this file")
    lists.add_argument("--who", help="who decides (release) or looks (compare)")
    lists.add_argument("--reason", help="release: why, for the record")
    lists.add_argument(
        "--keep-model", action="store_true", help="release: the model goes on as it is, not trained anew"
    )

    sealing = _command(
        commands, "seal-codelists", "Write down version and digest of edited code lists", _seal_codelists
    )
    sealing.add_argument("--from", type=Path, dest="folder", help="their folder (default: sql/codelists)")


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


READERS = ("status", "coverage", "docs", "seal-codelists", "synthesise", "region-facts", "keys")


def _command(commands: Any, name: str, meaning: str, run: Run) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=meaning, description=meaning)
    parser.set_defaults(run=run, writes=name not in READERS)
    return parser


def _region_arguments(parser: argparse.ArgumentParser, *, people: int = 20_000) -> None:
    parser.add_argument(
        "--people", type=int, default=people, help=f"about how many people, 500 to 1000000 (default {people})"
    )
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
    synthesise_into(
        out,
        settings=settings,
        people=arguments.people,
        seed=arguments.seed,
        as_of=arguments.as_of,
        weeks=arguments.weeks,
        oracle_replays=arguments.oracle,
        dirt_plan=arguments.dirt,
    )


def _region_facts(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.region_facts import region_facts

    region_facts(
        arguments.out,
        people=arguments.people,
        seed=arguments.seed,
        as_of=arguments.as_of,
        replays=arguments.replays,
    )


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
    for line in result.told():
        print(f"  {line}")


def _validate(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.context import open_context
    from pipeline.steps.validate import verdicts

    for told in verdicts(open_context(settings), delivery_id=arguments.delivery):
        print(told)


def _overrule(verb: str) -> Run:
    def run(arguments: argparse.Namespace, settings: Settings) -> None:
        from pipeline.steps.context import open_context
        from pipeline.steps.overrule import overrule

        context = open_context(settings)
        result = overrule(
            context, delivery_id=arguments.delivery, verb=verb, who=arguments.who, reason=arguments.reason
        )
        in_use = result.counts["editions_in_use"]
        print(f"{verb}: {arguments.delivery}; {in_use} editions in use rest on it")

    return run


def _originals(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.context import open_context
    from pipeline.steps.originals import delete_expired, originals

    context = open_context(settings)
    if arguments.delete_expired:
        _print_counts("originals", delete_expired(context, who=arguments.who or "").counts)
    for line in originals(context).told():
        print(line)


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


def _sources(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.context import open_context
    from pipeline.steps.sources_page import write_sources_page

    _print_counts("sources", write_sources_page(open_context(settings), as_of=arguments.as_of).counts)


def _coverage(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.context import open_context
    from pipeline.steps.coverage import coverage, told

    print(told(coverage(open_context(settings), as_of=arguments.as_of), as_of=arguments.as_of))


def _codelists(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.codelist_acts import Asked, codelist_act
    from pipeline.steps.context import open_context

    given = {name: getattr(arguments, name) for name in ("folder", "as_of", "who", "reason", "keep_model", "out")}
    print(codelist_act(open_context(settings), arguments.act, Asked(**given)))


def _seal_codelists(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.codelist_acts import seal_codelists

    sealed = seal_codelists(arguments.folder or settings.project / "sql" / "codelists")
    print("\n".join(f"{name}: sealed" for name in sealed) or "every list was sealed already")


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
