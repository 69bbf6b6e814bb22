"""Reads what somebody is told of, in which words and with which page (policy/alerts.yml); says what is wrong in it.

A home's own `alerts.yml` takes the place of the file that ships. Nothing here looks whether anything is so.
"""

import string
from datetime import time
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipeline.contracts.faults import first_fault
from pipeline.contracts.numbers import DayCount, Number
from pipeline.errors import ContractError
from pipeline.rules.alerts import unknown_alerts

FILE = "alerts.yml"
RUNBOOKS = "docs/runbooks"
Severity = Literal["look", "stopped"]


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Bounds(_Declared):
    """From when on something counts; `published_by` is London time on the morning after the as-of date."""

    published_by: time
    basis_ends_within_days: DayCount
    agreement_ends_within_days: DayCount
    certificate_ends_within_days: DayCount
    disk_free_least_pct: Annotated[float, Field(strict=True, ge=0, le=100)]
    looks_back_days: DayCount
    remind_after_days: DayCount
    names_most: Annotated[int, Field(strict=True, ge=1, le=50)]


class AlertKind(_Declared):
    """One alert: how grave, its words for one and for many, its page, and when it is raised."""

    severity: Severity
    one: Annotated[str, Field(min_length=1)]
    many: Annotated[str, Field(min_length=1)]
    runbook: Annotated[str, Field(pattern="^[a-z-]+$")]
    when: Annotated[str, Field(min_length=1)]
    # Something that happened and is not a state of things: told once, and never "still" or "over".
    once: bool = False

    @field_validator("one", "many")
    @classmethod
    def _has_known_places(cls, words: str) -> str:
        unknown = {name for _, name, _, _ in string.Formatter().parse(words) if name} - {"count", "names"}
        if unknown:
            raise ValueError(f"words may hold {{count}} and {{names}}, and not {', '.join(sorted(unknown))}")
        return words

    @property
    def page(self) -> str:
        """Where its runbook lies in the project."""
        return f"{RUNBOOKS}/{self.runbook}.md"


class Alerts(_Declared):
    """The whole file."""

    alerts: Literal["alerts/1"]
    version: Number
    bounds: Bounds
    declared: dict[Annotated[str, Field(pattern="^[a-z_]+$")], AlertKind]


def load_alerts(project: Path, home: Path) -> Alerts:
    """The home's own alerts, or those that ship; raises ContractError that names the field, or an alert left out.

    A home may change words, bounds and gravity, and leave none out: what is not declared could not be told.
    """
    shipped = _read(project / "policy" / FILE)
    own = home / FILE
    if not own.is_file():
        return shipped
    read = _read(own)
    missing = unknown_alerts(shipped.declared, read.declared)
    if missing:
        raise ContractError(
            "The home's own alerts leave out some that the code raises",
            where=f"{own.name}: {', '.join(missing)}",
            next_step=f"copy them from policy/{FILE}",
        )
    return read


def _read(path: Path) -> Alerts:
    try:
        return Alerts(**yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader))
    except (ValidationError, TypeError, yaml.YAMLError) as error:
        raise ContractError(
            "The alerts do not hold together",
            where=f"{path.name}: {first_fault(error)}",
            next_step=f"see policy/{FILE} of the release",
        ) from error
