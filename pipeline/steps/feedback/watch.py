"""What of the files that practices sent back needs a look: those refused, until a good one follows."""

from datetime import timedelta

from pipeline.contracts.returned import FILE_RULES
from pipeline.ledger import feedback
from pipeline.rules.times import day_in_words
from pipeline.steps.at_hand.context import Context
from pipeline.steps.feedback.people import ANSWERABLE_DAYS


def refused_by_id(context: Context) -> dict[str, tuple[str, str]]:
    """By the id of the file what it says and what to do, for each practice whose last file was refused.

    Ids, rules and days alone. It ends with the next file of the practice that is read, and otherwise when what was
    answered has become too old to be answered: nobody is asked for it any more.
    """
    newest = {one.practice_code: one for one in feedback.list_files(context.ledger)}
    oldest = context.now() - timedelta(days=ANSWERABLE_DAYS)
    return {
        one.feedback_id: (
            f"What {code} sent back on {day_in_words(one.received_at.date())} was refused ({one.reason_code}: "
            f"{FILE_RULES[str(one.reason_code)][0]})",
            f"Tell {code} what reports/feedback/{one.feedback_id} says; a file that can be read ends this",
        )
        for code, one in sorted(newest.items())
        if one.state == "refused" and one.received_at >= oldest
    }
