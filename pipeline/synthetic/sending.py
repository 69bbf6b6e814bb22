"""Who sends what when: the history on the first night, the councils' quarters, and the nights of the second week.

Plans deliveries; `landing_files` writes them. What goes wrong in the second week is in `planted`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.synthetic import community, gp, hospital, social_care
from pipeline.synthetic.defects import impossible_day, soil
from pipeline.synthetic.people import HISTORY_DAYS
from pipeline.synthetic.region import Region
from pipeline.synthetic.rows import Rows

GP_LAG, ACUTE_LAG, COMMUNITY_LAG, COUNCIL_LAG = 1, 2, 14, 42
QUARTERS = 12
NIGHTS = 7
_SENT_AGAIN = 12


def history(region: Region) -> Iterator["Delivery"]:
    """The bulk loads received on the as-of date: everything up to each source's reporting lag, with dirty rows."""
    today, start = region.today, region.today - HISTORY_DAYS
    patients = gp.patient_rows(region.people, region.frame, known=today)
    minute = 0
    for supplier in gp_suppliers(region):
        for extract, rows in (
            ("gp_patient", patients),
            ("gp_event", region.coded_events),
            ("gp_medication", region.medication),
        ):
            last = today if extract == "gp_patient" else today - GP_LAG
            yield _bulk(region, extract, supplier, rows, start=start, last=last, minute=minute)
            minute += 1
    apc = hospital.episode_rows(
        region.spells.where(region.spells.admitted <= today - ACUTE_LAG),
        region.people,
        region.frame,
        known=today - ACUTE_LAG,
        applicable=stamp(today - 1, "04:00:00"),
        uncoded_since=today - 30,
    )
    ecds = region.attendances.with_columns({"CDS APPLICABLE DATE TIME": stamp(today - 1, "04:00:00")})
    for trust in hospital.TRUSTS:
        yield _bulk(region, "acute_apc", trust, apc, start=start, last=today - ACUTE_LAG, minute=minute)
        yield _bulk(region, "acute_ecds", trust, ecds, start=start, last=today - ACUTE_LAG, minute=minute + 1)
        minute += 2
    yield _bulk(
        region,
        "community_contact",
        community.PROVIDER,
        region.contacts,
        start=start,
        last=today - COMMUNITY_LAG,
        minute=minute,
    )


def council_quarters(region: Region) -> Iterator["Delivery"]:
    """Twelve quarterly submissions of each council, each of the twelve months to the quarter's end."""
    ends = _quarter_ends(region.today - COUNCIL_LAG)
    for end in ends:
        start = _year_before(end)
        for place, council in enumerate(social_care.COUNCILS):
            rows = social_care.submission(
                region.care, region.people, region.frame, council=council, period_start=start, period_end=end
            )
            planted: dict[str, int] = {}
            if end == ends[-1] and len(rows.person):
                rows, planted = soil(
                    rows, extract="social_care_event", future=impossible_day(region.today), rng=region.defects
                )
            yield Delivery(
                "social_care_event", council, "regular", start, end, (end + COUNCIL_LAG, 10, 5 * place), rows, planted
            )


def nightly(region: Region, *, day: int) -> Iterator["Delivery"]:
    """What a night of the second week brings: GP deltas, hospitals' changes, and once the community submission."""
    first = day == region.today + 1
    minute = 0
    patients = _patient_delta(region, day)
    for supplier in gp_suppliers(region):
        since = region.today - GP_LAG if first else day - 1
        for extract, rows in (
            ("gp_patient", patients),
            ("gp_event", _between(region.coded_events, since, day)),
            ("gp_medication", _between(region.medication, since, day)),
        ):
            own = rows.where(rows.sender == supplier)
            yield Delivery(extract, supplier, "regular", day, day, (day, 21, minute), own, {})
            minute += 7
    apc, ecds = hospital_delta(region, day=day)
    for place, trust in enumerate(hospital.TRUSTS):
        for offset, (extract, rows) in enumerate((("acute_apc", apc), ("acute_ecds", ecds))):
            own = rows.where(rows.sender == trust)
            yield Delivery(extract, trust, "regular", day, day, (day, 22, 10 * (2 * place + offset)), own, {})
    if day == region.today + 4:
        opened = community.first_open_day(region.as_of)
        rows = _between(region.contacts, opened - 1, day - 1)
        yield Delivery("community_contact", community.PROVIDER, "regular", opened, day, (day, 18, 0), rows, {})


def hospital_delta(region: Region, *, day: int) -> tuple[Rows, Rows]:
    """(acute_apc, acute_ecds) that hospitals send on a day: what changed up to the day before, and recent rows again.

    Sending recent rows again, meanwhile coded, is how net change works; it also keeps a quiet night from being empty.
    """
    known = day - 1
    since = region.today - ACUTE_LAG if day == region.today + 1 else known - 1
    spells = region.spells
    began = (spells.admitted > since) & (spells.admitted <= known)
    ended = (spells.discharged > since) & (spells.discharged <= known)
    coded = spells.is_coded_late & (spells.discharged == known - 6)
    recent = (spells.discharged > known - 40) & (spells.discharged <= since)
    again = recent & (spells.number % 8 == day % 8) | _newest(recent, spells.trust)
    apc = hospital.episode_rows(
        spells.where(began | ended | coded | again),
        region.people,
        region.frame,
        known=known,
        applicable=stamp(day, "06:00:00"),
        uncoded_since=known - 5,
    )
    visits = region.attendances
    recent = (visits.day > known - 40) & (visits.day <= since)
    again = recent & (visits.day > known - 15) & (np.arange(len(visits.day)) % 6 == day % 6)
    again |= _newest(recent, visits.sender)
    ecds = visits.where(((visits.day > since) & (visits.day <= known)) | again)
    return apc, ecds.with_columns({"CDS APPLICABLE DATE TIME": stamp(day, "06:00:00")})


def _newest(eligible: np.ndarray, sender: np.ndarray) -> np.ndarray:
    """The last few eligible rows of each sender, so that in a small region too no file is next to empty."""
    chosen = np.zeros(len(eligible), dtype=bool)
    for one in np.unique(sender):
        chosen[np.flatnonzero(eligible & (sender == one))[-_SENT_AGAIN:]] = True
    return chosen


def gp_suppliers(region: Region) -> tuple[str, ...]:
    return tuple(sorted({p.supplier for p in region.frame.practices if p.supplier}))


def stamp(day: int, time: str) -> str:
    """A local stamp as CDS writes it."""
    return f"{np.datetime64(day, 'D')}T{time}"


def _bulk(region: Region, extract: str, sender: str, rows: Rows, *, start: int, last: int, minute: int) -> "Delivery":
    own = rows.where((rows.sender == sender) & (rows.day <= last))
    soiled, planted = soil(own, extract=extract, future=impossible_day(region.today), rng=region.defects)
    return Delivery(extract, sender, "bulk", start, last, (region.today, 20, minute), soiled, planted)


def _between(rows: Rows, after: int, until: int) -> Rows:
    return rows.where((rows.day > after) & (rows.day <= until))


def _patient_delta(region: Region, day: int) -> Rows:
    """Registrations that changed on the day, and some whose details the practice confirmed."""
    rows = gp.patient_rows(region.people, region.frame, known=day)
    is_open = np.array(rows.table["RegistrationEndDate"].is_null())
    size = max(24, round(0.003 * len(rows.person)))
    confirmed = np.zeros(len(rows.person), dtype=bool)
    confirmed[np.random.default_rng([day, size]).permutation(len(rows.person))[:size]] = True
    return rows.where((rows.day == day) | (confirmed & is_open))


def _quarter_ends(until: int) -> list[int]:
    month = np.datetime64(until + 1, "D").astype("datetime64[M]")
    newest = month.astype(np.int64) // 3 * 3  # first month of the quarter that is not yet over
    starts = np.array([newest - 3 * k for k in range(QUARTERS)][::-1]).astype("datetime64[M]")
    return [int(day) - 1 for day in starts.astype("datetime64[D]").astype(np.int64)]


def _year_before(end: int) -> int:
    following = np.datetime64(end + 1, "D").astype("datetime64[M]")
    return int((following - 12).astype("datetime64[D]").astype(np.int64))


@dataclass(frozen=True)
class Delivery:
    """One file to be landed. received: day number, hour, minute (UTC). planted: dirty rows by kind.

    is_cut: the file breaks off inside its last row, while the receipt counts all rows.
    """

    extract: str
    sender: str
    kind: str
    period_start: int
    period_end: int
    received: tuple[int, int, int]
    rows: Rows
    planted: dict[str, int]
    is_cut: bool = False
    note: str = ""

    @property
    def delivery_id(self) -> str:
        day, hour, minute = self.received
        return f"{self.extract}.{self.sender}.{np.datetime64(day, 'D').item():%Y%m%d}T{hour:02}{minute:02}00Z"
