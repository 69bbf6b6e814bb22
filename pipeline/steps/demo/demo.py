"""The demo: an invented region taken through every stage, from deliveries to registers, on this machine alone.

It promotes its own first model and says so: with real people, promotion is a person's act.
"""

import shutil
from datetime import date, timedelta
from pathlib import Path

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.settings import Settings
from pipeline.errors import UserError
from pipeline.log import say
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.model.evaluate import evaluate
from pipeline.steps.model.promote import promote
from pipeline.steps.model.train import train
from pipeline.steps.night.nightly import nightly
from pipeline.steps.upkeep.new_keys import new_keys
from pipeline.store import layout


def demo(settings: Settings, *, people: int, seed: int, as_of: date) -> None:
    """Synthesise, train, promote, and publish two nights a week apart; says where to look."""
    if layout.landing(settings.home).exists():
        raise UserError(
            "This home holds deliveries already",
            where=str(settings.home),
            next_step="point RISKSTRAT_HOME at an empty folder, or remove this one if it was a demo's",
        )
    say(f"1/5 inventing a region of about {people:,} people in North Central London")
    prepare(settings, people=people, seed=seed, as_of=as_of)
    context = open_context(settings)
    say(f"2/5 taking in four years of history and training a model as of {as_of}")
    model = train(context, as_of=as_of, hold_back=True)
    say(f"3/5 judging and promoting model {model.model_id} (with real people a person decides)")
    evaluate(context, model_id=model.model_id)
    promote_invented(context, model_id=model.model_id)
    second = as_of + timedelta(days=7)
    for position, night in ((4, as_of), (5, second)):
        say(f"{position}/5 the night of {night}")
        nightly(context, as_of=night, hold_back=True)
    _tell(settings, second, model_id=model.model_id)


def promote_invented(context: Context, *, model_id: str) -> None:
    """Let the first model of an invented region score; with real people a person decides."""
    promote(
        context,
        model_id=model_id,
        who="demo",
        reason="first model of an invented region",
        despite="nobody is cared for by it: the people are invented",
    )


def prepare(
    settings: Settings,
    *,
    people: int,
    seed: int,
    as_of: date,
    oracle_replays: int = 0,
    oracle_months_before: int = 12,
) -> None:
    """A home ready to run: deliveries in its landing area, keys, and the fictitious policy."""
    settings.home.mkdir(parents=True, exist_ok=True)
    landing = layout.landing(settings.home)
    synthesise_into(
        landing,
        settings=settings,
        people=people,
        seed=seed,
        as_of=as_of,
        weeks=1,
        oracle_replays=oracle_replays,
        oracle_months_before=oracle_months_before,
    )
    if not any(settings.keys_folder.glob("*.key.json")):
        new_keys(settings, who="demo")
    if not settings.policy_file.exists():
        shutil.copyfile(settings.project / "policy" / "demo.yml", settings.policy_file)


def synthesise_into(
    out: Path,
    *,
    settings: Settings,
    people: int,
    seed: int,
    as_of: date,
    weeks: int,
    oracle_replays: int = 0,
    oracle_months_before: int = 12,
    dirt_plan: Path | None = None,
) -> None:
    """Write an invented region as deliveries to a folder, in the formats the contracts declare; says what was written.

    `dirt_plan`: a YAML file of further faults to plant in the live weeks.
    """
    from pipeline.synthetic.deliveries.dirt_plan import read_dirt_plan
    from pipeline.synthetic.synthesise import synthesise

    summary = synthesise(
        out,
        people=people,
        seed=seed,
        as_of=as_of,
        contracts=load_extracts(settings.project),
        weeks=weeks,
        oracle_replays=oracle_replays,
        oracle_months_before=oracle_months_before,
        dirt=read_dirt_plan(dirt_plan) if dirt_plan else None,
    )
    say(
        f"  {summary.people:,} people of {len(summary.practices)} practices, "
        f"{summary.rows:,} rows in {summary.deliveries} deliveries"
    )


def _tell(settings: Settings, as_of: date, *, model_id: str) -> None:
    home = settings.home
    packs = sorted((home / "registers" / as_of.isoformat()).iterdir())
    say("done. Open a practice's register in a browser, or its CSV in a spreadsheet:")
    for pack in packs:
        for path in sorted(pack.glob("RISKREG_*")):
            say(f"  {path.relative_to(home.parent) if home.parent in path.parents else path}")
    say(f"pseudonymous lists for PCNs and boroughs: {home.name}/localities/{as_of}/")
    say(f"how good the model is: {home.name}/reports/evaluation/{model_id}/evaluation.html")
    say("where things stand: .venv/bin/riskstrat status")
