"""One region with faults of every kind in its live weeks, taken in once for the whole suite."""

import contextlib
import io
import shutil

import pytest
from faults import AS_OF, PEOPLE, PLAN, SEED, WEEKS
from taken_in import TakenIn, take_in

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.settings import read_settings
from pipeline.steps.context import open_context
from pipeline.store import layout
from pipeline.store.keys import create_keys
from pipeline.synthetic.synthesise import synthesise


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
