"""One region with faults of every kind in its live weeks, taken in once for the whole suite; and one demo's home."""

import contextlib
import io
import shutil

import pytest
from faults import AS_OF, PEOPLE, PLAN, SEED, WEEKS
from small_plan import small_plan
from taken_in import TakenIn, take_in

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.settings import read_settings
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.demo.demo import prepare
from pipeline.steps.model.promote import promote
from pipeline.steps.model.train import train
from pipeline.steps.night.nightly import nightly
from pipeline.store import layout
from pipeline.store.keys import create_keys
from pipeline.synthetic.synthesise import synthesise

DEMO_PEOPLE, DEMO_SEED = 8_000, 3


@pytest.fixture(scope="session")
def taken(tmp_path_factory: pytest.TempPathFactory) -> TakenIn:
    """Eight live weeks over Christmas and New Year; weekdays, weekends and public holidays among them."""
    settings = read_settings({"RISKSTRAT_HOME": str(tmp_path_factory.mktemp("acceptance") / "home")})
    contracts = load_extracts(settings.project)
    landing = layout.landing(settings.home)
    synthesise(landing, people=PEOPLE, seed=SEED, as_of=AS_OF, contracts=contracts, weeks=WEEKS, dirt=PLAN)
    create_keys(settings.keys_folder)
    shutil.copyfile(settings.project / "policy" / "demo.yml", settings.policy_file)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return take_in(open_context(settings))


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """A home like the demo's, of fewer people: history taken in, a model trained and promoted, one night published."""
    settings = read_settings({"RISKSTRAT_HOME": str(tmp_path_factory.mktemp("demo") / "home")})
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        prepare(settings, people=DEMO_PEOPLE, seed=DEMO_SEED, as_of=AS_OF)
        context = open_context(settings)
        model = train(context, as_of=AS_OF, hold_back=True, plan=small_plan())
        promote(
            context, model_id=model.model_id, who="demo", reason="first model of an invented region", despite="a test"
        )
        nightly(context, as_of=AS_OF, hold_back=True)
    return context
