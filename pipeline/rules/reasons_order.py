"""Which topics speak for a person's risk, and in which order a clinician reads them.

Only topics that raise the risk in the model's own arithmetic may speak. Emergency use of the last year comes first,
wherever the model weighs it: nobody asks about anything else before. Then what has happened or changed and can be
acted on; then how things stand. How often the practice itself saw somebody is known to it: it speaks last, and only
where there is room.
"""

from collections.abc import Mapping

from pipeline.rules.reasons_facts import count

Values = Mapping[str, object]

# A topic, and the column that says whether there was any of it in the last 12 months.
EMERGENCIES: Mapping[str, str] = {
    "emergency_admissions": "emergency_admissions_12m",
    "emergency_attendances": "emergency_attendances_12m",
}
TO_ACT_ON = frozenset(
    {
        "hospital_discharges",
        "emergency_readmissions",
        "ambulatory_care_sensitive_admissions",
        "admission_reasons",
        "emergency_complaints",
        "falls_and_frailty",
        "mental_health_crisis",
        "mental_health_stays",
        "community_change",
        "community_referrals",
        "social_care",
        "social_care_change",
        "social_care_activity",
        "short_term_care",
        "palliative_care",
        "measurements",
        "medication",
        "gp_symptoms",
    }
)
# What the practice knows best: its own contacts.
WHERE_THERE_IS_ROOM = frozenset({"gp_contacts"})


def in_turn(weights: Mapping[str, float], values: Values) -> list[str]:
    """Topics that raise the risk, in the order in which they are asked for a sentence until there are enough.

    Emergency use of the last 12 months, then by weight; `weights` are log-odds by topic.
    """
    rising = [name for name, weight in weights.items() if weight > 0]
    return sorted(rising, key=lambda name: (_turn(name, values), -weights[name], name))


def as_read(names: list[str], weights: Mapping[str, float], values: Values) -> list[str]:
    """Those that have spoken, in the order in which they are read."""
    return sorted(names, key=lambda name: (_place(name, values), -weights[name], name))


def _is_emergency(name: str, values: Values) -> bool:
    return name in EMERGENCIES and bool(count(values, EMERGENCIES[name]))


def _turn(name: str, values: Values) -> int:
    return 0 if _is_emergency(name, values) else 2 if name in WHERE_THERE_IS_ROOM else 1


def _place(name: str, values: Values) -> int:
    if _is_emergency(name, values):
        return list(EMERGENCIES).index(name)
    return 2 if name in TO_ACT_ON else 4 if name in WHERE_THERE_IS_ROOM else 3
