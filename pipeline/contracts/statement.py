"""What is said of a model in words (models/<name>/statement.yml): what it is for, what not, where it is weak.

The sentences of the model card and the transparency record that no declaration could give.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from pipeline.errors import ContractError

Said = Annotated[str, StringConstraints(min_length=3, strip_whitespace=True)]


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Limit(_Declared):
    """One way in which the model is weak."""

    title: Said
    says: Said


class Statement(_Declared):
    """The whole file."""

    statement: Literal["statement/1"]
    model: Said
    title: Said
    one_sentence: Said
    purpose: Said
    not_for: Said
    note: Said
    benefit: Said
    previous_process: Said
    alternatives: Annotated[tuple[Said, ...], Field(min_length=1)]
    limits: Annotated[tuple[Limit, ...], Field(min_length=1)]
    human_decision: Said
    training_needed: Said
    appeals: Said
    sensitive: Annotated[tuple[Said, ...], Field(min_length=1)]


@cache
def load_statement(project: Path, name: str) -> Statement:
    """Read and check `models/<name>/statement.yml`; raises ContractError that names the field."""
    where = f"models/{name}/statement.yml"
    try:
        content = yaml.load((project / where).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        found = Statement(**content)
    except (ValidationError, TypeError, OSError, yaml.YAMLError) as error:
        said = str(error.errors()[0]["loc"]) if isinstance(error, ValidationError) else type(error).__name__
        raise ContractError("The statement of a model does not hold together", where=f"{where}: {said}") from error
    if found.model != name:
        raise ContractError("The statement is of another model than its folder", where=where)
    return found
