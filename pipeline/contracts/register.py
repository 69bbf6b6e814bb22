"""What one practice, or one locality, is handed: the pack that the publish step fills and the channels write out.

Immutable and canonical: a pack sorts its own people, so equal content makes equal packs and equal bytes. A pack
that does not hold together cannot be built. It does not know how it will be written, nor where it will lie.
"""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, get_args

from pipeline.contracts.answers import Answers
from pipeline.contracts.correction import Correction, Recalled
from pipeline.errors import ContractError

Listing = Literal["by_rank", "kept", "nominated", "declined", "child"]
Change = Literal["new", "returned", "rising", "falling", "steady", "joined"]
LeftReason = Literal["died", "moved", "risk_fell", "removed", "source_missing"]
LivesIn = Literal["home", "care_home", "unknown"]
CareKind = Literal["home_care", "care_home", "short_term"]
Sex = Literal["male", "female", "other"]

CHANGES: tuple[Change, ...] = get_args(Change)
LEFT_REASONS: tuple[LeftReason, ...] = get_args(LeftReason)

_CODE = re.compile(r"[A-Z0-9]{2,12}")
_PRACTICE_KEY = re.compile(r"[0-9A-Z]{2}-[0-9A-Z]{3}-[0-9A-Z]{3}")


@dataclass(frozen=True)
class Stay:
    """A hospital stay; `last_day` is None while no discharge is known."""

    first_day: date
    last_day: date | None
    is_emergency: bool


@dataclass(frozen=True)
class CareSpell:
    """A council service; `last_day` is None while it runs."""

    first_day: date
    last_day: date | None
    kind: CareKind


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What happened in the 18 months before the index date, in order of day.

    None is not known: the source does not reach this person, or may not be shown. Empty is looked for and not found.
    """

    stays: tuple[Stay, ...] | None = None
    attendances: tuple[date, ...] | None = None
    community_contacts: tuple[date, ...] | None = None
    care: tuple[CareSpell, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class CutFinds:
    """What lists of this length found and missed on people of a past date that the model had not learned from.

    People: adults tested, those on the lists, those of them admitted, and all who were admitted.
    """

    tested_on: date
    people: int
    listed: int
    found: int
    admitted: int


@dataclass(frozen=True, kw_only=True)
class RegisterPerson:
    """One person on a practice's register. None is unknown, never zero.

    Adults are ranked among the practice's adults; children (`child`), where the policy lists them, among its children.

    Units: risk_score and risk_before are calibrated chances from 0 to 1 of an emergency admission within twelve
    months of the index date; ranks count from 1 within the practice; counts cover the twelve months before it.
    `segment_before_title` is the need group on the night of the last edition, None when it is the same or not known.
    """

    nhs_number: str
    family_name: str
    given_name: str
    birth_date: date
    age_years: int
    sex: Sex | None
    listing: Listing
    rank: int
    rank_before: int | None
    risk_score: Decimal
    risk_before: Decimal | None
    change: Change
    first_listed_on: date
    editions_on_register: int
    segment: str
    segment_title: str
    segment_before_title: str | None
    need_tier_title: str
    reasons: tuple[str, ...]
    against: str | None
    not_in_gp_record: tuple[str, ...]
    emergency_admissions_12m: int | None
    emergency_admission_last_date: date | None
    emergency_attendances_12m: int | None
    in_hospital_since: date | None
    long_term_conditions: tuple[str, ...]
    lives_in: LivesIn
    has_home_care: bool | None
    data_gaps: tuple[str, ...]
    practice_key: str
    # Since the last edition, the most pressing first; of whose risk rose without any, what weighs more than then.
    news: tuple[str, ...] = ()
    weighs_more: str | None = None
    # Whether care outside the practice stopped, or there was a crisis.
    is_pressing: bool = False
    # As the practice graded or coded it, in words with its day; None when nothing is recorded or may be shown.
    frailty: str | None = None
    is_palliative: bool | None = None
    is_carer: bool | None = None
    needs_interpreter: bool | None = None
    last_gp_contact_date: date | None = None
    # The latest day of leaving hospital, None for who is in one; A&E attendances since the last edition.
    discharged_on: date | None = None
    attendances_since: int | None = None
    link_note: str | None = None
    activity: Activity = field(default_factory=Activity)
    # What the practice has said before, free text included; None when nothing stands.
    answers: Answers | None = None


@dataclass(frozen=True, kw_only=True)
class LeftPerson:
    """Someone on the last edition and not on this one. Who opted out is never named: only counted, in the pack."""

    nhs_number: str | None
    name: str
    birth_date: date | None
    reason: LeftReason
    rank_before: int | None


@dataclass(frozen=True, kw_only=True)
class SourceState:
    """One source, whether it fed the score and may be shown, and how far its events reach."""

    source: str
    title: str
    is_used: bool
    is_shown: bool
    latest_event_date: date | None
    received_at: datetime | None
    says: str


@dataclass(frozen=True, kw_only=True)
class PracticePack:
    """One edition of one practice's register, named rows included. Identifiable.

    `observed_like_these` holds (risk band title, how many of 100 such people were admitted, how many were tested),
    measured on people the model had not seen; the middle is None where too few were tested to say, the whole when the
    model was never tested by band. `supersedes` names what a corrected edition replaces.
    """

    practice_code: str
    practice_name: str
    pcn_code: str
    pcn_name: str
    as_of: date
    index_date: date
    edition_number: int
    revision: int
    previous_as_of: date | None
    run_key: str
    model_id: str
    # Of the family's models, the one for the sources of that night; None of a model made before there were sets.
    source_set: str | None = None
    model_says: str
    scored_adults: int
    k: int
    kept_count: int
    people: tuple[RegisterPerson, ...]
    left: tuple[LeftPerson, ...]
    left_count_other: int
    sources: tuple[SourceState, ...]
    notices: tuple[str, ...]
    policy_name: str
    is_fictitious: bool
    observed_like_these: tuple[tuple[str, int | None, int], ...] | None
    supersedes: str | None
    # The same of the PCN's own people; a band in which too few were tested there is left out.
    observed_in_pcn: tuple[tuple[str, int, int], ...] = ()
    cut: CutFinds | None = None
    # Of those counted as left and not named: how many may not be used any longer.
    left_opted_out: int = 0
    # Counted apart from k: put on the list by the practice itself, and set aside by its answer.
    nominated_count: int = 0
    declined_count: int = 0
    # Children listed apart, beside k; nought where the policy lists none.
    children_count: int = 0
    scored_children: int = 0
    # Of a corrected edition: why, and what differs from the one in `supersedes`.
    correction: Correction | None = None
    # Editions taken back since the last one that counts, the earliest first.
    recalled: tuple[Recalled, ...] = ()

    def __post_init__(self) -> None:
        where = f"register of {self.practice_code}, edition {self.edition_number}"
        _check_codes((self.practice_code, self.pcn_code), where=where)
        _check_people(self, where=where)
        object.__setattr__(self, "people", tuple(sorted(self.people, key=_by_rank)))
        object.__setattr__(self, "left", tuple(sorted(self.left, key=_by_former_rank)))


@dataclass(frozen=True, kw_only=True)
class LocalityRow:
    """One pseudonymous row: a practice, ranks, a segment and a key that only the practice can resolve.

    The risk is written as a band, never as a number.
    """

    practice_code: str
    rank: int
    rank_in_practice: int
    risk_score: Decimal
    segment: str
    practice_key: str


@dataclass(frozen=True, kw_only=True)
class LocalityPack:
    """One edition of what a PCN, borough or ICB gets: its pseudonymous list, counts for planners, or both.

    `basis` is that of the list, None where there is none; `planning` those of the counts; `why_no_counts` says why
    there are none.
    """

    locality_code: str
    locality_name: str
    kind: Literal["pcn", "borough", "icb"]
    as_of: date
    index_date: date
    revision: int
    run_key: str
    model_id: str
    source_set: str | None = None
    basis: str | None
    policy_name: str
    is_fictitious: bool
    rows: tuple[LocalityRow, ...]
    sources: tuple[SourceState, ...]
    supersedes: str | None
    planning: tuple[str, ...] = ()
    why_no_counts: str | None = None
    # Of a corrected edition: why.
    reason: str | None = None
    recalled: tuple[Recalled, ...] = ()

    def __post_init__(self) -> None:
        where = f"locality list of {self.locality_code}"
        _check_codes((self.locality_code, *(row.practice_code for row in self.rows)), where=where)
        _check_locality_rows(self.rows, where=where)
        object.__setattr__(self, "rows", tuple(sorted(self.rows, key=lambda row: row.rank)))


def _by_rank(person: RegisterPerson) -> tuple[bool, int, str]:
    return person.listing == "child", person.rank, person.nhs_number


def _by_former_rank(person: LeftPerson) -> tuple[bool, int, str, str, str]:
    unranked = person.rank_before is None
    return unranked, person.rank_before or 0, person.reason, person.nhs_number or "", person.name


def _refuse(what: str, *, where: str) -> None:
    raise ContractError(what, where=where, next_step="look at what the register and publish steps put together")


def _check_codes(codes: tuple[str, ...], *, where: str) -> None:
    """Codes become file names, so they are held to letters and digits."""
    if not all(_CODE.fullmatch(code) for code in codes):
        _refuse("An organisation code is not 2 to 12 capital letters and digits", where=where)


def _check_key(key: str, *, where: str) -> None:
    if not _PRACTICE_KEY.fullmatch(key):
        _refuse("A practice key is not of the form XX-XXX-XXX", where=where)


def _check_risk(risk: Decimal | None, *, where: str) -> None:
    if risk is not None and not (risk.is_finite() and 0 <= risk <= 1):
        _refuse("A risk is not between 0 and 1", where=where)


def _check_people(pack: PracticePack, *, where: str) -> None:
    """One row per person and rank; at most k by rank; as many counted apart as the pack says; nobody on and off."""
    people = pack.people
    numbers = [person.nhs_number for person in people]
    ranks = {(person.listing == "child", person.rank) for person in people}
    if any(not (number.isascii() and number.isdigit() and len(number) == 10) for number in numbers):
        _refuse("An NHS number is not ten digits", where=where)
    if len(set(numbers)) != len(people) or len(ranks) != len(people) or any(rank < 1 for _, rank in ranks):
        _refuse("A person or a rank stands twice on the register, or a rank is below 1", where=where)
    for person in people:
        _check_key(person.practice_key, where=where)
        _check_risk(person.risk_score, where=where)
        _check_risk(person.risk_before, where=where)
    told = {"kept": pack.kept_count, "nominated": pack.nominated_count, "declined": pack.declined_count}
    told |= {"child": pack.children_count}
    apart = {name: sum(person.listing == name for person in people) for name in told}
    if apart != told or len(people) - sum(apart.values()) > pack.k:
        _refuse(f"{len(people)} people do not fit k = {pack.k} and {pack.kept_count} kept", where=where)
    if {person.nhs_number for person in pack.left} & set(numbers):
        _refuse("Someone is both on the register and among those who left", where=where)


def _check_locality_rows(rows: tuple[LocalityRow, ...], *, where: str) -> None:
    in_practice = {(row.practice_code, row.rank_in_practice) for row in rows}
    if len({row.rank for row in rows}) != len(rows) or len(in_practice) != len(rows):
        _refuse("A rank stands twice on the locality list", where=where)
    for row in rows:
        _check_key(row.practice_key, where=where)
        _check_risk(row.risk_score, where=where)
