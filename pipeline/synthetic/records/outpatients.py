"""acute_outpatient: referrals to clinics and their appointments, kept, missed, cancelled or still ahead.

An appointment is known from its booking; its outcome from its day on. Who dies or leaves has what lies ahead cancelled.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.synthetic.records.hospital_rows import person_columns
from pipeline.synthetic.records.identity import ROWS_RANGE
from pipeline.synthetic.records.rows import Rows, Telling, blanked, dates, joined_text, numbered, picked, same
from pipeline.synthetic.records.scene import Scene, log_linear, read_reference
from pipeline.synthetic.records.senders import TRUSTS, choose_trusts

# ATTENDED OR DID NOT ATTEND CODE: 0 not yet, 5 seen, 6 late but seen, 2 cancelled by patient, 3 missed, 4 by provider.
STATUSES = ("0", "5", "6", "2", "3", "4")
AHEAD, SEEN, LATE, CANCELLED, MISSED, POSTPONED = range(6)
_PRIORITIES = ("1", "2", "3")
_SOURCES, _SOURCE_SHARES = ("03", "05", "01", "04", "97"), (0.62, 0.2, 0.08, 0.06, 0.04)


@dataclass(frozen=True)
class Appointments:
    """Appointments in the order of booking. status: what becomes of each; settled: the day that is known."""

    person: np.ndarray
    referred: np.ndarray
    booked: np.ndarray
    day: np.ndarray
    settled: np.ndarray
    status: np.ndarray
    turn: np.ndarray
    is_last: np.ndarray
    by_telephone: np.ndarray
    clinic: np.ndarray
    priority: np.ndarray
    source: np.ndarray
    trust: np.ndarray
    number: np.ndarray
    clinics: tuple[str, ...]


def draw_appointments(scene: Scene) -> Appointments:
    """All appointments booked before the end."""
    rng = scene.block.rng("acute_outpatient")
    clinics = read_reference("record_outpatient_clinics")
    person, referred, clinic, times = (
        np.concatenate(part) for part in zip(*_referrals(scene, clinics, rng), strict=True)
    )
    trust, priority = choose_trusts(scene, person, rng), rng.choice(3, len(person), p=(0.78, 0.16, 0.06))
    source = rng.choice(len(_SOURCES), len(person), p=_SOURCE_SHARES)
    wait = np.floor(rng.gamma(2.0, np.array([38, 16, 6])[priority])).astype(np.int64) + 5
    referral = np.repeat(np.arange(len(person)), times)
    turn = np.arange(len(referral)) - np.repeat(np.cumsum(times) - times, times)
    gap = np.where(turn == 0, wait[referral], 21 + np.floor(rng.gamma(2.0, 38, len(referral))).astype(np.int64))
    total = np.cumsum(gap)
    started = (total - gap)[np.cumsum(times) - times]
    day = scene.to_open_day(referred[referral] + total - np.repeat(started, times))
    booked = np.where(turn == 0, referred[referral] + 3, np.r_[0, day[:-1]])
    status = _outcomes(scene, person[referral], day, rng)
    person_of, last = person[referral], scene.last_day[person[referral]]
    leaves = day > last
    status = np.where(leaves, CANCELLED, status)
    settled = np.where(leaves, last + 1, np.where(status == CANCELLED, np.maximum(day - 2, booked), day))
    kept = np.flatnonzero((booked <= last) & (booked < scene.end))
    kept = kept[np.lexsort((day[kept], person_of[kept], booked[kept]))]
    columns = {
        "person": person_of,
        "referred": referred[referral],
        "booked": booked,
        "day": day,
        "settled": settled,
        "status": status,
        "turn": turn,
        "is_last": turn == times[referral] - 1,
        "by_telephone": rng.random(len(day)) < 0.2,
        "clinic": clinic[referral],
        "priority": priority[referral],
        "source": source[referral],
        "trust": trust[referral],
    }
    return Appointments(
        **{name: array[kept] for name, array in columns.items()},
        number=np.arange(len(kept)),
        clinics=tuple(row["treatment_function"] for row in clinics),
    )


def appointment_rows(scene: Scene, all_: Appointments, telling: Telling) -> Rows:
    """acute_outpatient as known on a day. With a period: appointments in it, and those booked in it for later."""
    known = telling.known
    news = telling.news(all_.booked) | ((all_.booked <= known) & telling.news(all_.settled))
    if telling.period is not None:
        news &= telling.in_period(all_.day) | ((all_.day > telling.period[1]) & telling.in_period(all_.booked))
    chosen = np.flatnonzero(news)
    person, day, trust = all_.person[chosen], all_.day[chosen], all_.trust[chosen]
    status = np.where(all_.settled[chosen] <= known, all_.status[chosen], AHEAD)
    seen = (status == SEEN) | (status == LATE)
    follow_up = all_.turn[chosen] > 0
    identifier = (scene.block.number + 1) * ROWS_RANGE + all_.number[chosen]
    count = len(chosen)
    columns = {
        "CDS UNIQUE IDENTIFIER": joined_text(
            picked([f"O{code}" for code in TRUSTS], trust), numbered("", identifier, width=10)
        ),
        "CDS UPDATE TYPE": same("9", count),
        "CDS APPLICABLE DATE TIME": same(telling.stamp, count),
        **person_columns(scene, person, np.where(status == AHEAD, all_.booked[chosen], day)),
        "ORGANISATION CODE (CODE OF PROVIDER)": picked(TRUSTS, trust),
        "ATTENDANCE IDENTIFIER": numbered("A", identifier, width=10),
        "APPOINTMENT DATE": dates(day),
        "ATTENDED OR DID NOT ATTEND CODE": picked(STATUSES, status),
        "FIRST ATTENDANCE CODE": picked(("1", "2", "3", "4"), follow_up + 2 * all_.by_telephone[chosen]),
        "OUTCOME OF ATTENDANCE CODE": blanked(picked(("2", "1"), all_.is_last[chosen].astype(np.int64)), ~seen),
        "TREATMENT FUNCTION CODE": picked(all_.clinics, all_.clinic[chosen]),
        "PRIORITY TYPE CODE": picked(_PRIORITIES, all_.priority[chosen]),
        "SOURCE OF REFERRAL FOR OUT-PATIENTS": picked(_SOURCES, all_.source[chosen]),
        "REFERRAL REQUEST RECEIVED DATE": dates(all_.referred[chosen]),
    }
    return Rows(pa.table(columns), person, day, np.array(TRUSTS)[trust])


def _referrals(
    scene: Scene, clinics: list[dict[str, str]], rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, ...]]:
    """person, day, clinic and number of appointments of each referral."""
    for place, row in enumerate(clinics):
        rate = log_linear(scene, row)
        for name in filter(None, row["conditions"].split(";")):
            rate = np.where(scene.has(name), rate * np.float32(row["times_if_present"]), rate)
        person, day = scene.happenings(rate, rng=rng, weights=scene.clinic_hours)
        yield person, day, np.full(len(person), place), 1 + rng.poisson(float(row["follow_ups"]), len(person))


def _outcomes(scene: Scene, person: np.ndarray, day: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Kept, missed or cancelled: the distressed and the deprived miss more."""
    distress, frailty = (scene.at(getattr(scene.lives, name), person, day) for name in ("distress", "frailty"))
    log_odds = -3.2 + 0.6 * distress + 0.08 * scene.deprivation[person] + 0.1 * frailty
    drawn = rng.random((2, len(person)))
    missed = drawn[0] < 1 / (1 + np.exp(-log_odds))
    other = np.array([SEEN, LATE, CANCELLED, POSTPONED])[np.searchsorted([0.85, 0.9, 0.96], drawn[1])]
    return np.where(missed, MISSED, other)
