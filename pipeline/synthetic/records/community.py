"""community_referral and community_contact: nurses and therapists, driven by dependence above all.

A submission covers a calendar month: its contacts, and every referral open in it. Contact identifiers are numbers
within a referral, so they come again in other referrals; attendance is often left out.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from pipeline.synthetic.records.identity import nhs_numbers, own_number
from pipeline.synthetic.records.referrals import Referrals, draw_referrals, month_of, period_of
from pipeline.synthetic.records.rows import NEVER, Rows, Telling, blanked, dates, numbered, picked
from pipeline.synthetic.records.scene import Scene, read_reference
from pipeline.synthetic.records.senders import community_provider

_URGENT_TEAM, _URGENT_NEED = "12", 0.4
_STATUSES = ("5", "6", "3", "2", "4", "7")
_NO_STATUS_SHARE = 0.45
_SOURCES = ("01", "02", "03", "12", "18")
_REFERRALS_RANGE = 10_000_000  # numbers of referrals of one block


def draw_community(scene: Scene) -> Referrals:
    """All referrals and contacts of community services."""

    def urgent(row: dict[str, str], rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        if row["team"] == _URGENT_TEAM:
            person, day = scene.after_shocks(0.25, mean_delay=8, rng=rng)
            needy = scene.at(scene.lives.dependence, person, day) > _URGENT_NEED
            yield person[needy], scene.to_open_day(day[needy])

    teams = read_reference("record_community_teams")
    return draw_referrals(scene, teams, more=urgent, by_dependence=True, rng=scene.block.rng("community"))


def contact_rows(scene: Scene, all_: Referrals, telling: Telling) -> Rows:
    """community_contact: a row per contact."""
    chosen = np.flatnonzero(telling.news(all_.told) & telling.in_period(all_.day))
    of, day, drawn = all_.of[chosen], all_.day[chosen], all_.drawn[:, chosen]
    person = all_.person[of]
    teams = read_reference("record_community_teams")
    missed = drawn[0] < 0.05 + 0.03 * np.minimum(scene.at(scene.lives.dependence, person, day), 2)
    status = np.where(missed, 2, np.searchsorted([0.86, 0.91, 0.95, 0.99], drawn[1]) + (drawn[1] >= 0.91))
    at_home = np.array([row["at_home"] == "1" for row in teams])[all_.team[of]]
    first, last = period_of(day, telling.period)
    columns = {
        "REPORTING PERIOD START DATE": dates(first),
        "REPORTING PERIOD END DATE": dates(last),
        **_person_columns(scene, person, day),
        "SERVICE REQUEST IDENTIFIER": _referral_numbers(scene, of),
        "CARE CONTACT IDENTIFIER": numbered("CC-", all_.turn[chosen]),
        "CARE CONTACT DATE": dates(day),
        "SERVICE OR TEAM TYPE REFERRED TO (COMMUNITY CARE)": picked([row["team"] for row in teams], all_.team[of]),
        "ATTENDANCE STATUS": blanked(picked(_STATUSES, status), drawn[2] < _NO_STATUS_SHARE),
        "CONSULTATION MECHANISM": picked(("01", "02"), ~at_home & (drawn[2] > 0.88)),
    }
    return Rows(pa.table(columns), person, day, community_provider(scene, person))


def referral_rows(scene: Scene, all_: Referrals, telling: Telling) -> Rows:
    """community_referral: each referral as known; with a period, those open in it. Without one, its latest month."""
    known, period = telling.known, telling.period
    closed = np.where(all_.closed <= known, all_.closed, NEVER)
    news = telling.news(all_.opened) | ((all_.opened <= known) & telling.news(closed))
    if period is not None:
        news &= (all_.opened <= period[1]) & (closed >= period[0])
        # A submission says how things stood at the end of its month.
        closed = np.where(closed <= period[1], closed, NEVER)
    chosen = np.flatnonzero(news)
    person, opened, closed = all_.person[chosen], all_.opened[chosen], closed[chosen]
    first, last = month_of(np.minimum(closed, known)) if period is None else period_of(opened, period)
    source = (np.arange(len(all_.person)) * 7 % 10)[chosen]
    urgent = (np.arange(len(all_.person)) * 13 % 20 == 0)[chosen]
    teams = read_reference("record_community_teams")
    columns = {
        "REPORTING PERIOD START DATE": dates(first),
        "REPORTING PERIOD END DATE": dates(last),
        **_person_columns(scene, person, opened),
        "SERVICE REQUEST IDENTIFIER": _referral_numbers(scene, chosen),
        "REFERRAL REQUEST RECEIVED DATE": dates(opened),
        "SOURCE OF REFERRAL FOR COMMUNITY": picked(_SOURCES, np.minimum(source // 2, len(_SOURCES) - 1)),
        "PRIORITY TYPE CODE": picked(("1", "2"), urgent),
        "SERVICE OR TEAM TYPE REFERRED TO (COMMUNITY CARE)": picked([row["team"] for row in teams], all_.team[chosen]),
        "SERVICE DISCHARGE DATE": dates(closed),
    }
    return Rows(pa.table(columns), person, opened, community_provider(scene, person))


def _referral_numbers(scene: Scene, number: np.ndarray) -> pa.Array:
    return numbered("SR-", (scene.block.number + 1) * _REFERRALS_RANGE + number)


def _person_columns(scene: Scene, person: np.ndarray, day: np.ndarray) -> dict[str, pa.Array]:
    return {
        "LOCAL PATIENT IDENTIFIER (EXTENDED)": numbered("L-", own_number(scene, person)),
        "NHS NUMBER": picked(nhs_numbers(scene, "community"), person),
        "PERSON BIRTH DATE": dates(scene.people.birth[person]),
        "POSTCODE": pa.array(scene.people.postcode_on(person, day)),
    }
