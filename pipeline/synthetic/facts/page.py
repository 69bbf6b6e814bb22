"""The page that shows published facts and the region's own figures side by side (docs/region-facts.md)."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.synthetic.facts.measure import Fact
from pipeline.synthetic.facts.spend import unit_costs
from pipeline.synthetic.facts.tally import CONTACTS, MANY, MILD, SEVERE, Tally

_GROUPS = {
    "rates": "How often",
    "age": "By age",
    "deprivation": "By deprivation",
    "prevalence": "Recorded prevalence",
    "ranking": "How well risk can be told at best, and from age and sex alone",
    "segments": "Segments and spend",
}
_AS_SHARE = {"rates", "prevalence", "segments"}


def write_page(facts: Sequence[Fact], achieved: Mapping[str, float], tally: Tally, *, command: str) -> str:
    """Markdown: every fact with its target, bounds, what was achieved and whether it is met."""
    missed = [fact.label for fact in facts if not fact.is_met(achieved[fact.name])]
    lines = [
        "# The invented region beside published facts",
        "",
        "Written by a command; do not edit. Nobody in the region exists. How it works: [region.md](region.md).",
        "",
        f"    {command}",
        "",
        f"{len(tally.age):,} people registered with {tally.practices} practices on the index date, twelve months "
        f"before the first night. {len(facts) - len(missed)} of {len(facts)} targets are met.",
    ]
    if missed:
        lines += ["", "Not met: " + "; ".join(missed) + "."]
    for group, title in _GROUPS.items():
        lines += ["", f"## {title}", "", *_notes(group), "| fact | target | bounds | achieved | met | source |"]
        lines += ["|---|---|---|---|---|---|"]
        lines += [_row(fact, achieved[fact.name]) for fact in facts if fact.group == group]
    return "\n".join([*lines, "", *_spend(tally), ""])


def _row(fact: Fact, value: float) -> str:
    def told(figure: float) -> str:
        if np.isnan(figure):
            return "too few people"
        return f"{100 * figure:.1f}%" if fact.group in _AS_SHARE else f"{figure:.3f}"

    met = "yes" if fact.is_met(value) else "**no**"
    bounds = f"{told(fact.lowest)} to {told(fact.highest)}"
    return f"| {fact.label} | {told(fact.target)} | {bounds} | {told(value)} | {met} | {fact.source} |"


def _notes(group: str) -> list[str]:
    notes = {
        "age": "Admission or death within twelve months among people with a contact in the twelve months before the "
        f"index date: any row in {', '.join(CONTACTS)}. Bounds are 20% about the published ratio.",
        "deprivation": "The same outcome and people, national tenths of IMD 2025.",
        "prevalence": "Ever coded by a practice before the index date, among people of practices that send GP data. "
        "Bounds are 20%.",
        "segments": "From recorded facts. Severe and complex: "
        f"{', '.join(name.replace('_', ' ') for name in SEVERE)}, {MANY} or more conditions, or a council's long-term "
        "service now. Chronic: one further condition, or two of the mild ones "
        f"({', '.join(MILD)}). Mostly healthy: everyone else. The papers' definitions differ; the bounds are their "
        "order of magnitude: a factor of 1.6 either way.",
    }
    return [notes[group], ""] if group in notes else []


def _spend(tally: Tally) -> list[str]:
    """Spend in the year before the index date, and what it is worked out from."""
    known = tally.has_gp_record
    order = np.sort(tally.spend[known])[::-1]
    top = [
        f"{share:.0%} of people: {order[: int(share * len(order))].sum() / order.sum():.0%}" for share in (0.01, 0.05)
    ]
    costs = ", ".join(f"{name.replace('_', ' ')} £{gbp:,.2f}" for name, gbp in unit_costs().items())
    return [
        f"Mean spend £{tally.spend[known].mean():,.0f} per person and year; the costliest {' and '.join(top)} of it.",
        f"Unit costs (2024/25; which are assumptions is said in `unit_costs.csv`): {costs}.",
    ]
