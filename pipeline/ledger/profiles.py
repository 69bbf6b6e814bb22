"""What deliveries measured (rows, shares, means), so that later ones of the same sender can be held against them.

Numbers about files, never about a person. What is measured is for `validate` to say; nothing here interprets it.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import delete, select

from pipeline.ledger.connect import Ledger, reading, writing
from pipeline.ledger.tables import delivery
from pipeline.ledger.tables import delivery_profile as table


def record_profile(ledger: Ledger, delivery_id: str, measures: Mapping[str, Decimal | float | int]) -> None:
    """Set what the delivery measured, to six places; whatever was recorded of it before is gone."""
    replace_measures(ledger, delivery_id, prefix="", measures=measures)


def replace_measures(
    ledger: Ledger, delivery_id: str, *, prefix: str, measures: Mapping[str, Decimal | float | int]
) -> None:
    """Set those measures of the delivery whose names begin with the prefix; its others stay."""
    rows = [
        {"delivery_id": delivery_id, "measure": name, "value": Decimal(str(value))}
        for name, value in sorted(measures.items())
    ]
    with writing(ledger) as connection:
        named = table.c.measure.startswith(prefix, autoescape=True)
        connection.execute(delete(table).where(table.c.delivery_id == delivery_id, named))
        if rows:
            connection.execute(table.insert(), rows)


def measures_of(ledger: Ledger, delivery_id: str, *, prefix: str) -> dict[str, Decimal]:
    """Measures of one delivery whose names begin with the prefix."""
    named = table.c.measure.startswith(prefix, autoescape=True)
    chosen = select(table.c.measure, table.c.value).where(table.c.delivery_id == delivery_id, named)
    with reading(ledger) as connection:
        return {row.measure: row.value for row in connection.execute(chosen)}


def read_profiles(
    ledger: Ledger, *, extract: str, sender: str, before: datetime | None = None, prefix: str = ""
) -> dict[str, dict[str, Decimal]]:
    """Measures of accepted deliveries of this extract and sender, by delivery id in the order they were received.

    `before` leaves out what was received at or after it; only measures whose names begin with the prefix are read. One
    that measured nothing is not in it.
    """
    chosen = (
        select(table)
        .join(delivery, delivery.c.delivery_id == table.c.delivery_id)
        .where(delivery.c.extract == extract, delivery.c.sender == sender, delivery.c.state == "accepted")
        .order_by(delivery.c.received_at, delivery.c.delivery_id, table.c.measure)
    )
    if prefix:
        chosen = chosen.where(table.c.measure.startswith(prefix, autoescape=True))
    if before is not None:
        chosen = chosen.where(delivery.c.received_at < before)
    found: dict[str, dict[str, Decimal]] = {}
    with reading(ledger) as connection:
        for row in connection.execute(chosen):
            found.setdefault(row.delivery_id, {})[row.measure] = row.value
    return found
