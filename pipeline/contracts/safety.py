"""What may go wrong with the system and what stands against it, read from docs/safety/*.yml into frozen models.

Hazards in the terms of DCB0129, threats by kind, and the controls both rest on. A control of the software names its
place in the code, the test that proves it, and how to take it out: tests/gates does so and demands that the test fails.
Whether a rating is right is the clinical safety officer's to say; nothing here judges it.
"""

import hashlib
import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from pipeline.errors import ContractError

FOLDER = "docs/safety"
SHOWN = "shown.json"
Slug = Annotated[str, StringConstraints(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]
Said = Annotated[str, StringConstraints(min_length=3, strip_whitespace=True)]

SEVERITIES = ("minor", "significant", "considerable", "major", "catastrophic")
LIKELIHOODS = ("very_low", "low", "medium", "high", "very_high")
# Rating by likelihood, then severity. Source: risk matrix of the hazard log of NHS England's UK Core
# (github.com/NHSDigital/IOPS-FHIR-Simplifier-Backup), which follows the guidance to DCB0129; check before use.
MATRIX = {
    "very_high": (3, 4, 4, 5, 5),
    "high": (2, 3, 3, 4, 5),
    "medium": (2, 2, 3, 3, 4),
    "low": (1, 2, 2, 3, 4),
    "very_low": (1, 1, 2, 2, 3),
}


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Removal(_Declared):
    """How the control is taken out of a copy of the tree: this text, which stands once in its place, becomes that."""

    find: Annotated[str, StringConstraints(min_length=3)]
    put: str


class Control(_Declared):
    """One thing that stands against harm.

    design: of the software; place, proved_by and removed. training, process: page and phrase, which a test looks for.
    """

    control: Slug
    says: Said
    kind: Literal["design", "training", "process"] = "design"
    # A file, or `module:function` for a function or class (dots within it).
    place: str = ""
    proved_by: str = ""
    removed: Removal | None = None
    page: str = ""
    phrase: str = ""

    @model_validator(mode="after")
    def _is_whole(self) -> "Control":
        design = (bool(self.place), bool(self.proved_by), self.removed is not None)
        told = (bool(self.page), bool(self.phrase))
        if self.kind == "design" and (not all(design) or any(told)):
            raise ValueError(f"{self.control}: a control of the design has place, proved_by and removed, and no page")
        if self.kind != "design" and (any(design) or not all(told)):
            raise ValueError(f"{self.control}: a control by {self.kind} has page and phrase, and nothing of code")
        return self

    @property
    def file(self) -> str:
        """The file of the place, relative to the project."""
        module, colon, _ = self.place.partition(":")
        return f"{module.replace('.', '/')}.py" if colon else module

    @property
    def digest(self) -> str:
        """Names the removal and its test: what was shown of another is not shown of this one."""
        parts = [self.place, self.proved_by]
        if self.removed is not None:
            parts += [self.removed.find, self.removed.put]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


class Rating(_Declared):
    """How bad and how likely; the risk follows from the matrix."""

    severity: Literal["minor", "significant", "considerable", "major", "catastrophic"]
    likelihood: Literal["very_low", "low", "medium", "high", "very_high"]

    @property
    def risk(self) -> int:
        """1 to 5."""
        return MATRIX[self.likelihood][SEVERITIES.index(self.severity)]


class Hazard(_Declared):
    """One entry of the hazard log."""

    hazard: Annotated[str, StringConstraints(pattern="^HAZ-[0-9]{2}$")]
    title: Said
    causes: Annotated[tuple[Said, ...], Field(min_length=1)]
    effect: Said
    initial: Rating
    controls: tuple[Slug, ...] = ()
    residual: Rating
    owner: Said
    status: Literal["controlled", "open", "transferred"]
    # What is still missing (open) or who must act (transferred to the deploying organisation, DCB0160).
    remains: str = ""

    @model_validator(mode="after")
    def _is_honest(self) -> "Hazard":
        if self.status != "controlled" and not self.remains.strip():
            raise ValueError(f"{self.hazard}: what is {self.status} says what remains")
        if self.status == "controlled" and not self.controls:
            raise ValueError(f"{self.hazard}: nothing controls it")
        if self.residual.risk > self.initial.risk:
            raise ValueError(f"{self.hazard}: the risk that remains is above the one before")
        if not self.controls and self.residual != self.initial:
            raise ValueError(f"{self.hazard}: without a control nothing changes")
        return self


Stride = Literal[
    "spoofing", "tampering", "repudiation", "information_disclosure", "denial_of_service", "elevation_of_privilege"
]


class Threat(_Declared):
    """One way in which somebody could do harm on purpose or by carelessness."""

    threat: Annotated[str, StringConstraints(pattern="^THR-[0-9]{2}$")]
    kind: Stride
    boundary: Slug
    actor: Slug
    says: Said
    controls: tuple[Slug, ...]
    remains: Said


class Named(_Declared):
    """An asset, an actor or a trust boundary."""

    name: Slug
    says: Said


class ThreatModel(_Declared):
    """What is worth protecting, from whom, where trust changes, and what could happen there."""

    assets: tuple[Named, ...]
    actors: tuple[Named, ...]
    boundaries: tuple[Named, ...]
    threats: tuple[Threat, ...]


class SafetyCase(_Declared):
    """The three files together, every name in them known."""

    controls: tuple[Control, ...]
    hazards: tuple[Hazard, ...]
    threat_model: ThreatModel

    @model_validator(mode="after")
    def _names_are_known(self) -> "SafetyCase":
        model = self.threat_model
        groups = {
            "control": [one.control for one in self.controls],
            "hazard": [one.hazard for one in self.hazards],
            "threat": [one.threat for one in model.threats],
            "asset": [one.name for one in model.assets],
            "actor": [one.name for one in model.actors],
            "boundary": [one.name for one in model.boundaries],
        }
        for what, names in groups.items():
            twice = sorted(name for name, times in Counter(names).items() if times > 1)
            if twice:
                raise ValueError(f"a {what} stands twice: {', '.join(twice)}")
        used = {name for one in self.hazards for name in one.controls}
        used |= {name for one in model.threats for name in one.controls}
        unknown = used - set(groups["control"])
        unknown |= {one.actor for one in model.threats} - set(groups["actor"])
        unknown |= {one.boundary for one in model.threats} - set(groups["boundary"])
        if unknown:
            raise ValueError(f"nothing is declared under: {', '.join(sorted(unknown))}")
        idle = set(groups["control"]) - used
        if idle:
            raise ValueError(f"no hazard or threat rests on: {', '.join(sorted(idle))}")
        return self

    def control(self, name: str) -> Control:
        """The control of this name; KeyError if there is none."""
        return {one.control: one for one in self.controls}[name]

    @property
    def gates(self) -> tuple[Control, ...]:
        """Controls of the software, each of which can be taken out."""
        return tuple(one for one in self.controls if one.kind == "design")

    def rests_on(self, control: str) -> list[str]:
        """Hazards and threats that name the control, sorted."""
        told = [one.hazard for one in self.hazards if control in one.controls]
        return sorted(told + [one.threat for one in self.threat_model.threats if control in one.controls])


@cache
def load_safety_case(project: Path) -> SafetyCase:
    """Read and check docs/safety/{controls-*,hazards,threats}.yml; raises ContractError that says what is wrong."""
    folder = project / FOLDER
    try:
        controls = [one for path in sorted(folder.glob("controls-*.yml")) for one in _content(path)["controls"]]
        return SafetyCase.model_validate(
            {
                "controls": controls,
                "hazards": _content(folder / "hazards.yml")["hazards"],
                "threat_model": _content(folder / "threats.yml"),
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ContractError("The safety case does not hold together", where=f"{place}: {first['msg']}") from None
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise ContractError("The safety case cannot be read", where=f"{FOLDER}: {type(error).__name__}") from error


def load_shown(project: Path) -> dict[str, dict[str, str]]:
    """What was last shown of each control (tests/gates/show.py): digest, and what its test said with and without it."""
    path = project / FOLDER / SHOWN
    found: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def _content(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return content
