"""Whether the store still holds the rows that the stages of a finished run wrote: digest against digest."""

from pipeline.ledger import steps
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.store import layout, tables

KEY = "run_key"
# Of each of these stages the digest of the one table it is named after was recorded.
WHOLE = ("score", "segment", "register")


def rows_as_recorded(context: Context, run: Run) -> bool:
    """False where rows were purged or are not, digit by digit, those whose digest the stage recorded."""
    home = context.settings.home
    recorded = {one.step: one.digest for one in steps.list_steps(context.ledger, scope=run.run_key)}
    for name in (*WHOLE, "feature"):
        if run.run_key not in tables.slices(layout.table(home, name), column=KEY):
            return False
    if run.run_key not in tables.slices(layout.table(home, "cohort"), column=KEY):
        return False
    for name in WHOLE:
        held = tables.read(layout.table(home, name), column=KEY, values=[run.run_key])
        if tables.digest(held, leave_out=[KEY]) != recorded.get(name):
            return False
    path = layout.table(home, "feature")
    columns = [column for column in tables.schema(path).names if column != KEY]
    return tables.slice_digest(path, column=KEY, value=run.run_key, columns=columns) == recorded.get("features")
