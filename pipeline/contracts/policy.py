"""The policy file: what may be used for what and until when, which practices take part, which opt-outs apply.

The run obeys it and says what it left out. What is missing or expired closes the gate; nothing here has a
permissive default: an opt-out that an entry does not name applies.
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from pipeline.contracts.faults import first_fault
from pipeline.contracts.numbers import Number, Percent
from pipeline.errors import ContractError
from pipeline.rules.editions_due import Weekday
from pipeline.rules.reasons_concepts import COLUMNS as CONCEPTS

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


Purpose = Literal["case_finding", "planning"]
Said = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class SourceEntry(Period):
    """One lawful basis for one source and purpose, as its letter gives it."""

    # A basis always ends: one without a last day would never be asked about again.
    valid_to: date
    source: Source
    purpose: Purpose
    basis: Said
    # What the approval is called by who gave it; for a basis that needs none, the word for where it stands.
    cag_reference: Said
    controller: Said
    # Names of extracts (expectations/extracts) the letter covers; one it does not name is not used.
    data_sets: Annotated[tuple[Said, ...], Field(min_length=1)]
    use: tuple[Literal["score", "show"], ...]
    # Concepts of this source (files of sql/features) that may be scored and not be told to the practice.
    not_shown: tuple[str, ...] = ()
    # Type 1 dissent is honoured always: a policy that says otherwise would be declared and not obeyed.
    type_1_applies: Literal[True] = True
    national_data_opt_out_applies: bool = True
    local_opt_outs_apply: bool = True
    approver: Said
    letter_sha256: Sha256
    note: str = ""

    @model_validator(mode="after")
    def _names_concepts(self) -> "SourceEntry":
        unknown = sorted(set(self.not_shown) - set(CONCEPTS))
        if unknown:
            raise ValueError(f"not_shown names no concept of sql/features: {', '.join(unknown)}")
        return self


class ProviderEntry(Period):
    """A sender's agreement to supply; what comes from a sender without one is not used."""

    sender: Said
    agreement: Said


class CheckService(_Declared):
    """How the check for national data opt-outs is asked (docs/decisions/0011)."""

    # Our mailbox: it begins the name of every file sent.
    mailbox: Annotated[str, StringConstraints(pattern="^[A-Z0-9]{3,20}$")]
    people_per_file: Annotated[int, Field(strict=True, ge=1, le=500_000)]
    # A reply read later than this is refused.
    reply_within_hours: Annotated[int, Field(strict=True, ge=1, le=168)]
    # A reply that allows a smaller share of a file's people is taken for one that was cut short.
    fewest_allowed_share: Annotated[float, Field(strict=True, ge=0, lt=1)]
    # How long an answer "allowed" may be relied on, counted from the request.
    allowed_for_days: Annotated[int, Field(strict=True, ge=1, le=21)]


class PracticeEntry(Period):
    """A practice's agreement to take part, and how many people it can work with."""

    practice_code: Said
    agreement: Said
    capacity_pct: Percent
    editions: Literal["weekly"]
    # The night, by its as-of date, of which it has its edition; without one, a week after its last.
    edition_day: Weekday | None = None


class LocalityEntry(Period):
    """The basis on which pseudonymous ranked rows may reach PCNs and boroughs."""

    release: bool
    basis: str
    # As a practice's own.
    edition_day: Weekday | None = None


class Children(_Declared):
    """Whether practices get a list of their children too, and for how many in 100 of them."""

    list_apart: bool
    capacity_pct: Percent | None = None

    @model_validator(mode="after")
    def _has_a_length(self) -> "Children":
        if self.list_apart != (self.capacity_pct is not None):
            raise ValueError("children are listed apart exactly when capacity_pct says how many in 100 of them")
        return self


class Policy(_Declared):
    """The whole file."""

    policy: str
    version: Number
    fictitious: bool
    note: str = ""
    sources: tuple[SourceEntry, ...]
    practices: tuple[PracticeEntry, ...]
    providers: tuple[ProviderEntry, ...]
    check_service: CheckService | None = None
    localities: LocalityEntry
    children: Children
    digest: str = ""

    def bases(self, source: str, use: str, day: date, purpose: Purpose = "case_finding") -> tuple[SourceEntry, ...]:
        """Entries that let `source` be used for the purpose in this way on this day."""
        return tuple(
            entry
            for entry in self.sources
            if entry.source == source and entry.purpose == purpose and use in entry.use and entry.covers(day)
        )

    def basis_for(self, source: str, use: str, day: date, purpose: Purpose = "case_finding") -> SourceEntry | None:
        """The first of those entries, if there is one."""
        return next(iter(self.bases(source, use, day, purpose)), None)

    def usable_sources(self, use: str, day: date) -> tuple[str, ...]:
        return tuple(source for source in SOURCES if self.bases(source, use, day))

    def covers_data_set(self, extract: str, *, source: str, day: date) -> bool:
        """Whether a letter in force on the day lets this extract be used for scoring."""
        return any(extract in entry.data_sets for entry in self.bases(source, "score", day))

    def supplies(self, sender: str, day: date) -> bool:
        """Whether a sender's agreement covers the day."""
        return any(entry.sender == sender and entry.covers(day) for entry in self.providers)

    def not_shown(self, day: date) -> frozenset[str]:
        """Concepts that may be scored on the day and not be told to the practice."""
        entries = [entry for source in SOURCES for entry in self.bases(source, "show", day)]
        return frozenset(concept for entry in entries for concept in entry.not_shown)

    def national_opt_out_sources(self, day: date) -> tuple[str, ...]:
        """Sources in use on the day to which the National Data Opt-Out applies."""
        return self._sources_with("national_data_opt_out_applies", day)

    def local_opt_out_sources(self, day: date) -> tuple[str, ...]:
        """Sources in use on the day to which local opt-out codes apply."""
        return self._sources_with("local_opt_outs_apply", day)

    def _sources_with(self, flag: str, day: date) -> tuple[str, ...]:
        used = {source: [*self.bases(source, "score", day), *self.bases(source, "show", day)] for source in SOURCES}
        return tuple(source for source, entries in used.items() if any(getattr(entry, flag) for entry in entries))

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
        content = yaml.load(raw, Loader=yaml.CSafeLoader)
        policy = Policy(**content, digest=hashlib.sha256(raw).hexdigest())
    except (ValidationError, TypeError, yaml.YAMLError) as error:
        raise ContractError(
            "The policy file does not hold together", where=f"{path.name}: {first_fault(error)}"
        ) from error
    _check_once(policy, where=path.name)
    if policy.check_service is None and any(entry.national_data_opt_out_applies for entry in policy.sources):
        raise ContractError(
            "The National Data Opt-Out applies, and the policy does not say how the check service is asked",
            where=f"{path.name}: check_service",
            next_step="give its mailbox, people_per_file and limits (docs/decisions/0011)",
        )
    return policy


def _check_once(policy: Policy, *, where: str) -> None:
    """Raises ContractError if a practice stands twice, or two entries speak of one thing on one day."""
    codes = [entry.practice_code for entry in policy.practices]
    doubled = sorted({code for code in codes if codes.count(code) > 1})
    if doubled:
        raise ContractError("A practice stands twice in the policy", where=f"{where}: {', '.join(doubled)}")
    senders = _overlapping([(entry.sender, entry) for entry in policy.providers])
    if senders:
        raise ContractError("A provider has two agreements on one day", where=f"{where}: {', '.join(senders)}")
    covered = [(f"{name} for {entry.purpose}", entry) for entry in policy.sources for name in entry.data_sets]
    data_sets = _overlapping(covered)
    if data_sets:
        raise ContractError("A data set has two bases on one day", where=f"{where}: {', '.join(data_sets)}")


def _overlapping(named: Sequence[tuple[str, Period]]) -> list[str]:
    """Names of which two periods share a day."""
    found = set()
    for position, (name, one) in enumerate(named):
        for other_name, other in named[position + 1 :]:
            if name == other_name and (one.covers(other.valid_from) or other.covers(one.valid_from)):
                found.add(name)
    return sorted(found)
