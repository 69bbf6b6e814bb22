"""Which facts from outside the practice are worth a reader's time, the weightiest first and of equals the newest.

A page that tells everything is not read: one missed appointment or one piece of equipment is left out. The bounds are
our own choice, to be looked at by a clinician before use.
"""

from collections.abc import Mapping

from pipeline.rules.reasons_facts import count, truth

Values = Mapping[str, object]

RECENT_DAYS = 92  # three months: what stopped or broke down by then is for this week's huddle
ATTENDED_MANY = 3  # A&E attendances in 12 months

# Weights: something stopped or broke down; care as it is now; how services are used; and not worth telling.
PRESSING, CARE, USE, LEFT_OUT = 0, 1, 2, 3

# The day a fact is from, where the features know it; of the others none is newer.
_SINCE: Mapping[str, str] = {
    "care": "care_package_days_since_start",
    "short_term_care": "reablement_days_since",
    "community_stopped": "community_contact_days_since",
    "nursing_stopped": "community_nursing_days_since",
    "crises": "mental_health_crisis_days_since",
    "mental_health_stays": "mental_health_discharge_days_since",
    "attended": "emergency_attendance_days_since",
}
_NO_DAY = 10_000


def in_order(told: Mapping[str, str | None], values: Values) -> tuple[str, ...]:
    """Of the sentences by name (`reasons_context.from_outside`), those worth telling, in the order to be read."""
    weighed = {name: (_weight(name, values), _age(name, values), place) for place, name in enumerate(told)}
    said = {name: told[name] for name in sorted(told, key=lambda name: weighed[name]) if weighed[name][0] < LEFT_OUT}
    return tuple(each for each in said.values() if each is not None)


def is_pressing(told: Mapping[str, str | None], values: Values) -> bool:
    """Whether care stopped, or there was a crisis, by what services outside the practice told."""
    return any(said is not None and _weight(name, values) == PRESSING for name, said in told.items())


def _age(name: str, values: Values) -> int:
    days = count(values, _SINCE[name]) if name in _SINCE else None
    return _NO_DAY if days is None else days


def _weight(name: str, values: Values) -> int:
    if name in ("community_stopped", "nursing_stopped") or _has_broken_down(name, values):
        return PRESSING
    if name in ("care", "care_requests", "care_activity", "care_change", "short_term_care"):
        return CARE
    if name == "attended":
        return USE if (count(values, "emergency_attendances_12m") or 0) >= ATTENDED_MANY else LEFT_OUT
    return USE  # what is too little to tell has no sentence


def _has_broken_down(name: str, values: Values) -> bool:
    if name == "care_change":
        return truth(values, "has_care_stopped_12m")
    if name == "crises":
        return _is_within(values, "mental_health_crisis_days_since", RECENT_DAYS)
    if name != "mental_health_stays":
        return False
    recent = _is_within(values, "mental_health_discharge_days_since", RECENT_DAYS)
    return truth(values, "is_mental_health_inpatient") or recent


def _is_within(values: Values, column: str, days: int) -> bool:
    found = count(values, column)
    return found is not None and found <= days
