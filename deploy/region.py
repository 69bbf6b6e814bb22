"""An invented region whose last night is still to come: history, a promoted model and the night a week before are made,
and what the week since brought lies in the landing area, for an Airflow to take in.

`python deploy/region.py --people 2000`; the home is RISKSTRAT_HOME. It promotes its own first model, as the demo does.
"""

import argparse
import os
import sys
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.contracts.model import Plan
from pipeline.contracts.settings import Settings, read_settings
from pipeline.log import say
from pipeline.steps.at_hand.context import open_context
from pipeline.steps.demo.demo import prepare, promote_invented
from pipeline.steps.model.train import train
from pipeline.steps.night.nightly import nightly

# The schedule of the nightly DAG, and a little more: at 02:05 London time the night of the day before is run.
LATEST_START = timedelta(hours=2, minutes=10)


def last_night(moment: datetime) -> date:
    """The newest as-of date whose scheduled start has passed at this moment."""
    return (moment.astimezone(ZoneInfo("Europe/London")) - LATEST_START).date() - timedelta(days=1)


def make_region(settings: Settings, *, people: int, last: date, seed: int = 1, plan: Plan | None = None) -> str:
    """Fill the home for the night of `last`; the model's id. `plan`: how it is trained, the declared plan if None."""
    first = last - timedelta(days=7)
    prepare(settings, people=people, seed=seed, as_of=first)
    context = open_context(settings)
    model = train(context, as_of=first, hold_back=True, plan=plan)
    promote_invented(context, model_id=model.model_id)
    nightly(context, as_of=first, hold_back=True)
    context.ledger.engine.dispose()
    return model.model_id


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=2000)
    wanted = parser.parse_args()
    last = last_night(datetime.now(ZoneInfo("UTC")))
    model_id = make_region(read_settings(os.environ), people=wanted.people, last=last)
    say(f"model {model_id} is promoted; the night of {last} is still to come")


if __name__ == "__main__":
    sys.exit(main())
