"""Which sources a night or a training may use whole and which of them cover anybody; which declared set that allows.

Reads the policy, the reference and the names of the deliveries; computes no score and writes nothing.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any

from pipeline.contracts.policy import SOURCES, Policy
from pipeline.errors import ModelUnfit
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.covering import covering, whole_sources
from pipeline.steps.at_hand.reference_data import reference_as_known

RUNBOOK = "docs/runbooks/no-fitting-model.md"


def available_sources(context: Context, *, policy: Policy, day: date, delivery_ids: Sequence[str]) -> tuple[str, ...]:
    """Sources of which every data set may be used on the day, and that cover somebody then.

    A source covers somebody when every data set of a sender that supplies it on the day has come, for an area in which
    people of a participating practice can be: all, the practice, its borough, or a council's own residents.
    """
    reference = reference_as_known(context, delivery_ids=delivery_ids)
    practices = {entry.practice_code for entry in policy.participating(day)}
    boroughs = {row.borough_code for row in reference.organisations if row.practice_code in practices}
    areas = {"all": None, "residence": None, "practice": practices, "borough": boroughs}
    whole = whole_sources(context, policy, day=day)
    told = {
        row.source
        for row in covering(context, reference.supplies, sources=whole, delivery_ids=delivery_ids)
        if row.valid_from <= day
        and (row.valid_to is None or row.valid_to >= day)
        and _reaches(areas[row.area_type], row.area_code)
    }
    return tuple(source for source in SOURCES if source in told)


def fitting_set(sets: Iterable[Any], available: Collection[str], *, model_id: str, where: str) -> str:
    """The first of the model's sets (name and sources) that needs no other source; raises ModelUnfit when none does."""
    told = list(sets)
    for each in told:
        if set(each["sources"]) <= set(available):
            return str(each["name"])
    smallest = min(told, key=lambda each: len(each["sources"]))
    missing = [source for source in smallest["sources"] if source not in available]
    raise ModelUnfit(
        f"Model {model_id} fits no set of sources that may be used and cover anybody: even {smallest['name']} "
        f"needs {', '.join(missing)}",
        where=where,
        next_step=f"see {RUNBOOK}",
    )


def _reaches(inside: Collection[str] | None, area_code: str) -> bool:
    return inside is None or area_code in inside
