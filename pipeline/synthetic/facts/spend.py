"""What a year of each person's recorded care costs: activity times unit costs (unit_costs.csv, GBP of 2024/25)."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.synthetic.records import Records
from pipeline.synthetic.records.outpatients import LATE, SEEN
from pipeline.synthetic.records.scene import read_reference
from pipeline.synthetic.records.social_care import SERVICE, SERVICES

_COSTS = Path(__file__).with_name("unit_costs.csv")
_MATERNITY, _ELECTIVE = 13, (10, 11, 12)
Cost = tuple[np.ndarray, np.ndarray]


def yearly_spend(records: Records, first: int, end: int) -> np.ndarray:
    """GBP per person of the block for activity on days from `first` up to, not including, `end`."""
    total = np.zeros(records.scene.count)
    for person, cost in _costs(records, first, end):
        total += np.bincount(person, cost, minlength=len(total))
    return total


def unit_costs() -> dict[str, float]:
    """GBP by activity."""
    with _COSTS.open(newline="", encoding="utf-8") as handle:
        return {row["activity"]: float(row["gbp"]) for row in csv.DictReader(handle)}


def _costs(records: Records, first: int, end: int) -> Iterator[Cost]:
    price = unit_costs()

    def each(activity: str, person: np.ndarray, day: np.ndarray) -> Cost:
        inside = person[(day >= first) & (day < end)]
        return inside, np.full(len(inside), price[activity])

    yield _stays(records, first, end, price)
    yield each("attendance", records.attendances.person, records.attendances.day)
    appointments = records.appointments
    kept = (appointments.status == SEEN) | (appointments.status == LATE)
    yield each("outpatient", appointments.person[kept], appointments.day[kept])
    span = 100_000
    days = np.unique(records.entries.person.astype(np.int64) * span + records.entries.day)
    yield each("gp_day", days // span, days % span)
    yield each("prescription", records.issues.person, records.issues.day)
    for name, contacts in (("community", records.community), ("mental_health", records.mental_health)):
        teams = _prices(name, [row["team"] for row in read_reference(f"record_{name}_teams")], price)
        inside = (contacts.day >= first) & (contacts.day < end)
        yield contacts.contact_person[inside], teams[contacts.team[contacts.of[inside]]]
    wards = records.ward_stays
    nights = _overlap(wards.admitted, wards.discharged, first, end)
    yield wards.person, nights * price["mental_health_night"]
    care = records.care
    service = (care.event == SERVICE) & ~care.is_carer
    weeks = _overlap(care.start, care.end, first, end)[service] / 7
    parts = _prices("care", [part.lower().replace(" ", "_") for _, part in SERVICES], price)
    yield care.person[service], weeks * parts[care.detail[service]]


def _prices(group: str, names: list[str], price: dict[str, float]) -> np.ndarray:
    """Unit costs of a group's members in their order; those without one have the group's other cost."""
    return np.array([price.get(f"{group}_{name}", price[f"{group}_other"]) for name in names])


def _stays(records: Records, first: int, end: int, price: dict[str, float]) -> Cost:
    stays = records.stays
    inside = (stays.admitted >= first) & (stays.admitted < end) & (stays.method < _MATERNITY)
    nights = (stays.discharged - stays.admitted)[inside]
    planned = np.isin(stays.method[inside], _ELECTIVE)
    cost = np.where(
        planned,
        np.where(nights > 0, price["elective"], price["day_case"]),
        np.where(nights > 1, price["long_stay"], price["short_stay"]),
    )
    return stays.person[inside], cost


def _overlap(start: np.ndarray, end: np.ndarray, first: int, after: int) -> np.ndarray:
    """Days of each interval that lie from `first` up to, not including, `after`."""
    return np.asarray(np.clip(np.minimum(end, after) - np.maximum(start, first), 0, None), dtype=float)
