"""What goes wrong, or is put right, in the first live week: late, cut, doubled, corrected, withdrawn, too late.

Each is planted in a named delivery and described for the truth folder. Choices follow stated rules, not chance.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow.compute as pc

from pipeline.errors import UserError
from pipeline.synthetic.deliveries.days import month_of
from pipeline.synthetic.deliveries.planned import Ask, Planned, in_order, stamp
from pipeline.synthetic.records.rows import Rows

SYSTOLIC, CONTACT = "271649006", "11429006"
OUTCOME_METHODS = ("21", "22", "23", "24", "25", "2A", "2D", "28")
CDS_NUMBER, APC_SPELL = "CDS UNIQUE IDENTIFIER", "HOSPITAL PROVIDER SPELL NUMBER"
AFTER_CUT_OFF_NIGHT = 8
Diary = list[dict[str, object]]


def with_accidents(plan: Sequence[Planned], *, today: int) -> tuple[list[Planned], "Accidents"]:
    """The plan with what goes wrong in its first live week, and a note of it."""
    changed: list[Planned] = []
    noted = Accidents(today=today)
    for one in plan:
        changed += noted.happens_to(one)
    again = _after_the_cut_off(plan, today=today)
    if again is not None:
        changed.append(again)
        noted.changes[again.delivery_id] = ("stay_corrected_after_cut_off", _planned_after_all)
    return in_order(changed), noted


@dataclass
class Accidents:
    """The diary of the live week, and the rows that change in named deliveries.

    fit: people of the first block whose rows may change, so that what follows from it can be seen on a register:
    under one number, on one list of a practice that takes part, and with nothing else planned for them.
    """

    today: int
    fit: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __post_init__(self) -> None:
        self.diary: Diary = []
        self.changes: dict[str, tuple[str, Callable[[Rows], Rows]]] = {}
        self._used: set[str] = set()
        self._planted: set[str] = set()

    @property
    def touched(self) -> frozenset[str]:
        """Deliveries in which something of this is planted already."""
        return frozenset({*self.changes, *self._planted})

    def happens_to(self, one: Planned) -> list[Planned]:
        """The delivery as it will be: one, two, or one that comes late."""
        day = one.received[0]
        if one.is_first or day <= self.today or day > self.today + 7:
            return [one]
        slot = (one.extract, one.sender, day - self.today)
        if slot == ("acute_daily", "RAP", 5):
            late = replace(one, received=(day + 1, 9, 0))
            self.diary.append({"what": "delivery_late", "delivery_id": late.delivery_id})
            self._planted.add(late.delivery_id)
            return [late]
        if slot == ("gp_event", "GPS02", 3):
            whole = replace(one, received=(day + 1, 12, 30), copy_of=one.delivery_id)
            self.diary.append({"what": "delivery_cut", "delivery_id": one.delivery_id, "whole_in": whole.delivery_id})
            self._planted |= {one.delivery_id, whole.delivery_id}
            return [replace(one, damage="truncated"), whole]
        if slot == ("gp_medication", "GPS01", 2):
            twice = replace(one, received=(day + 1, 12, 0), copy_of=one.delivery_id)
            self.diary.append({"what": "delivery_twice", "delivery_id": twice.delivery_id, "first_in": one.delivery_id})
            self._planted |= {one.delivery_id, twice.delivery_id}
            return [one, twice]
        self._plan_change(one, night=day - self.today)
        return [one]

    def _plan_change(self, one: Planned, *, night: int) -> None:
        """Rows put right or taken back: hospitals' in the month sent for the last time, a practice's two nights on."""
        what = {
            ("gp_event", "GPS01", 2): ("entry_corrected", _other_reading),
            ("gp_event", "GPS01", 4): ("entry_withdrawn", _deleted),
        }.get((one.extract, one.sender, night))
        is_freeze = one.extract == "acute_apc" and one.period_end < month_of(self.today, back=1)[0]
        if is_freeze:
            what = {"RKE": ("stay_corrected", _other_stay), "RAP": ("stay_withdrawn", _withdrawn)}.get(one.sender)
        if what is not None and what[0] not in self._used:
            self._used.add(what[0])
            self.changes[one.delivery_id] = what

    def changed(self, one: Planned, rows: Rows, earlier: Callable[[], Rows]) -> Rows:
        """The rows of a delivery of the first block with the planned change; `earlier`: entries sent before."""
        if one.delivery_id not in self.changes:
            return rows
        what, change = self.changes[one.delivery_id]
        if what.startswith("entry"):
            row = _entry_sent_before(self._fit(earlier()), sender=one.sender, today=self.today, what=what)
            changed = change(row)
            both = _joined(rows, changed)
        else:
            row = _stay_of(self._fit(rows), lambda: self._fit(earlier()), one)
            changed = change(row)
            identifiers = np.array(pc.equal(rows.table[CDS_NUMBER], row.table[CDS_NUMBER][0]), dtype=bool)
            both = _joined(rows.where(~identifiers), changed)
        number, identifier = ("NHS NUMBER", CDS_NUMBER) if "stay" in what else ("NHSNumber", "ObservationID")
        self.diary.append(
            {
                "what": what,
                "delivery_id": one.delivery_id,
                "identifier": changed.table[identifier][0].as_py(),
                "nhs_number": changed.table[number][0].as_py(),
            }
        )
        return both

    def _fit(self, rows: Rows) -> Rows:
        return rows.where(self.fit[rows.person])


def _after_the_cut_off(plan: Sequence[Planned], *, today: int) -> Planned | None:
    """The last month's stays once more, after the week's last cut-off: an emergency turns out to be planned."""
    day = today + AFTER_CUT_OFF_NIGHT
    sent = [one for one in plan if one.extract == "acute_apc" and one.sender == "RKE" and not one.is_first]
    last = [one for one in sent if one.received[0] < day and one.period_end == month_of(today, back=1)[1]]
    if not last:
        return None
    ask = Ask("acute_apc", known=day - 1, period=last[0].ask.period, stamp=stamp(day, "06:30:00"))
    return replace(last[0], ask=ask, received=(day, 10, 0))


def _stay_of(rows: Rows, earlier: Callable[[], Rows], one: Planned) -> Rows:
    """The stay that is changed: the first fit one of this delivery, or in a small region the last fit one of before."""
    place = _stay(rows, from_end=False)
    if place is not None:
        return rows.take(np.array([place]))
    before = earlier()
    before = before.where((before.sender == one.sender) & (before.day < one.period_start - 60))
    place = _stay(before, from_end=True)
    if place is None:
        raise UserError(
            "The region is too small to hold the stays that are corrected in the live week",
            where="--people",
            next_step="ask for more people, or another --seed",
        )
    return before.take(np.array([place])).with_columns({"CDS APPLICABLE DATE TIME": one.ask.stamp})


def _stay(rows: Rows, *, from_end: bool) -> int | None:
    """The place of a finished emergency stay of one episode, coded, that ended alive on a later day; None for none."""
    episodes = Counter(rows.table[APC_SPELL].to_pylist())
    found = [
        place
        for place, row in enumerate(rows.table.to_pylist())
        if row["ADMISSION METHOD CODE"] in OUTCOME_METHODS
        and row["CDS UPDATE TYPE"] == "9"
        and row["DISCHARGE DATE"]
        and row["DISCHARGE METHOD"] == "1"
        and row["PRIMARY DIAGNOSIS (ICD)"] not in (None, "J440", "K409")
        and episodes[row[APC_SPELL]] == 1
        and row["DISCHARGE DATE"] > row["START DATE (HOSPITAL PROVIDER SPELL)"]
    ]
    return found[-1 if from_end else 0] if found else None


def _other_stay(row: Rows) -> Rows:
    """Another diagnosis and a later end."""
    end = str(np.datetime64(row.table["DISCHARGE DATE"][0].as_py()) + 1)
    return row.with_columns({"PRIMARY DIAGNOSIS (ICD)": "J440", "DISCHARGE DATE": end, "END DATE (EPISODE)": end})


def _withdrawn(row: Rows) -> Rows:
    return row.with_columns({"CDS UPDATE TYPE": "1"})


def _planned_after_all(row: Rows) -> Rows:
    return row.with_columns({"ADMISSION METHOD CODE": "11", "PRIMARY DIAGNOSIS (ICD)": "K409"})


def _other_reading(row: Rows) -> Rows:
    return row.with_columns({"Value": str(round(float(row.table["Value"][0].as_py())) + 7)})


def _deleted(row: Rows) -> Rows:
    return row.with_columns({"IsDeleted": "1"})


def _entry_sent_before(rows: Rows, *, sender: str, today: int, what: str) -> Rows:
    """The newest entry of the history with a reading to correct, or of a contact to take back."""
    code = SYSTOLIC if what == "entry_corrected" else CONTACT
    recent = (rows.sender == sender) & (rows.day < today - 1) & (rows.day > today - 120)
    fits = recent & np.array(pc.equal(rows.table["Code"], code), dtype=bool)
    if what == "entry_corrected":
        fits &= np.array(pc.is_valid(rows.table["Value"]), dtype=bool)
    places = np.flatnonzero(fits)
    if not len(places):
        raise UserError(
            "The region is too small to hold the entries that are corrected in the live week",
            where="--people",
            next_step="ask for more people, or another --seed",
        )
    return rows.take(places[-1:])


def _joined(rows: Rows, more: Rows) -> Rows:
    import pyarrow as pa

    return Rows(
        table=pa.concat_tables([rows.table, more.table]),
        person=np.concatenate([rows.person, more.person]),
        day=np.concatenate([rows.day, more.day]),
        sender=np.concatenate([rows.sender, more.sender]),
    )
