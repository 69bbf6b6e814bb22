"""How long each zone of a home keeps what lies in it: data, not code.

The file that ships (policy/retention.yml) holds unless the home has one of its own.
"""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from pipeline.contracts.numbers import DayCount
from pipeline.errors import ContractError

FILE = "retention.yml"
Days = DayCount | Literal["never"]


class Retention(BaseModel):
    """Days by zone, and the window within which nights can be replayed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    retention: Literal[1]
    replay_window_days: DayCount
    landing: Days
    refused_rows: Days
    quarantine: Days
    unlinked: Days
    runs: Days
    # Cohort and scores of nights that published: long enough to see whether they came true. At least as `runs`.
    scores: Days | None = None
    holdouts: Days
    registers: Days
    replays: Days
    reports: Days
    # What tells of nights, without a person. A home's own file from before they were declared has none of the three.
    run_reports: Days = 1095
    lineage: Days = 400
    notices: Days = 400
    # What practices sent back, and the sealed bytes of it. A home's own file from before there was any has neither.
    feedback: Days = 1095
    feedback_originals_days: DayCount = 400
    history: Days
    audit: Literal["never"]
    # Which pseudonym became which at a rotation of keys: as long as the command runs, and never written.
    key_map: Literal["command"] = "command"
    # A person who decided that housekeeping deletes by this file without being asked each time, and why. Neither, and
    # housekeeping only shows.
    deleted_by: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] | None = None
    deleted_because: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] | None = None

    @model_validator(mode="after")
    def _decided_by_somebody_for_a_reason(self) -> "Retention":
        if (self.deleted_by is None) != (self.deleted_because is None):
            raise ValueError("deleted_by and deleted_because belong together")
        return self


def load_retention(project: Path, home: Path) -> Retention:
    """The home's own retention, or the one that ships; raises ContractError that names the field."""
    own = home / FILE
    path = own if own.is_file() else project / "policy" / FILE
    try:
        return Retention(**yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    except ValidationError as error:
        first = error.errors()[0]
        problem = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    except (TypeError, yaml.YAMLError):
        problem = "it is not a list of zones and days"
    raise ContractError(
        "The retention file does not hold together", where=f"{path.name}: {problem}", next_step=f"see policy/{FILE}"
    )
