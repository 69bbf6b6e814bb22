"""Who has moved from which need segment to which since the last editions: the counts that a night left in the ledger.

Counts of everyone, not of one practice, and with small numbers in them: for those who run the system, not to be passed
on. What planners may see goes through the counts under disclosure control.
"""

from datetime import date

from pipeline.errors import UserError
from pipeline.ledger import runs, steps
from pipeline.rules.need_tiers import TIERS
from pipeline.rules.segments import SEGMENTS
from pipeline.steps.at_hand.context import Context
from pipeline.steps.register.segment import moves_of


def transitions(context: Context, *, as_of: date) -> str:
    """A night's segments, tiers and moves as lines of text; raises UserError if no night of that date has them."""
    counts = _counted(context, as_of)
    people = sum(counts.get(one.code, 0) for one in SEGMENTS)
    moved = moves_of(counts)
    moved_in_all = counts.get("moved", 0)
    lines = [f"night of {as_of}: {people:,} people, {moved_in_all:,} in another segment than at the last editions"]
    lines += ["", *_table("need segment", [(one.title, counts.get(one.code, 0)) for one in SEGMENTS], people)]
    lines += ["", *_table("need tier", [(one.title, counts.get(f"tier_{one.code}", 0)) for one in TIERS], people)]
    titles = {one.code: one.title for one in SEGMENTS}
    told = sorted(moved.items(), key=lambda move: (-move[1], move[0]))
    lines += ["", "moved from, to, people"]
    lines += [f"{titles[before]} -> {titles[now]}: {count:,}" for (before, now), count in told] or ["nobody"]
    lines += [f"not there at the last editions: {counts.get('not_there_before', 0):,}"]
    return "\n".join(lines)


def _counted(context: Context, as_of: date) -> dict[str, int]:
    """What the segment stage of the latest nightly run of this date counted."""
    for run in reversed(runs.list_runs(context.ledger, as_of=as_of, kind="nightly")):
        found = steps.find_step(context.ledger, scope=run.run_key, step="segment")
        if found is not None and found.state == "finished":
            return found.counts
    raise UserError(
        "No night of this date has need segments",
        where=f"night of {as_of}",
        next_step=f"run it: riskstrat nightly --as-of {as_of}",
    )


def _table(title: str, rows: list[tuple[str, int]], people: int) -> list[str]:
    width = max(len(title), *(len(name) for name, _ in rows))
    lines = [f"{title:{width}}   people   share"]
    for name, count in rows:
        share = f"{100 * count / people:.1f}%" if people else "-"
        lines.append(f"{name:{width}}  {count:>7,}  {share:>6}")
    return lines
