"""Reads what is declared beside each concept's query (sql/features/*.yml, sql/outcomes/*.yml): columns and checks.

Says precisely what is wrong in a declaration. Does not read or run the SQL; `pipeline.engines` does.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.contracts.faults import first_fault
from pipeline.contracts.policy import Source
from pipeline.errors import ContractError

Level = Literal["stop", "warn"]


@cache
def load_features(project: Path) -> tuple["FeatureConcept", ...]:
    """Every feature concept of the project, in order of name.

    Raises ContractError if a concept lacks its .sql or its .yml, a declaration does not hold together, or two
    concepts declare the same column.
    """
    return _load_folder(project / "sql" / "features")


def load_outcomes(project: Path) -> tuple["FeatureConcept", ...]:
    """Every outcome (label), declared as features are; the same errors."""
    return _load_folder(project / "sql" / "outcomes")


def feature_columns(concepts: Sequence["FeatureConcept"]) -> tuple[str, ...]:
    """Names of all columns, concept by concept, in declared order."""
    return tuple(column.name for concept in concepts for column in concept.columns)


def columns_within(concepts: Sequence["FeatureConcept"], sources: Collection[str]) -> tuple[str, ...]:
    """Columns whose concept needs no source but these, in declared order; those of the registration always among them.

    A concept of several sources counts only where all of them may be used: half of it would read as little.
    """
    return feature_columns([each for each in concepts if each.is_of_registration or set(each.sources) <= set(sources)])


def _load_folder(folder: Path) -> tuple["FeatureConcept", ...]:
    stems = sorted({path.stem for path in folder.glob("*.sql")} | {path.stem for path in folder.glob("*.yml")})
    if not stems:
        raise ContractError("There is no concept", where=f"sql/{folder.name}")
    concepts = tuple(_load(folder, stem) for stem in stems)
    doubled = sorted(name for name, times in Counter(feature_columns(concepts)).items() if times > 1)
    if doubled:
        raise ContractError("Two concepts declare the same column", where=f"sql/{folder.name}: {', '.join(doubled)}")
    return concepts


def _load(folder: Path, stem: str) -> "FeatureConcept":
    query, declaration = folder / f"{stem}.sql", folder / f"{stem}.yml"
    for needed in (query, declaration):
        if not needed.is_file():
            raise ContractError("A concept is a .sql and a .yml of the same name", where=f"missing {needed.name}")
    try:
        content = yaml.load(declaration.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        return FeatureConcept(name=stem, query=query, **content)
    except (ValidationError, TypeError, yaml.YAMLError) as error:
        raise ContractError(
            "The declaration of a concept does not hold together", where=f"{declaration.name}: {first_fault(error)}"
        ) from error


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Check(_Declared):
    """A bound (inclusive) that every value that is not null must keep: `stop` the night, or `warn` someone."""

    minimum: float | None = None
    maximum: float | None = None
    level: Level

    @model_validator(mode="after")
    def _one_bound(self) -> "Check":
        if (self.minimum is None) == (self.maximum is None):
            raise ValueError("a check has a minimum or a maximum, one of them")
        return self


class FeatureColumn(_Declared):
    """One column: what it means, and what stands there when nothing was found or nothing can be known.

    `none_found` is what a covered person without any event gets; `from_cohort` for columns that need no event.
    `null_rule` says when the column is null.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: Literal["integer", "boolean", "number", "text"]
    unit: str | None
    meaning: str
    null_rule: str = Field(alias="null")
    none_found: bool | int | float | Literal["from_cohort"] | None
    checks: tuple[Check, ...]


class FeatureConcept(_Declared):
    """One file of sql/features (or sql/outcomes) and what is declared beside it."""

    name: str
    query: Path
    title: str
    rationale: str
    sources: tuple[Source, ...] = Field(min_length=1)
    owner: str
    columns: tuple[FeatureColumn, ...] = Field(min_length=1)

    @property
    def is_of_registration(self) -> bool:
        """Whether the cohort alone tells every column: who is registered is known wherever anybody is scored."""
        return all(column.none_found == "from_cohort" for column in self.columns)
