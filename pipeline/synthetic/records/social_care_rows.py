"""social_care_event: what a council submits (ASC Client Level Data, Release 2) for twelve months to a quarter's end."""

import numpy as np
import pyarrow as pa

from pipeline.synthetic.records.identity import nhs_numbers, own_number, practice_column
from pipeline.synthetic.records.rows import NEVER, Period, Rows, Telling, blanked, dates, numbered, picked
from pipeline.synthetic.records.scene import Scene
from pipeline.synthetic.records.social_care import (
    ASSESSMENT,
    NURSING,
    REQUEST,
    RESIDENTIAL,
    REVIEW,
    SERVICE,
    SERVICES,
    CareEvents,
)

EVENT_TYPES = ("Request", "Assessment", "Service", "Review")
_ROUTES = ("Community / other route", "Discharge from hospital")
_ASSESSMENTS = ("Long term assessment", "Unpaid carer assessment")
_REASONS = ("Planned", "Unplanned - change in needs")
_OUTCOMES = (
    "Progress to assessment",
    "Progress to services",
    "No further action",
    "Service ended",
    "Support unchanged",
    "Support changed",
)
_SUPPORT = (
    "Physical Support: Personal care support",
    "Support with Memory & Cognition",
    "Mental Health Support",
    "Social Support: Support to Carer",
)
_TO_CARER = 3


def care_rows(scene: Scene, all_: CareEvents, telling: Telling) -> Rows:
    """All councils' submissions for a period (by default the last twelve months to a quarter's end before `known`).

    Services count by overlap with the period, other events by their end; what ended later is still open in it.
    """
    first, last = telling.period or twelve_months(telling.known)
    seen = min(telling.known, last)
    ended = np.where(all_.end <= seen, all_.end, NEVER)
    is_service = all_.event == SERVICE
    chosen = (all_.start <= seen) & (ended >= first) & (is_service | (ended < NEVER))
    chosen &= telling.news(all_.start) | telling.news(ended)
    index = np.flatnonzero(chosen)
    return _rows(scene, all_, index, ended[index], (first, last), seen=seen)


def twelve_months(known: int) -> Period:
    """The newest twelve months to the end of a quarter that is over on a day."""
    month = np.datetime64(known + 1, "D").astype("datetime64[M]").astype(np.int64) // 3 * 3
    after, first = ((month - back).astype("datetime64[M]").astype("datetime64[D]") for back in (0, 12))
    return int(first.astype(np.int64)), int(after.astype(np.int64)) - 1


def _rows(scene: Scene, all_: CareEvents, index: np.ndarray, ended: np.ndarray, period: Period, *, seen: int) -> Rows:
    person, event, detail, start = all_.person[index], all_.event[index], all_.detail[index], all_.start[index]
    is_carer, people, count = all_.is_carer[index], scene.people, len(index)
    service = np.where(event == SERVICE, detail, 0)
    in_home = (event == SERVICE) & np.isin(detail, (RESIDENTIAL, NURSING))
    in_home |= ~is_carer & (people.care_home_from[person] <= start)
    support = np.where(is_carer, _TO_CARER, _support(scene, person, start))
    columns = {
        "LA_Code": picked(people.borough, person),
        "Reporting_Period_Start_Date": dates(np.full(count, period[0])),
        "Reporting_Period_End_Date": dates(np.full(count, period[1])),
        "NHS_Number": picked(nhs_numbers(scene, "social_care"), person),
        "LA_Person_Unique_Identifier": numbered("C-", own_number(scene, person)),
        "Date_of_Birth": dates(people.birth[person]),
        "Client_Type": picked(("Service user", "Unpaid carer"), is_carer),
        "Postcode": pa.array(people.postcode_on(person, seen)),
        "Accommodation_Status": picked(("Settled mainstream housing", "Registered care home"), in_home),
        "GP_Practice_Code": practice_column(scene, person, start),
        "Primary_Support_Reason": blanked(picked(_SUPPORT, support), event == REQUEST),
        "Event_Type": picked(EVENT_TYPES, event),
        "Event_Start_Date": dates(start),
        "Event_End_Date": dates(ended),
        "Event_Outcome": blanked(picked(_OUTCOMES, all_.outcome[index]), ended == NEVER),
        "Request_Route_of_Access": _for(REQUEST, _ROUTES, event, detail),
        "Assessment_Type": _for(ASSESSMENT, _ASSESSMENTS, event, detail),
        "Service_Type": blanked(picked([name for name, _ in SERVICES], service), event != SERVICE),
        "Service_Component": blanked(picked([part for _, part in SERVICES], service), event != SERVICE),
        "Review_Reason": _for(REVIEW, _REASONS, event, detail),
    }
    return Rows(pa.table(columns), person, start, np.asarray(people.borough[person]))


def _for(kind: int, values: tuple[str, ...], event: np.ndarray, detail: np.ndarray) -> pa.Array:
    """A column that only events of one kind fill."""
    return blanked(picked(values, np.where(event == kind, detail, 0)), event != kind)


def _support(scene: Scene, person: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Why people are supported, as it stood when the event began: memory where there is dementia, or mental health."""
    lives = scene.lives
    demented = lives.onset[person, lives.conditions.index("dementia")] <= start
    severe = lives.onset[person, lives.conditions.index("severe_mental_illness")] <= start
    return np.where(demented, 1, np.where(severe, 2, 0))
