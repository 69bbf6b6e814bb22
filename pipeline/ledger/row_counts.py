"""How many rows each table of the ledger holds: what a copy of it must have too."""

from sqlalchemy import func, select

from pipeline.ledger.connect import Ledger, newest_revision, reading
from pipeline.ledger.tables import metadata


def row_counts(ledger: Ledger) -> dict[str, int]:
    """Rows by table, in one view of the ledger."""
    with reading(ledger) as connection:
        return {
            table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
            for table in metadata.sorted_tables
        }


def revision() -> str:
    """The schema the counts are of."""
    return newest_revision()
