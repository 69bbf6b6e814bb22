"""Which senders' latest deliveries found their people less often than usual: for the sources page and for status.

Rates and bounds were measured by `link` against the sender's own history (`rules/linkage_rules.py`); this reads them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.ledger import profiles
from pipeline.ledger.deliveries import Delivery
from pipeline.rules.linkage_rules import ODD, RATES
from pipeline.steps.at_hand.context import Context

RUNBOOK = "docs/runbooks/linkage-rates.md"


@dataclass(frozen=True)
class OddRate:
    """A rate of a delivery above its bound, in words; both are shares of its accepted rows."""

    delivery: Delivery
    says: str


def odd_rates_of(context: Context, deliveries: Sequence[Delivery]) -> list[OddRate]:
    """Rates out of bounds in the latest accepted delivery of each extract and sender among these."""
    latest = {(one.extract, one.sender): one for one in deliveries if one.state == "accepted"}
    found = []
    for one in sorted(latest.values(), key=lambda one: one.delivery_id):
        if one.kind != "regular":
            continue
        measures = profiles.measures_of(context.ledger, one.delivery_id, prefix="linkage.")
        for name, rate in RATES.items():
            bound = measures.get(f"{ODD}{name}")
            if bound is not None:
                share, usual = _percent(measures[name]), _percent(bound)
                found.append(OddRate(one, f"{share} of its rows are {rate.says}, where at most {usual} is usual"))
    return found


def _percent(share: object) -> str:
    return f"{100 * float(str(share)):.1f}%"
