"""Which sources and which of their senders cover anybody: those of whom every data set may be used and has come.

One data set of several says nothing about what the others would have held: a practice list alone would read as a
practice where nobody is ill. Reads the policy, the contracts and the names of the deliveries.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.policy import Policy
from pipeline.contracts.reference import Supply
from pipeline.steps.at_hand.context import Context

# What comes ahead of the record that replaces it: without it the source is later, not smaller; alone it is no source.
EARLY_NOTICES = frozenset({"acute_daily"})


def data_sets_of(context: Context, source: str) -> tuple[str, ...]:
    """The extracts that make a source whole, by name."""
    contracts = load_extracts(context.settings.project)
    return tuple(
        name
        for name, contract in sorted(contracts.items())
        if contract.source == source and contract.person is not None and name not in EARLY_NOTICES
    )


def whole_sources(context: Context, policy: Policy, *, day: date) -> frozenset[str]:
    """Usable sources of which a letter covers every extract that counts: of the others nobody is covered.

    Nothing found in an extract that may not be used would not mean that there is nothing.
    """
    return frozenset(
        source
        for source in policy.usable_sources("score", day)
        if all(policy.covers_data_set(name, source=source, day=day) for name in data_sets_of(context, source))
    )


def heard(delivery_ids: Iterable[str]) -> frozenset[tuple[str, str]]:
    """(extract, sender) of these deliveries, whose ids begin with both."""
    return frozenset((extract, sender) for extract, sender, *_ in (one.split(".") for one in delivery_ids))


def never_came(context: Context, supply: Supply, *, among: frozenset[tuple[str, str]]) -> tuple[str, ...]:
    """Data sets that the sender of this supply is to send and of which `among` (see `heard`) holds none.

    What it is to send are all of the source, unless reference/supply.csv names fewer: a provider without beds has
    contacts and no stays, and nothing found among its stays then means that there are none.
    """
    due = supply.data_sets or data_sets_of(context, supply.source)
    return tuple(name for name in due if (name, supply.sender) not in among)


def covering(
    context: Context, supplies: Iterable[Supply], *, sources: frozenset[str], delivery_ids: Sequence[str]
) -> tuple[Supply, ...]:
    """The supplies of these sources that cover whom they are for, since every data set of theirs has come.

    Who is to supply and has not sent a data set covers nobody: nothing found would not mean that there is nothing.
    """
    among = heard(delivery_ids)
    return tuple(row for row in supplies if row.source in sources and not never_came(context, row, among=among))
