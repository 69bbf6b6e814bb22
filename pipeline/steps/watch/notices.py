"""What watching means for publication: the sentences a register carries, and whether a night may be published at all.

Reads what the stage `watch` recorded of the run. A held night stays unpublished until a person decides otherwise.
"""

from datetime import date

from pipeline.errors import PublicationHeld, UserError
from pipeline.ledger import runs, watched
from pipeline.ledger.runs import Run
from pipeline.ledger.watched import Release
from pipeline.rules.decision_words import check_words
from pipeline.steps.at_hand.context import Context

RELEASED = "This list was held back for that at first, and published after a person had looked at it."


def watch_notices(context: Context, run: Run) -> list[str]:
    """For the practice: every finding about this night in a sentence; nothing where all is as usual."""
    found = watched.find_watched(context.ledger, run.run_key)
    if found is None:
        return []
    told = [str(one["tells"]) for one in found.content["findings"]]
    # By the decision, not by the kind of the run: a night's packs made again apart say what they said.
    is_released = found.verdict == "hold" and watched.release_of(context.ledger, run.run_key) is not None
    return [*told, RELEASED] if is_released else told


def check_not_held(context: Context, run: Run) -> None:
    """Raises PublicationHeld where the night's scores are past a bound that holds them, and nobody has decided.

    Replays disturb no edition, and are never held.
    """
    found = watched.find_watched(context.ledger, run.run_key)
    if found is None or found.verdict != "hold" or run.kind != "nightly":
        return
    if watched.release_of(context.ledger, run.run_key) is not None:
        return
    why = [one for one in found.content["findings"] if one["level"] == "hold"]
    raise PublicationHeld(
        "The scores of this night do not fit any more, and none of its registers is published; the last editions stay",
        where=f"night of {run.as_of}, run {run.run_key}: {'; '.join(one['says'] for one in why)}",
        next_step=f"see {why[0]['runbook']}; to publish all the same: "
        f"riskstrat publish-anyway --as-of {run.as_of} --who … --reason …",
    )


def publish_anyway(context: Context, *, as_of: date, who: str, reason: str) -> Run:
    """Enter a person's decision that the held night may be published; the night itself is then run again.

    Raises UserError where no night of the date is held, or for words that may not be kept.
    """
    check_words(who, reason)
    of_date = runs.list_runs(context.ledger, as_of=as_of, kind="nightly")
    for run in reversed(of_date):
        found = watched.find_watched(context.ledger, run.run_key)
        if found is not None and found.verdict == "hold":
            release = Release(run_key=run.run_key, who=who, reason=reason, at=context.now())
            watched.record_release(context.ledger, release=release)
            return run
    raise UserError(
        "No night of this date is held back", where=f"night of {as_of}", next_step="see riskstrat watch and status"
    )
