"""What is new about the people of one pack since their practice's last edition, by what the night of that one knew.

What may not be shown tonight is made unknown of both nights, so that nothing of it can be news.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.engines.learner import contributions
from pipeline.ledger import runs
from pipeline.ledger.registers import Edition
from pipeline.rules.reasons import by_topic
from pipeline.rules.reasons_concepts import only_shown
from pipeline.rules.reasons_news import Knowledge, news, rose_most
from pipeline.rules.times import index_date
from pipeline.steps.at_hand.context import Context
from pipeline.steps.publish.night_people import Details
from pipeline.steps.publish.pack_night import Night


@dataclass(frozen=True)
class Then:
    """The night of the last edition: which it was, and what it knew of the people listed now."""

    night: Night
    last: Edition
    details: Details
    known: Mapping[str, Mapping[str, Any]]
    threads: int


def then_of(context: Context, night: Night, *, last: Edition | None, keys: list[str]) -> Then | None:
    """None before the first edition, or when nothing is kept of its night."""
    run = runs.get_run(context.ledger, last.run_key) if last is not None else None
    if last is None or run is None:
        return None
    details = night.earlier.of(run)
    return Then(night, last, details, details.of(keys), context.settings.threads)


def news_of(
    then: Then | None, *, key: str, values: Mapping[str, Any], weights: Mapping[str, float], is_rising: bool
) -> dict[str, Any]:
    """Fields of a person: what is new, and of whose risk rose without news what weighs more than last time.

    `values` are as they may be shown, `weights` log-odds by column.
    """
    known = then.known.get(key) if then is not None else None
    if then is None or not known:
        return {}
    shown = only_shown(known, sources=then.night.shown, withheld=then.night.withheld)
    now = Knowledge(values, index_date(then.night.run.as_of))
    told = news(now, Knowledge(shown, index_date(then.last.as_of)))
    if told or not is_rising:
        return {"news": told}
    return {"weighs_more": rose_most(now, by_topic(weights), by_topic(_weights(then, key)))}


def _weights(then: Then, key: str) -> dict[str, float]:
    """Log-odds of that night's values by tonight's model; none where a release since has other features."""
    model, some = then.night.model, then.details.features_of([key])
    if some.num_rows == 0 or not set(model.all_columns) <= set(some.column_names):
        return {}
    shares = contributions(model, some, threads=then.threads)
    return dict(zip(model.feature_columns, (float(share) for share in shares[0]), strict=True))
