"""A code list that was emptied is refused before anybody is learned from or scored: it would read as nobody ill."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from run_home import enter_model, write_policy
from small_home import ANN, deliver, entry, patient, small_context

from pipeline.contracts.codelist import load_codelists, seal
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.errors import ContractError
from pipeline.steps.at_hand.context import Context
from pipeline.steps.features.events import events
from pipeline.steps.features.features import features
from pipeline.steps.link.link import link
from pipeline.steps.model.train import train
from pipeline.steps.run.run import open_run

NIGHT = date(2026, 11, 15)
EMPTIED = "long_term_condition"


@pytest.fixture
def context(home: Settings, tmp_path: Path) -> Context:
    """Ann in a home whose project is a copy; its nights may be run."""
    project = tmp_path / "project"
    for folder in ("sql", "models", "expectations", "reference", "policy"):
        shutil.copytree(PROJECT / folder, project / folder)
    context = small_context(home.model_copy(update={"project": project}))
    write_policy(home, lambda policy: None)
    deliver(context, "gp_patient", [patient(ANN, "1")])
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    link(context)
    events(context)
    enter_model(context, "first")
    return context


def emptied(context: Context) -> None:
    """All rows gone, and the declaration signed anew, as somebody would who thought it right."""
    folder = context.settings.project / "sql" / "codelists"
    path = folder / f"{EMPTIED}.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    declaration = folder / f"{EMPTIED}.yml"
    text = declaration.read_text()
    version = load_codelists(PROJECT)[EMPTIED].version
    assert f"version: {version}\n" in text
    declaration.write_text(text.replace(f"version: {version}\n", "version: emptied\n", 1))
    seal(folder, EMPTIED)
    load_codelists.cache_clear()


def training(context: Context) -> None:
    train(context, as_of=NIGHT, hold_back=False)


def a_night(context: Context) -> None:
    features(context, run=open_run(context, as_of=NIGHT, knowledge="then"))


@pytest.mark.parametrize("act", [training, a_night])
def test_an_emptied_code_list_stops_training_and_nights(context: Context, act: Callable[[Context], None]) -> None:
    emptied(context)
    with pytest.raises(ContractError, match=f"A code list is empty.*{EMPTIED}"):
        act(context)
