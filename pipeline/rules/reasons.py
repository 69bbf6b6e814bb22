"""Why a person is on the list, in words a clinician would say and can check in the record.

Contributions decide which topics speak and in what order; only feature values decide what is said. A topic is one
concept of sql/features or several that speak of one thing. Contributions explain the raw log-odds of the model, not
cause. What the policy does not let us show must be made null first (`reasons_concepts.only_shown`): nothing is ever
said about a null.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pipeline.rules.reasons_concepts import COLUMNS, CONCEPT_OF, TOPIC_OF
from pipeline.rules.reasons_context import AGAINST, not_in_gp_record
from pipeline.rules.reasons_sentences import FOR_RISK


def reasons(
    values: Mapping[str, object], contributions: Mapping[str, float], *, index_date: date, most: int = 3
) -> "Reasons":
    """Up to `most` sentences for the risk, biggest first; the strongest against; what a GP record lacks.

    `values`: feature columns of one person (counts, booleans, measurements, None for unknown).
    `contributions`: log-odds by column; columns of no known concept are left out. `index_date` turns days
    since into dates.
    """
    weights = by_topic(contributions)
    rising = sorted((name for name in weights if weights[name] > 0), key=lambda name: (-weights[name], name))
    falling = sorted((name for name in weights if weights[name] < 0), key=lambda name: (weights[name], name))
    told = (FOR_RISK[name](values, index_date) for name in rising if name in FOR_RISK)
    for_risk = tuple(each for each in told if each is not None)[:most]
    opposed = (AGAINST[name](values) for name in falling if name in AGAINST)
    return Reasons(
        for_risk=for_risk,
        against=next((each for each in opposed if each is not None), None),
        not_in_gp_record=not_in_gp_record(values, index_date=index_date),
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
