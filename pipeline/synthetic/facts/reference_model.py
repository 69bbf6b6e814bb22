"""The reference model's inputs: plain counts per person from the recorded rows, as known on an index date.

Frozen and declared: it stands for what any sensible model could read, and the region may never become easier for it. It
looks at what senders had told by the index date, never at the latent state. Fitting and judging are in
`benchmarks/reference_model`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.synthetic.records import Records
from pipeline.synthetic.records.gp_entries import (
    CARE_HOME_CODE,
    CONTACT_CODES,
    FRAILTY_CODES,
    HOUSEBOUND,
    SMOKING_CODES,
)
from pipeline.synthetic.records.gp_medication import COURSE_QUANTITY
from pipeline.synthetic.records.outpatients import AHEAD, LATE, MISSED, SEEN
from pipeline.synthetic.records.referrals import Referrals
from pipeline.synthetic.records.rows import NEVER
from pipeline.synthetic.records.scene import read_reference
from pipeline.synthetic.records.social_care import EQUIPMENT, REABLEMENT, REQUEST, REVIEW, SERVICE, SERVICES, UNPLANNED

WINDOWS = (3, 12, 24)  # months back from the index date
LAGS = {"gp": 1, "acute": 2, "community": 14, "mental_health": 14, "social_care": 42}  # days a sender needs
GROUPS = ("person", "gp", "medication", "acute", "outpatient", "community", "mental_health", "social_care")
_MONTH = 30.4375
_LONG_AGO = 9_999
Column = tuple[str, str, np.ndarray]


@dataclass(frozen=True)
class Inputs:
    """One row per person of the block, one column per name; group: the source each column comes from."""

    names: tuple[str, ...]
    groups: tuple[str, ...]
    values: np.ndarray


def count_inputs(records: Records, day: int) -> Inputs:
    """All inputs for everyone of a block on an index date (day number); what lies on or after it does not count."""
    sources = (_person, _gp, _medication, _acute, _outpatient, _community, _mental_health, _social_care)
    columns = [column for source in sources for column in source(records, day)]
    return Inputs(
        names=tuple(name for _, name, _ in columns),
        groups=tuple(group for group, _, _ in columns),
        values=np.column_stack([np.asarray(values, dtype=np.float32) for _, _, values in columns]),
    )


def _person(records: Records, day: int) -> Iterator[Column]:
    people = records.scene.people
    yield "person", "age", (day - people.birth) / 365.25
    yield "person", "is_female", people.is_female
    yield "person", "imd_decile", people.decile


def _gp(records: Records, day: int) -> Iterator[Column]:
    entries, count = records.entries, records.scene.count
    seen = entries.told < day - LAGS["gp"] + 1
    person, when, code = entries.person[seen], entries.day[seen], entries.code[seen]
    place = {one: index for index, one in enumerate(entries.codes)}
    for name, codes in _gp_groups().items():
        chosen = np.isin(code, [place[one] for one in codes])
        windows = WINDOWS if name in ("contact", "telephone", "home_visit") else WINDOWS[1:]
        yield from _windows("gp", name, person[chosen], when[chosen], day, count, windows)
    contact = np.isin(code, [place[one] for one in CONTACT_CODES])
    measured = ~np.isnan(entries.value[seen])
    for name, chosen in (("any_contact", contact), ("measurement", measured), ("finding", ~contact & ~measured)):
        yield from _windows("gp", name, person[chosen], when[chosen], day, count)
    yield "gp", "days_since_entry", _days_since(person, when, day, count)
    coded = records.first_coded < day
    for column, condition in enumerate(records.scene.lives.conditions):
        yield "gp", f"has_{condition}", coded[:, column]
    yield "gp", "conditions", coded.sum(axis=1)
    yield "gp", "is_carer", records.coded.carer < day
    for name, one in (("housebound", HOUSEBOUND), ("care_home", CARE_HOME_CODE)):
        yield "gp", f"is_{name}", _count(person[code == place[one]], count) > 0
    degree = np.zeros(count)
    for level, one in enumerate(FRAILTY_CODES, start=1):
        np.maximum.at(degree, person[code == place[one]], level)
    yield "gp", "frailty_degree", degree
    smoking = np.isin(code, [place[one] for one in SMOKING_CODES])
    status = np.array([SMOKING_CODES.index(one) if one in SMOKING_CODES else -1 for one in entries.codes])[code]
    yield "gp", "smoking", _latest(person[smoking], when[smoking], status[smoking].astype(float), count)
    value = entries.value[seen]
    for row in read_reference("record_measurements"):
        chosen = (code == place[row["snomed_code"]]) & ~np.isnan(value)
        figures = value[chosen]
        if row["measure"] == "haemoglobin":
            figures = np.where(figures < 30, figures * 10, figures)
        yield "gp", f"{row['measure']}_latest", _latest(person[chosen], when[chosen], figures, count)
        yield from _windows("gp", row["measure"], person[chosen], when[chosen], day, count, (24,))


def _gp_groups() -> dict[str, list[str]]:
    groups = {name: [code] for name, code in zip(("contact", "telephone", "home_visit"), CONTACT_CODES, strict=True)}
    for row in read_reference("record_gp_codes"):
        groups.setdefault(row["stream"], []).append(row["snomed_code"])
    return groups


def _medication(records: Records, day: int) -> Iterator[Column]:
    issues, count = records.issues, records.scene.count
    seen = issues.day < day - LAGS["gp"] + 1
    person, when, section = issues.person[seen], issues.day[seen], issues.section[seen]
    yield from _windows("medication", "items", person, when, day, count, WINDOWS)
    recent = when >= day - 6 * _MONTH
    different = np.unique(person[recent].astype(np.int64) * len(issues.sections) + section[recent])
    yield "medication", "sections_6m", _count(different // len(issues.sections), count)
    short = issues.quantity[seen] == COURSE_QUANTITY
    yield from _windows("medication", "course", person[short], when[short], day, count)
    for index, name in enumerate(issues.sections):
        chosen = section == index
        yield from _windows("medication", f"section_{name}", person[chosen], when[chosen], day, count, (12,))


def _acute(records: Records, day: int) -> Iterator[Column]:
    stays, visits, count = records.stays, records.attendances, records.scene.count
    seen = stays.admitted < day - LAGS["acute"] + 1
    for name, chosen in (("emergency_stay", stays.is_outcome), ("other_stay", ~stays.is_outcome)):
        person, when = stays.person[chosen & seen], stays.admitted[chosen & seen]
        yield from _windows("acute", name, person, when, day, count, (3, 12, 24, 48))
        yield "acute", f"days_since_{name}", _days_since(person, when, day, count)
    ended = seen & (stays.discharged < day)
    recent = ended & (stays.admitted >= day - 24 * _MONTH)
    nights = np.bincount(stays.person[recent], (stays.discharged - stays.admitted)[recent], minlength=count)
    yield "acute", "nights_24m", nights
    yield "acute", "is_in_hospital", _count(stays.person[seen & (stays.discharged >= day)], count) > 0
    coded = recent & (stays.coded < day)
    frail = np.array([row["icd10"] for row in read_reference("record_secondary_diagnoses") if not row["condition"]])
    signs = np.isin(stays.diagnoses[coded], np.flatnonzero(np.isin(np.array(stays.icd10), frail))).sum(axis=1)
    yield "acute", "frailty_signs_24m", np.bincount(stays.person[coded], signs, minlength=count)
    seen = visits.told < day - LAGS["acute"] + 1
    person, when = visits.person[seen], visits.day[seen]
    yield from _windows("acute", "attendance", person, when, day, count, WINDOWS)
    yield "acute", "days_since_attendance", _days_since(person, when, day, count)
    for index, complaint in enumerate(visits.complaints):
        chosen = visits.complaint[seen] == index
        yield from _windows("acute", f"complaint_{complaint}", person[chosen], when[chosen], day, count, (24,))


def _outpatient(records: Records, day: int) -> Iterator[Column]:
    visits, count = records.appointments, records.scene.count
    known = day - LAGS["acute"]
    status = np.where(visits.settled <= known, visits.status, AHEAD)
    booked = visits.booked <= known
    kept = booked & ((status == SEEN) | (status == LATE))
    for name, chosen in (("kept", kept), ("missed", booked & (status == MISSED))):
        yield from _windows("outpatient", name, visits.person[chosen], visits.day[chosen], day, count, (12, 24))
    yield "outpatient", "ahead", _count(visits.person[booked & (status == AHEAD)], count)
    for index, clinic in enumerate(visits.clinics):
        chosen = kept & (visits.clinic == index)
        yield from _windows(
            "outpatient", f"clinic_{clinic}", visits.person[chosen], visits.day[chosen], day, count, (24,)
        )


def _community(records: Records, day: int) -> Iterator[Column]:
    teams = [row["team"] for row in read_reference("record_community_teams")]
    yield from _team_work("community", records.community, teams, day, records.scene.count)


def _mental_health(records: Records, day: int) -> Iterator[Column]:
    teams = [row["team"] for row in read_reference("record_mental_health_teams")]
    yield from _team_work("mental_health", records.mental_health, teams, day, records.scene.count)
    wards, known = records.ward_stays, day - LAGS["mental_health"]
    seen = wards.admitted <= known
    yield from _windows(
        "mental_health", "ward_stay", wards.person[seen], wards.admitted[seen], day, records.scene.count
    )


def _team_work(group: str, work: Referrals, teams: list[str], day: int, count: int) -> Iterator[Column]:
    known = day - LAGS[group]
    seen = work.told <= known
    person, when, team = work.contact_person[seen], work.day[seen], work.team[work.of[seen]]
    yield from _windows(group, "contact", person, when, day, count)
    yield group, "days_since_contact", _days_since(person, when, day, count)
    for index, name in enumerate(teams):
        chosen = team == index
        yield from _windows(group, f"team_{name}", person[chosen], when[chosen], day, count, (6, 24))
        opened = (work.team == index) & (work.opened <= known)
        yield from _windows(group, f"referral_{name}", work.person[opened], work.opened[opened], day, count, (24,))
    is_open = (work.opened <= known) & (work.closed > known)
    yield group, "open_referrals", _count(work.person[is_open], count)


def _social_care(records: Records, day: int) -> Iterator[Column]:
    care, count, known = records.care, records.scene.count, day - LAGS["social_care"]
    seen = (care.start <= known) & ~care.is_carer
    running = seen & (care.event == SERVICE) & (care.end > known)
    for index, (_, name) in enumerate(SERVICES):
        chosen = running & (care.detail == index)
        yield "social_care", f"has_{name}", _count(care.person[chosen], count)
    start = np.full(count, NEVER)
    np.minimum.at(start, care.person[running], care.start[running])
    yield "social_care", "days_since_start", np.where(start < NEVER, day - start, _LONG_AGO)
    yield "social_care", "services", _count(care.person[running], count)
    for name, chosen in (
        ("request", care.event == REQUEST),
        ("short_service", (care.event == SERVICE) & np.isin(care.detail, (REABLEMENT, EQUIPMENT))),
        ("ended_service", (care.event == SERVICE) & (care.end <= known)),
        ("changed", (care.event == REVIEW) & (care.detail == UNPLANNED)),
    ):
        kept = seen & chosen
        yield from _windows("social_care", name, care.person[kept], care.start[kept], day, count, (12, 24))
    carers = (care.start <= known) & care.is_carer
    yield "social_care", "is_known_carer", _count(care.person[carers], count) > 0


def _windows(
    group: str,
    name: str,
    person: np.ndarray,
    when: np.ndarray,
    day: int,
    count: int,
    windows: tuple[int, ...] = WINDOWS,
) -> Iterator[Column]:
    for months in windows:
        yield group, f"{name}_{months}m", _count(person[(when >= day - months * _MONTH) & (when < day)], count)


def _count(person: np.ndarray, count: int) -> np.ndarray:
    return np.asarray(np.bincount(person, minlength=count))


def _days_since(person: np.ndarray, when: np.ndarray, day: int, count: int) -> np.ndarray:
    last = np.full(count, -NEVER)
    np.maximum.at(last, person[when < day], when[when < day])
    return np.asarray(np.minimum(day - last, _LONG_AGO))


def _latest(person: np.ndarray, when: np.ndarray, value: np.ndarray, count: int) -> np.ndarray:
    """The value of each person's latest entry; NaN for none."""
    order = np.lexsort((when, person))
    found = np.full(count, np.nan)
    found[person[order]] = value[order]
    return found
