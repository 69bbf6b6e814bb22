"""What councils write down (ASC Client Level Data): requests, assessments, services and reviews.

Driven by dependence. A submission is a snapshot of twelve months: what ended after it is still open in it.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.synthetic.frame import HARINGEY, ISLINGTON, Frame
from pipeline.synthetic.hidden import Lives
from pipeline.synthetic.people import ELSEWHERE_CODES, NEVER, People
from pipeline.synthetic.rows import Rows, blanked, dates, numbered, picked, same

COUNCILS = (ISLINGTON, HARINGEY)
REQUEST, ASSESSMENT, SERVICE, REVIEW = range(4)
EVENT_TYPES = ("Request", "Assessment", "Service", "Review")
SERVICES = (
    ("Long term support: Community", "Home care"),
    ("Long term support: Residential care", "Residential care"),
    ("Long term support: Nursing care", "Nursing care"),
    ("Short term support: ST-Max", "Reablement"),
)
_HOME_CARE, _RESIDENTIAL, _NURSING, _SHORT = range(4)
_OUTCOMES = (
    "Progress to assessment",
    "Progress to services",
    "No further action",
    "Service ended",
    "Support unchanged",
)


def draw_care(people: People, lives: Lives, *, rng: np.random.Generator) -> "CareEvents":
    """Everything the two councils will ever report, with true ends."""
    resident = np.isin(people.borough, COUNCILS)
    parts: list[tuple[np.ndarray, ...]] = []
    at_home, in_home = np.full(people.count, NEVER), np.full(people.count, NEVER)  # start of what runs
    for step, start in enumerate(lives.starts[:-1]):
        length = int(lives.starts[step + 1] - start)
        here = resident & (start <= people.last_day) & (start - people.birth > 18 * 365) & (length > 20)
        needs = lives.dependence[step]
        day = start + rng.integers(0, max(length, 1), people.count)
        parts += _asks(here, needs, day, rng)
        backlog = 12 if step == 0 else 1  # those who had care before our four years
        wants = np.minimum(backlog * 0.022 * np.maximum(needs - 0.6, 0) ** 1.4, 0.7)
        begins = here & (at_home == NEVER) & (in_home == NEVER) & (rng.random(people.count) < wants)
        at_home = np.where(begins, day, at_home)
        parts += _way_in(np.flatnonzero(begins), day)
        needs_home = np.minimum(backlog * 0.005 * np.maximum(needs - 1.3, 0) ** 1.6, 0.5)
        enters = here & (in_home == NEVER) & (rng.random(people.count) < needs_home)
        ends = (at_home < NEVER) & ((rng.random(people.count) < 0.008) | enters) & here & ~begins
        parts.append(_service(np.flatnonzero(ends), at_home[ends], day[ends], _HOME_CARE))
        at_home = np.where(ends, NEVER, at_home)
        in_home = np.where(enters, day, in_home)
    for running, kind in ((at_home, _HOME_CARE), (in_home, None)):
        who = np.flatnonzero(running < NEVER)
        service = np.where(who % 3 == 0, _NURSING, _RESIDENTIAL) if kind is None else kind
        parts.append(_service(who, running[who], np.full(len(who), NEVER), service))
        parts += _reviews(who, running[who], int(lives.starts[-1]))
    person, event, start, end, detail, outcome = (np.concatenate([part[i] for part in parts]) for i in range(6))
    end = np.minimum(end, np.where(people.last_day[person] < NEVER, people.last_day[person], NEVER))
    kept = (start <= people.last_day[person]) & (start >= people.birth[person])
    order = np.lexsort((detail[kept], event[kept], start[kept], person[kept]))
    person, event, start, end, detail, outcome = (a[kept][order] for a in (person, event, start, end, detail, outcome))
    # The standard's own key allows one event of a kind, person and day.
    key = (person * 4 + event) * 10**6 + start
    first = np.r_[True, (key[1:] != key[:-1]) | (detail[1:] != detail[:-1])]
    return CareEvents(
        person[first], event[first], start[first], np.maximum(end, start)[first], detail[first], outcome[first]
    )


def submission(
    care: "CareEvents", people: People, frame: Frame, *, council: str, period_start: int, period_end: int
) -> Rows:
    """social_care_event as one council submits it for twelve months (day numbers, both included)."""
    ended = np.where(care.end <= period_end, care.end, NEVER)
    overlaps = (care.start <= period_end) & (ended >= period_start)
    by_end = (ended < NEVER) & (ended >= period_start)
    in_period = np.where(care.event == SERVICE, overlaps, by_end & (care.start <= period_end))
    chosen = np.flatnonzero(in_period & (people.borough[care.person] == council))
    person, event, detail = care.person[chosen], care.event[chosen], care.detail[chosen]
    count = len(chosen)
    codes = [*(practice.code for practice in frame.practices), *ELSEWHERE_CODES]
    practice = np.where(
        people.practice[person] < 0, len(frame.practices) + people.elsewhere_code[person], people.practice[person]
    )
    service = np.where(event == SERVICE, detail, 0)
    in_home = (event == SERVICE) & np.isin(detail, (_RESIDENTIAL, _NURSING))
    columns = {
        "LA_Code": same(council, count),
        "Reporting_Period_Start_Date": dates(np.full(count, period_start)),
        "Reporting_Period_End_Date": dates(np.full(count, period_end)),
        "NHS_Number": picked(people.nhs_number, person),
        "LA_Person_Unique_Identifier": numbered("C-", 70_000 + person),
        "Date_of_Birth": dates(people.birth[person]),
        "Client_Type": same("Service user", count),
        "Postcode": picked(people.postcode, person),
        "Accommodation_Status": picked(("Settled mainstream housing", "Registered care home"), in_home),
        "GP_Practice_Code": picked(codes, practice),
        "Primary_Support_Reason": blanked(
            picked(("Physical Support: Personal care support", "Support with Memory & Cognition"), person % 5 == 0),
            event == REQUEST,
        ),
        "Event_Type": picked(EVENT_TYPES, event),
        "Event_Start_Date": dates(care.start[chosen]),
        "Event_End_Date": dates(ended[chosen]),
        "Event_Outcome": blanked(picked(_OUTCOMES, care.outcome[chosen]), ended[chosen] == NEVER),
        "Request_Route_of_Access": blanked(
            picked(("Community / other route", "Discharge from hospital"), person % 4 == 0), event != REQUEST
        ),
        "Assessment_Type": blanked(same("Long term assessment", count), event != ASSESSMENT),
        "Service_Type": blanked(picked([name for name, _ in SERVICES], service), event != SERVICE),
        "Service_Component": blanked(picked([part for _, part in SERVICES], service), event != SERVICE),
        "Review_Reason": blanked(same("Planned", count), event != REVIEW),
    }
    return Rows(pa.table(columns), person, care.start[chosen], np.full(count, council))


def _asks(
    here: np.ndarray, needs: np.ndarray, day: np.ndarray, rng: np.random.Generator
) -> list[tuple[np.ndarray, ...]]:
    asks = np.flatnonzero(here & (rng.random(len(needs)) < np.minimum(0.0012 + 0.012 * needs**1.3, 0.3)))
    declined = _event(asks, REQUEST, day[asks], day[asks] + 5, 0, 2)
    helped = asks[rng.random(len(asks)) < np.minimum(0.1 + 0.15 * needs[asks], 0.6)]
    short = _event(helped, SERVICE, day[helped] + 8, day[helped] + 8 + 42, _SHORT, 3)
    return [declined, short]


def _way_in(who: np.ndarray, day: np.ndarray) -> list[tuple[np.ndarray, ...]]:
    wait = 20 + who % 25
    asked = day[who] - wait
    return [
        _event(who, REQUEST, asked, asked + 7, 0, 0),
        _event(who, ASSESSMENT, asked + 7, day[who] - 3, 0, 1),
    ]


def _service(who: np.ndarray, start: np.ndarray, end: np.ndarray, kind: np.ndarray | int) -> tuple[np.ndarray, ...]:
    return _event(who, SERVICE, start, end, kind, 3)


def _reviews(who: np.ndarray, start: np.ndarray, until: int) -> list[tuple[np.ndarray, ...]]:
    parts = []
    for year in range(1, 5):
        day = start + 365 * year
        due = day < until
        parts.append(_event(who[due], REVIEW, day[due], day[due] + 10, 0, 4))
    return parts


def _event(
    who: np.ndarray, event: int, start: np.ndarray, end: np.ndarray, detail: np.ndarray | int, outcome: int
) -> tuple[np.ndarray, ...]:
    count = len(who)
    return who, np.full(count, event), start, end, np.broadcast_to(detail, count), np.full(count, outcome)


@dataclass(frozen=True)
class CareEvents:
    """Events of adult social care with their true ends (NEVER while they run). detail: index of the service."""

    person: np.ndarray
    event: np.ndarray
    start: np.ndarray
    end: np.ndarray
    detail: np.ndarray
    outcome: np.ndarray
