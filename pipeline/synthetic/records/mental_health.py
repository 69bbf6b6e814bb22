"""mental_health_contact and mental_health_spell: teams and wards, driven by distress and severe mental illness.

A submission covers a calendar month: its contacts, and every ward stay with a day in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.synthetic.records.identity import nhs_numbers, own_number
from pipeline.synthetic.records.referrals import Referrals, draw_referrals, month_of, period_of
from pipeline.synthetic.records.rows import NEVER, Rows, Telling, blanked, dates, numbered, picked
from pipeline.synthetic.records.scene import Scene, read_reference
from pipeline.synthetic.records.senders import mental_health_provider
from pipeline.synthetic.records.stays import Stays

_STATUSES = ("5", "6", "3", "2", "4", "7")
_MECHANISMS = ("01", "02", "11")
# PrimReasonReferralMH: 05 depression, 06 anxiety, 01 psychosis, 16 self-harm, 18 organic brain disorder.
_REASONS = ("05", "06", "01", "16", "18")
_REFERRALS_RANGE, _SPELLS_RANGE = 10_000_000, 100_000
_LIAISON, _LIAISON_SHARE = "A11", 0.12
_METHODS = ("21", "28", "11", "2A")


@dataclass(frozen=True)
class WardStays:
    """Stays on mental health wards in the order of admission. method: index."""

    person: np.ndarray
    admitted: np.ndarray
    discharged: np.ndarray
    method: np.ndarray


def draw_mental_health(scene: Scene, stays: Stays) -> Referrals:
    """All referrals and contacts; liaison teams see the distressed among those admitted as emergencies."""

    def in_hospital(row: dict[str, str], rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        if row["team"] == _LIAISON:
            chosen = np.flatnonzero(stays.is_outcome & (stays.admitted >= scene.begin))
            person, day = stays.person[chosen], stays.admitted[chosen]
            distress = scene.at(scene.lives.distress, person, day)
            seen = rng.random(len(chosen)) < np.minimum(_LIAISON_SHARE * np.exp(0.6 * (distress - 1)), 0.8)
            yield person[seen], day[seen]

    teams = read_reference("record_mental_health_teams")
    rng = scene.block.rng("mental_health")
    return draw_referrals(scene, teams, more=in_hospital, by_dependence=False, rng=rng)


def draw_ward_stays(scene: Scene) -> WardStays:
    """Stays on wards: rare, longer than in a general hospital."""
    rng = scene.block.rng("mental_health_spell")
    rate = 0.00004 * np.exp(0.9 * scene.lives.distress) * np.where(scene.has("severe_mental_illness"), 12, 1)
    person, day = scene.happenings(np.where(scene.age >= 16, rate, 0), rng=rng)
    order = np.lexsort((day, person))
    person, day = person[order], day[order]
    stay = 3 + np.floor(rng.gamma(1.2, 24, len(person))).astype(np.int64)
    following = np.append(np.where(person[1:] == person[:-1], day[1:], NEVER), NEVER)[: len(day)]
    ends = np.minimum.reduce([day + stay, following - 1, scene.last_day[person]])
    kept = np.flatnonzero(ends >= day)
    kept = kept[np.lexsort((person[kept], day[kept]))]
    return WardStays(person[kept], day[kept], ends[kept], rng.choice(4, len(kept), p=(0.45, 0.25, 0.2, 0.1)))


def contact_rows(scene: Scene, all_: Referrals, telling: Telling) -> Rows:
    """mental_health_contact: a row per contact, with its referral."""
    chosen = np.flatnonzero(telling.news(all_.told) & telling.in_period(all_.day))
    of, day, drawn = all_.of[chosen], all_.day[chosen], all_.drawn[:, chosen]
    person, team = all_.person[of], all_.team[of]
    teams = read_reference("record_mental_health_teams")
    missed = drawn[0] < np.clip(0.09 + 0.04 * scene.at(scene.lives.distress, person, day), 0.02, 0.4)
    status = np.where(missed, 2, np.searchsorted([0.86, 0.91, 0.95, 0.99], drawn[1]) + (drawn[1] >= 0.91))
    urgent = np.array([row["urgent"] == "1" for row in teams])[team]
    priority = np.where(urgent, of % 3 % 2, 2 + (of % 11 == 0))
    organic = np.array([row["team"] == "A07" for row in teams])[team]
    reason = np.where(organic, 4, np.array([0, 1, 0, 1, 2, 3])[of % 6])
    first, last = period_of(day, telling.period)
    columns = {
        "ReportingPeriodStartDate": dates(first),
        "ReportingPeriodEndDate": dates(last),
        **_person_columns(scene, person, day),
        "ServiceRequestId": numbered("MR-", (scene.block.number + 1) * _REFERRALS_RANGE + of),
        "ReferralRequestReceivedDate": dates(all_.opened[of]),
        "ClinRespPriorityType": picked(("1", "4", "3", "2"), priority),
        "PrimReasonReferralMH": picked(_REASONS, reason),
        "ServTeamTypeRefToMH": picked([row["team"] for row in teams], team),
        "CareContactId": numbered("MC-", all_.turn[chosen]),
        "CareContDate": dates(day),
        "AttendStatus": blanked(picked(_STATUSES, status), drawn[2] < 0.1),
        "ConsMechanismMH": picked(_MECHANISMS, np.searchsorted([0.6, 0.85], drawn[2])),
    }
    return Rows(pa.table(columns), person, day, mental_health_provider(scene, person))


def spell_rows(scene: Scene, all_: WardStays, telling: Telling) -> Rows:
    """mental_health_spell: each ward stay as known; with a period, those with a day in it."""
    known, period = telling.known, telling.period
    ended = np.where(all_.discharged <= known, all_.discharged, NEVER)
    news = telling.news(all_.admitted) | ((all_.admitted <= known) & telling.news(ended))
    if period is not None:
        news &= (all_.admitted <= period[1]) & (ended >= period[0])
        ended = np.where(ended <= period[1], ended, NEVER)
    chosen = np.flatnonzero(news)
    person, admitted, ended = all_.person[chosen], all_.admitted[chosen], ended[chosen]
    first, last = month_of(np.minimum(ended, known)) if period is None else period_of(admitted, period)
    columns = {
        "ReportingPeriodStartDate": dates(first),
        "ReportingPeriodEndDate": dates(last),
        **_person_columns(scene, person, admitted),
        "HospProvSpellNum": numbered("MS-", (scene.block.number + 1) * _SPELLS_RANGE + chosen),
        "StartDateHospProvSpell": dates(admitted),
        "AdmMethCodeHospProvSpell": picked(_METHODS, all_.method[chosen]),
        "DischDateHospProvSpell": dates(ended),
    }
    return Rows(pa.table(columns), person, admitted, mental_health_provider(scene, person))


def _person_columns(scene: Scene, person: np.ndarray, day: np.ndarray) -> dict[str, pa.Array]:
    return {
        "LocalPatientId": numbered("MP-", own_number(scene, person)),
        "NHSNumber": picked(nhs_numbers(scene, "mental_health"), person),
        "PersonBirthDate": dates(scene.people.birth[person]),
        "Postcode": pa.array(scene.people.postcode_on(person, day)),
    }
