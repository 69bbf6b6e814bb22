"""Commands about invented people: the demo, a region as deliveries, and the region against published facts."""

import argparse
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.commands.command import add_command
from pipeline.contracts.settings import Settings


def add_invented(commands: Any) -> None:
    """demo, synthesise, region-facts."""
    demo = add_command(
        commands, "demo", "Run the whole journey on invented people, from deliveries to registers", _demo
    )
    _region_arguments(demo)

    synthesise = add_command(
        commands, "synthesise", "Write an invented region as deliveries", _synthesise, writes=False
    )
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
        "--oracle-months-before",
        type=int,
        default=12,
        metavar="MONTHS",
        help="on the index date so many months before the first night's (default 12; a model's hold-out: 13)",
    )
    synthesise.add_argument(
        "--dirt", type=Path, metavar="PLAN", help="plant the faults of this YAML file in the live weeks as well"
    )

    facts = add_command(
        commands, "region-facts", "Measure the invented region against published facts", _region_facts, writes=False
    )
    _region_arguments(facts, people=200_000)
    facts.add_argument("--replays", type=int, default=1_000, help="futures per person for the oracle (default 1000)")
    facts.add_argument("--out", type=Path, default=Path("docs/region-facts.md"), help="page to write")


def _region_arguments(parser: argparse.ArgumentParser, *, people: int = 20_000) -> None:
    parser.add_argument(
        "--people", type=int, default=people, help=f"about how many people, 500 to 1000000 (default {people})"
    )
    parser.add_argument("--seed", type=int, default=1, help="another seed, another region (default 1)")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, default=date(2026, 11, 15), help="first night (default 2026-11-15)"
    )


def _demo(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.demo.demo import demo

    demo(settings, people=arguments.people, seed=arguments.seed, as_of=arguments.as_of)


def _synthesise(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.demo.demo import synthesise_into

    out = arguments.out or settings.home / "landing"
    synthesise_into(
        out,
        settings=settings,
        people=arguments.people,
        seed=arguments.seed,
        as_of=arguments.as_of,
        weeks=arguments.weeks,
        oracle_replays=arguments.oracle,
        oracle_months_before=arguments.oracle_months_before,
        dirt_plan=arguments.dirt,
    )


def _region_facts(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.demo.region_facts import region_facts

    region_facts(
        arguments.out,
        people=arguments.people,
        seed=arguments.seed,
        as_of=arguments.as_of,
        replays=arguments.replays,
    )
