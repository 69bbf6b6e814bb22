"""Alembic's way in: migrates over the connection that `open_ledger` hands it, inside that transaction.

There is no offline mode and no ini file: the ledger is always migrated by the program that opens it.
"""

from alembic import context

from pipeline.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
)
context.run_migrations()
