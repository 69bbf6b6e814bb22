"""Why a person is on the list, in words a clinician would say and can check in the record.

Contributions decide which topics may speak; `reasons_order` has them told in a clinician's order, and only feature
values decide what is said. A topic is one concept of sql/features or several that speak of one thing. Contributions
explain the raw log-odds of the model, not cause. What the policy does not let us show must be made null first
(`reasons_concepts.only_shown`): nothing is ever said about a null.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pipeline.rules.reasons_beyond import in_order, is_pressing
from pipeline.rules.reasons_concepts import COLUMNS, CONCEPT_OF, TOPIC_OF
from pipeline.rules.reasons_context import AGAINST, from_outside
from pipeline.rules.reasons_order import as_read, in_turn
from pipeline.rules.reasons_sentences import FOR_RISK

MOST = 5


def reasons(
    values: Mapping[str, object], contributions: Mapping[str, float], *, index_date: date, most: int = MOST
) -> "Reasons":
    """Up to `most` sentences for the risk; the strongest against; what a GP record lacks.

    `values`: feature columns of one person (counts, booleans, measurements, None for unknown).
    `contributions`: log-odds by column; columns of no known concept are left out. `index_date` turns days
    since into dates.
    """
    weights = by_topic(contributions)
    falling = sorted((name for name in weights if weights[name] < 0), key=lambda name: (weights[name], name))
    told: dict[str, str] = {}
    for name in in_turn(weights, values):
        said = FOR_RISK[name](values, index_date) if name in FOR_RISK and len(told) < most else None
        told |= {name: said} if said is not None else {}
    outside = from_outside(values, index_date=index_date)
    opposed = (AGAINST[name](values) for name in falling if name in AGAINST)
    return Reasons(
        for_risk=tuple(told[name] for name in as_read(list(told), weights, values)),
        against=next((each for each in opposed if each is not None), None),
        not_in_gp_record=in_order(outside, values),
        is_pressing=is_pressing(outside, values),
    )


def by_topic(contributions: Mapping[str, float]) -> dict[str, float]:
    """Log-odds summed by topic, in a fixed order of columns, whatever the order of the mapping."""
    parts: dict[str, list[float]] = {}
    for concept, columns in COLUMNS.items():
        shares = [contributions[column] for column in columns if column in contributions]
        if shares:
            parts.setdefault(TOPIC_OF[concept], []).extend(shares)
    return {topic: round(sum(shares), 9) for topic, shares in parts.items()}


def unplaced(columns: list[str]) -> list[str]:
    """Feature columns that belong to no concept, so that no reason could ever speak of them."""
    return sorted(column for column in columns if column not in CONCEPT_OF)


@dataclass(frozen=True)
class Reasons:
    """Sentences without a full stop, ready for a cell or a list."""

    for_risk: tuple[str, ...]
    against: str | None
    not_in_gp_record: tuple[str, ...]
    # Care outside the practice stopped, or there was a crisis.
    is_pressing: bool = False
