"""A model of 400,000 people, judged at a later date in practices it never saw: the targets that a release must meet.

    python -m benchmarks.scale --home /somewhere/empty [--people 400000] [--write]

Invents the region (a seed that nobody has tuned anything on), takes it in, trains, evaluates beside the oracle, and
prints the result as JSON; `--write` keeps it in result.json beside this file, which docs/scale.md tells of. What lies
in the home already is not made again, so a run that was stopped goes on. Over an hour on two cores.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from pipeline.contracts.model import Plan, load_plan
from pipeline.contracts.settings import Settings, read_settings
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.demo.demo import prepare
from pipeline.steps.model.evaluate import evaluate
from pipeline.steps.model.train import train
from pipeline.steps.run.run import MODEL
from pipeline.store import layout

AS_OF = date(2026, 11, 15)
PEOPLE, SEED = 400_000, 400_000
REPLAYS = 60
# 23 of the 41 practices: at least 200,000 people whom nothing was learned from.
UNSEEN_SHARE = 0.55
_OF_A_SCORE = ("title", "population", "people", "events", "score_auroc", "auroc_difference")
RESULT = Path(__file__).with_name("result.json")


def main(arguments: Sequence[str] | None = None) -> None:
    run(__doc__, RESULT, lambda given: measure(given.home, people=given.people, memory=given.memory), arguments)


def run(
    doc: str, kept: Path, measured: Callable[[argparse.Namespace], dict[str, Any]], arguments: Sequence[str] | None
) -> None:
    """The command line of every measurement here; `--write` keeps its result."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--memory", default="6GB")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)
    text = json.dumps(measured(given), indent=1, sort_keys=True) + "\n"
    sys.stdout.write(text)
    if given.write:
        kept.write_text(text, encoding="utf-8")


def measure(home: Path, *, people: int = PEOPLE, memory: str = "6GB") -> dict[str, Any]:
    """The evaluation's targets and what stands behind them, of the model trained in this home."""
    context = open_region(home, people=people, memory=memory)
    model = train(context, as_of=AS_OF, hold_back=True, plan=scale_plan(context.settings.project))
    evaluate(context, model_id=model.model_id, truth=layout.landing(home) / "_truth")
    told = layout.evaluation(home, model.model_id) / "evaluation.json"
    return _short(json.loads(told.read_bytes()), people=people)


def open_region(home: Path, *, people: int, memory: str) -> Context:
    """The home with its region written and all its practices taking part."""
    settings = _settings(home, memory)
    if not (home / "vault").exists():
        shutil.rmtree(layout.landing(home), ignore_errors=True)
        prepare(settings, people=people, seed=SEED, as_of=AS_OF, oracle_replays=REPLAYS, oracle_months_before=13)
        _let_all_take_part(settings)
    return open_context(settings)


def scale_plan(project: Path) -> Plan:
    """The declared plan, with more practices held out."""
    plan = load_plan(project, MODEL)
    return plan.changed(holdout=plan.holdout.model_copy(update={"unseen_practices_share": UNSEEN_SHARE}))


def _settings(home: Path, memory: str) -> Settings:
    return read_settings({"RISKSTRAT_HOME": str(home), "RISKSTRAT_THREADS": "2", "RISKSTRAT_MEMORY": memory})


def _let_all_take_part(settings: Settings) -> None:
    """The fictitious policy has agreements with the practices of the demo alone: here every practice has one."""
    policy = yaml.safe_load(settings.policy_file.read_text(encoding="utf-8"))
    lists = json.loads((layout.landing(settings.home) / "_truth" / "summary.json").read_bytes())["lists"]
    pattern = policy["practices"][0]
    policy["practices"] = [
        {**pattern, "practice_code": code, "agreement": f"FICTITIOUS-AGREEMENT-{number:03d}"}
        for number, code in enumerate(sorted(lists), start=1)
    ]
    settings.policy_file.write_text(yaml.safe_dump(policy, sort_keys=False), encoding="utf-8")


def _short(told: dict[str, Any], *, people: int) -> dict[str, Any]:
    """What docs/scale.md tells: without bins, groups and model id, which follow from these."""
    parts = {
        name: {key: part[key] for key in ("people", "events", "auroc", "slope", "oe", "ece_20", "top")}
        for name, part in told["parts"].items()
        if part is not None
    }
    return {
        "people_asked_for": people,
        "seed": SEED,
        "oracle_replays": REPLAYS,
        "model_id": told["model_id"],
        "kind": told["kind"],
        "holdout": told["holdout"],
        "parts": parts,
        "oracle": told["oracle"],
        "oracle_unseen": told["oracle_unseen"],
        "targets": told["targets"],
        "differences": [{key: row.get(key) for key in _OF_A_SCORE} for row in told["differences"]],
        "sources": told["sources"],
        "verdict": told["verdict"],
    }


if __name__ == "__main__":
    main()
