"""Which facts from outside the practice are worth a reader's time, the weightiest first and of equals the newest.

A page that tells everything is not read: one missed appointment or one piece of equipment is left out. The bounds are
our own choice, to be looked at by a clinician before use.
"""

from collections.abc import Mapping
from datetime import date

from pipeline.rules.reasons_context import from_outside
from pipeline.rules.reasons_facts import count, truth

Values = Mapping[str, object]

RECENT_DAYS = 92  # three months: what stopped or broke down by then is for this week's huddle
YEAR_DAYS = 366
MISSED_MANY = 3  # missed appointments of one kind in 12 months
ATTENDED_MANY = 3  # emergency department attendances in 12 months, or trusts attended
EQUIPMENT_MANY = 2  # pieces in 12 months
CONTACTS_MORE = 3  # in three months than in the three before

# Weights: something stopped or broke down; care as it is now; how services are used; and not worth telling.
PRESSING, CARE, USE, LEFT_OUT = 0, 1, 2, 3

# The day a fact is from, where the features know it; of the others none is newer.
_SINCE: Mapping[str, str] = {
    "care": "care_package_days_since_start",
    "short_term_care": "reablement_days_since",
    "community_stopped": "community_contact_days_since",
    "community_change": "community_nursing_days_since",
    "crisis": "mental_health_crisis_days_since",
    "mental_health_stays": "mental_health_discharge_days_since",
    "attended": "emergency_attendance_days_since",
}
_NO_DAY = 10_000


def beyond(values: Values, *, index_date: date) -> tuple[str, ...]:
    """Sentences in the order in which they are to be read."""
    return in_order(from_outside(values, index_date=index_date), values)


def in_order(told: Mapping[str, str | None], values: Values) -> tuple[str, ...]:
    """Of the sentences by name, those worth telling, the weightiest first and of equals the newest."""
    weighed = {name: (_weight(name, values), _age(name, values), place) for place, name in enumerate(told)}
    said = {name: told[name] for name in sorted(told, key=lambda name: weighed[name]) if weighed[name][0] < LEFT_OUT}
    return tuple(each for each in said.values() if each is not None)


def is_pressing(values: Values, *, index_date: date) -> bool:
    """Whether care stopped, or there was a crisis, by what services outside the practice told."""
    told = from_outside(values, index_date=index_date)
    return any(said is not None and _weight(name, values) == PRESSING for name, said in told.items())


def _age(name: str, values: Values) -> int:
    days = count(values, _SINCE[name]) if name in _SINCE else None
    return _NO_DAY if days is None else days


def _weight(name: str, values: Values) -> int:
    if name == "community_stopped" or _has_stopped(name, values) or _has_broken_down(name, values):
        return PRESSING
    if name in ("care", "care_requests", "care_activity", "care_change"):
        return CARE
    if name == "short_term_care":
        return _short_term_care(values)
    if name in ("crises", "mental_health_days", "mental_health_stays", "unpaid_carer"):
        return USE
    if name == "crisis":
        return USE if _is_within(values, "mental_health_crisis_days_since", YEAR_DAYS) else _liaison(values)
    bounds = {
        "community_change": ("community_contacts_change_3m", CONTACTS_MORE),
        "community_missed": ("community_did_not_attend_12m", MISSED_MANY),
        "outpatient_missed": ("outpatient_did_not_attend_12m", MISSED_MANY),
        "attended": ("emergency_attendances_12m", ATTENDED_MANY),
        "attended_elsewhere": ("emergency_providers_distinct_12m", ATTENDED_MANY),
    }
    column, many = bounds.get(name, ("", 0))
    return USE if column and (count(values, column) or 0) >= many else LEFT_OUT


def _has_stopped(name: str, values: Values) -> bool:
    stopped = {"care_change": "has_care_stopped_12m", "community_change": "has_community_nursing_stopped"}
    return name in stopped and truth(values, stopped[name])


def _has_broken_down(name: str, values: Values) -> bool:
    if name == "crisis":
        return _is_within(values, "mental_health_crisis_days_since", RECENT_DAYS)
    if name != "mental_health_stays":
        return False
    recent = _is_within(values, "mental_health_discharge_days_since", RECENT_DAYS)
    return truth(values, "is_mental_health_inpatient") or recent


def _short_term_care(values: Values) -> int:
    if truth(values, "has_reablement") or _is_within(values, "reablement_days_since", 2 * RECENT_DAYS):
        return CARE
    return USE if (count(values, "low_level_support_12m") or 0) >= EQUIPMENT_MANY else LEFT_OUT


def _liaison(values: Values) -> int:
    missed = (count(values, "mental_health_did_not_attend_12m") or 0) >= MISSED_MANY
    return USE if missed or count(values, "mental_health_liaison_contacts_12m") else LEFT_OUT


def _is_within(values: Values, column: str, days: int) -> bool:
    found = count(values, column)
    return found is not None and found <= days
