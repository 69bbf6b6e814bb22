"""What community services write down: referrals and contacts of nurses and therapists, kept or not.

Driven by dependence, which hospitals and practices see only in part.
"""

from datetime import date

import numpy as np
import pyarrow as pa

from pipeline.synthetic.hidden import Lives
from pipeline.synthetic.people import People, day_number
from pipeline.synthetic.rows import Rows, blanked, dates, draw_happenings, numbered, picked, state_at

PROVIDER = "RKE"
_TEAMS = ("12", "19", "27")
_STATUSES = ("5", "6", "3", "2", "4", "7")


def draw_contacts(people: People, lives: Lives, *, as_of: date, rng: np.random.Generator) -> Rows:
    """community_contact: a row per contact, in the order of referrals; the reporting period is the calendar month."""
    own = np.exp(0.3 * rng.standard_normal(people.count))
    rate = own * (0.006 + 0.3 * np.maximum(lives.dependence - 0.2, 0) ** 1.5)
    person, day = draw_happenings(np.minimum(rate, 6.0), people, lives, rng=rng)
    order = np.lexsort((day, person))
    person, day = person[order], day[order]
    # A referral lasts at most a calendar year; contacts are numbered within it, so their numbers come again.
    referral = person * 16 + (day // 365) % 16
    starts = np.flatnonzero(np.r_[True, referral[1:] != referral[:-1]])
    within = np.arange(len(person)) - np.repeat(starts, np.diff(np.r_[starts, len(person)]))
    needs = state_at(lives.dependence, lives, person, day)
    missed = rng.random(len(person)) < 0.05 + 0.03 * np.minimum(needs, 2)
    status = np.where(missed, 2, rng.choice(6, len(person), p=(0.86, 0.05, 0.0, 0.04, 0.04, 0.01)))
    month = day.astype("datetime64[D]").astype("datetime64[M]")
    first = month.astype("datetime64[D]").astype(np.int64)
    last = (month + 1).astype("datetime64[D]").astype(np.int64) - 1
    columns = {
        "REPORTING PERIOD START DATE": dates(first),
        "REPORTING PERIOD END DATE": dates(last),
        "LOCAL PATIENT IDENTIFIER (EXTENDED)": numbered("L-", 220_000 + person),
        "NHS NUMBER": picked(people.nhs_number, person),
        "PERSON BIRTH DATE": dates(people.birth[person]),
        "POSTCODE": picked(people.postcode, person),
        "SERVICE REQUEST IDENTIFIER": numbered("SR-", referral),
        "CARE CONTACT IDENTIFIER": numbered("CC-", within + 1),
        "CARE CONTACT DATE": dates(day),
        "SERVICE OR TEAM TYPE REFERRED TO (COMMUNITY CARE)": picked(_TEAMS, referral % 7 % 3),
        "ATTENDANCE STATUS": blanked(picked(_STATUSES, status), rng.random(len(person)) < 0.03),
        "CONSULTATION MECHANISM": picked(("01", "02"), rng.random(len(person)) < 0.12),
    }
    return Rows(pa.table(columns), person, day, np.full(len(person), PROVIDER))


def first_open_day(as_of: date) -> int:
    """The first day of the reporting periods a submission of the second week sends again."""
    bulk_ends = np.datetime64(day_number(as_of) - 14, "D")
    return int(bulk_ends.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64))
