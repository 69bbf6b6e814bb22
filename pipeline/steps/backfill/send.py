"""Sends a backfill's packs to practices, which is done only when it is asked for: rows of the outbox.

To practices alone, and to those that have an agreement today, where the plan sends their packs today. Lists and counts
of a backfill for localities leave by no way.
"""

from pipeline.contracts.policy import load_policy
from pipeline.errors import UserError
from pipeline.ledger import outbox, registers
from pipeline.ledger.connect import writing
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.leaving import delivery_plan, replay_leaves


def check_plan(context: Context) -> None:
    """Raises UserError where nothing says to whom packs go: better before a backfill than after it."""
    if delivery_plan(context) is None:
        raise UserError(
            "It was asked to send, and nothing says where packs go",
            where=context.settings.delivery_file.name,
            next_step="write a delivery plan (docs/mesh.md), or ask for the backfill without --send",
        )


def send_packs(context: Context, run: Run) -> int:
    """Enter every pack of the run that may leave; how many are in the outbox or have left by it.

    One that was entered before is left alone. A pack of a night that came out as it was is not entered where that very
    pack has been: its reader has the bytes.
    """
    today = context.now().date()
    agreed = {one.practice_code for one in load_policy(context.settings.policy_file).participating(today)}
    editions = registers.list_editions(context.ledger, as_of=run.as_of, plane="practice")
    own = [one for one in editions if one.kind == "replay" and one.run_key == run.run_key and one.code in agreed]
    rows = [row for edition in own for row in replay_leaves(context, edition, day=today)]
    with writing(context.ledger) as connection:
        outbox.enter(connection, rows)
    return len(rows)
