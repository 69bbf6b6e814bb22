"""How much help a person needs now: four tiers, the most first, from recorded facts alone.

After Salford's integrated care programme, which told apart those who are able, need some help, more help and a lot of
help, by where they live and what care they have and not by a risk of admission alone (Carnall Farrar and Local
Government Association, "The journey to integration", p. 25: 71, 17, 9 and 3% of people). Its rules are not public;
these are this project's own. Beside risk: risk looks ahead, the tier says how things stand.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.rules.reasons_facts import number, truth

# Each tier: what must be true, or reach a number, for a person to be in it. Any one is enough.
_A_LOT = {
    "is_care_home_resident": 1,
    "has_nursing_home_care": 1,
    "has_palliative_care": 1,
    "care_package_components": 3,
    "emergency_admissions_12m": 4,
    "emergency_bed_days_12m": 28,
}
_MORE = {
    "has_home_care": 1,
    "has_dementia": 1,
    "has_frailty_code": 1,
    "is_housebound": 1,
    "has_community_nursing": 1,
    "has_reablement": 1,
    "is_in_hospital": 1,
    "mental_health_admissions_24m": 1,
    "hospital_frailty_risk_band": 2,
    "emergency_admissions_12m": 2,
    "long_term_condition_count": 5,
}
_SOME = {
    "emergency_admissions_12m": 1,
    "long_term_condition_count": 2,
    "has_learning_disability": 1,
    "has_severe_mental_illness": 1,
    "mental_health_crisis_contacts_12m": 1,
    "community_contacts_12m": 3,
    "care_requests_12m": 1,
    "medicines_distinct_6m": 5,
    "emergency_attendances_12m": 3,
}
# Every feature column the rules look at.
COLUMNS = tuple(sorted({*_A_LOT, *_MORE, *_SOME}))


def need_tier(values: Mapping[str, object]) -> "NeedTier":
    """The first tier of which one fact is known to hold; a null holds nothing.

    Without a GP record nobody is called able: who is in no other tier is `not_known` then.
    """
    for tier, facts in ((A_LOT_OF_HELP, _A_LOT), (MORE_HELP, _MORE), (SOME_HELP, _SOME)):
        if any(_reaches(values, column, least) for column, least in facts.items()):
            return tier
    return ABLE if number(values, "long_term_condition_count") is not None else TIER_NOT_KNOWN


def _reaches(values: Mapping[str, object], column: str, least: int) -> bool:
    found = number(values, column)
    return truth(values, column) and found is not None and found >= least


@dataclass(frozen=True)
class NeedTier:
    """`code` is stable across releases, `title` is what people read."""

    code: str
    title: str


A_LOT_OF_HELP = NeedTier("a_lot_of_help", "Needs a lot of help")
MORE_HELP = NeedTier("more_help", "Needs more help")
SOME_HELP = NeedTier("some_help", "Needs some help")
ABLE = NeedTier("able", "Able")
TIER_NOT_KNOWN = NeedTier("not_known", "Not known")

TIERS: tuple[NeedTier, ...] = (A_LOT_OF_HELP, MORE_HELP, SOME_HELP, ABLE, TIER_NOT_KNOWN)
