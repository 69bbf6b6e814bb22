"""The policy file: what may be used for what and until when, which practices take part, which opt-outs apply.

The run obeys it and says what it left out. What is missing or expired closes the gate; nothing here has a
permissive default.
"""

import hashlib
from datetime import date
from pathlib import Path
from typing import Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.errors import ContractError

Source = Literal["gp", "acute", "emergency", "outpatient", "community", "mental_health", "social_care"]
SOURCES: tuple[str, ...] = get_args(Source)


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Period(_Declared):
    """Valid from the first to the last day, both included; no last day means until further notice."""

    valid_from: date
    valid_to: date | None = None

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class SourceEntry(Period):
    """One lawful basis for one source and purpose."""

    source: Source
    purpose: Literal["case_finding", "planning"]
    basis: str
    reference: str
    controller: str
    use: tuple[Literal["score", "show"], ...]
    # This release honours Type 1 dissent always: a policy that says otherwise would be declared and not obeyed.
    type_1_applies: Literal[True]
    national_data_opt_out_applies: bool
    note: str = ""


class PracticeEntry(Period):
    """A practice's agreement to take part, and how many people it can work with."""

    practice_code: str
    agreement: str
    capacity_pct: float
    editions: Literal["weekly"]


class LocalityEntry(Period):
    """The basis on which pseudonymous ranked rows may reach PCNs and boroughs."""

    release: bool
    basis: str


class Children(_Declared):
    # Children are scored; a list of their own is not made yet.
    list_apart: Literal[False]


class Policy(_Declared):
    """The whole file."""

    policy: str
    version: int
    fictitious: bool
    note: str = ""
    sources: tuple[SourceEntry, ...]
    practices: tuple[PracticeEntry, ...]
    localities: LocalityEntry
    children: Children
    digest: str = ""

    def basis_for(self, source: str, use: str, day: date) -> SourceEntry | None:
        """The entry that lets `source` be used for case finding in this way on this day, if there is one."""
        for entry in self.sources:
            if entry.source == source and entry.purpose == "case_finding" and use in entry.use and entry.covers(day):
                return entry
        return None

    def usable_sources(self, use: str, day: date) -> tuple[str, ...]:
        return tuple(source for source in SOURCES if self.basis_for(source, use, day) is not None)

    def participating(self, day: date) -> tuple[PracticeEntry, ...]:
        """Practices whose agreement covers the day, by code."""
        return tuple(sorted((p for p in self.practices if p.covers(day)), key=lambda entry: entry.practice_code))


def load_policy(path: Path) -> Policy:
    """Read and check the policy; raises ContractError that names the field."""
    if not path.is_file():
        raise ContractError(
            "There is no policy file, so nothing may be used",
            where=path.name,
            next_step="copy policy/demo.yml as a pattern, fill in your own bases, and name it in RISKSTRAT_POLICY",
        )
    raw = path.read_bytes()
    try:
        content = yaml.safe_load(raw)
        policy = Policy(**content, digest=hashlib.sha256(raw).hexdigest())
    except (ValidationError, TypeError, yaml.YAMLError) as error:
        raise ContractError(
            "The policy file does not hold together", where=f"{path.name}: {_first_fault(error)}"
        ) from error
    codes = [entry.practice_code for entry in policy.practices]
    doubled = sorted({code for code in codes if codes.count(code) > 1})
    if doubled:
        raise ContractError("A practice stands twice in the policy", where=f"{path.name}: {', '.join(doubled)}")
    return policy


def _first_fault(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error).splitlines()[0]
