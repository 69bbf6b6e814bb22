"""Cards: the model card and the transparency record of one trained model, with what its evaluation measured.

Written beside the artefact from the declarations and the evaluation's figures; nobody is in them. What is declared
alone stands in the repository (`riskstrat docs`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.channels.folder import put_file
from pipeline.contracts.extract import load_extracts
from pipeline.contracts.feature import load_features
from pipeline.contracts.model import load_plan
from pipeline.contracts.model_card import model_card
from pipeline.contracts.retention import load_retention
from pipeline.contracts.safety import load_safety_case
from pipeline.contracts.statement import load_statement
from pipeline.contracts.transparency import transparency_record
from pipeline.steps.at_hand.context import Context
from pipeline.steps.docs.docs import version_of
from pipeline.store import layout

CARD, RECORD = "card.md", "transparency-record.md"


def cards(context: Context, *, evaluation: Mapping[str, Any]) -> Path:
    """Write both into the model's folder, in the place of earlier ones; the folder. `evaluation` is an evaluation/1."""
    # read
    project, name = context.settings.project, str(evaluation["name"])
    statement, plan, concepts = load_statement(project, name), load_plan(project, name), load_features(project)
    # decide
    record = transparency_record(
        statement,
        plan,
        concepts=concepts,
        extracts=load_extracts(project),
        case=load_safety_case(project),
        retention=load_retention(project, context.settings.home),
        version=version_of(project),
        evaluation=evaluation,
    )
    texts = {CARD: model_card(statement, plan, concepts, evaluation=evaluation), RECORD: record}
    # write
    folder = layout.models(context.settings.home, name) / str(evaluation["model_id"])
    folder.mkdir(parents=True, exist_ok=True)
    for file_name, text in texts.items():
        put_file(folder / file_name, text.encode("utf-8"))
    return folder
