"""Homes for DAGs to run in, and the environment of an Airflow of its own."""

import os
from datetime import date
from pathlib import Path

from small_plan import small_plan

from pipeline.contracts.settings import PROJECT, read_settings
from pipeline.steps.at_hand.context import open_context
from pipeline.steps.demo.demo import prepare
from pipeline.steps.model.promote import promote
from pipeline.steps.model.train import train
from pipeline.store.keys import create_keys

DAGS = PROJECT / "dags"
FIRST = date(2026, 11, 15)


def make_home(home: Path) -> None:
    """About 500 invented people, four years of history taken in, a model trained and promoted; no night yet."""
    settings = read_settings({"RISKSTRAT_HOME": str(home), "RISKSTRAT_THREADS": "1"})
    prepare(settings, people=500, seed=1, as_of=FIRST)
    context = open_context(settings)
    model = train(context, as_of=FIRST, hold_back=True, plan=small_plan())
    promote(context, model_id=model.model_id, who="test", reason="the only model there is", despite="a test")
    context.ledger.engine.dispose()


def make_closed_home(home: Path) -> None:
    """Keys, and a policy in which every basis has run out."""
    create_keys(home / "vault" / "keys")
    policy = (PROJECT / "policy" / "demo.yml").read_text()
    expired = policy.replace("valid_to: 2028-03-31", "valid_to: 2026-10-31")
    assert expired != policy
    (home / "policy.yml").write_text(expired)


def airflow_environment(home: Path) -> dict[str, str]:
    """The environment of an Airflow of its own on SQLite."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "RISKSTRAT"))}
    return mine | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "GX_ANALYTICS_ENABLED": "false",
        # One is quickest for so few people, above all where others use the machine.
        "RISKSTRAT_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
