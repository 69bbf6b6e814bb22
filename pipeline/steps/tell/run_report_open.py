"""What the run report says beyond what its night did: what stands open in the home, and when and why the night stopped.

The first is what `riskstrat status` says at that moment, so that whoever reads the report alone is not misled.
"""

from collections.abc import Collection, Sequence

from pipeline.channels.run_page import Look, StopLine
from pipeline.ledger.runs import Run
from pipeline.ledger.stops import Stop
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.stops import stops_of_nights
from pipeline.steps.tell.status import STOPPED, Finding

RUNBOOK = "docs/runbooks/night-did-not-finish.md"
# Alerts that the report tells of its own night under another one's name.
TOLD_AS = {"delivery_short": "delivery_refused", "gate_closed": "source_not_used"}


def standing(findings: Sequence[Finding], run: Run, *, told: Collection[str]) -> tuple[Look, ...]:
    """What of status' findings needs a look besides, gravest first. `told`: what is said of this night already."""
    found = [one for one in findings if not _is_told(one, run, told)]
    return tuple(
        Look("bad" if one.level == STOPPED else "care", one.says, one.next_step, _page_of(one))
        for one in sorted(found, key=lambda one: -one.level)
    )


def _page_of(one: Finding) -> str:
    """Its runbook, where what to do does not name it already."""
    return "" if one.runbook in one.next_step else one.runbook


def _is_told(one: Finding, run: Run, told: Collection[str]) -> bool:
    if one.alert == "night_not_finished" and one.subject == str(run.as_of):
        return True  # it is what the page begins with
    if one.says.startswith(f"Watching the night of {run.as_of}: "):
        return True
    return f"{TOLD_AS.get(one.alert, one.alert)} {one.subject}" in told


def stops_of(context: Context, run: Run) -> list[Stop]:
    """Each time that this night stopped, in order: the run, and what comes before it, as the intake does."""
    mine = (run.run_key,) if run.kind == "replay" else (run.run_key, None)
    return [one for one in stops_of_nights(context, as_of=run.as_of) if one.run_key in mine]


def stop_lines(context: Context, run: Run) -> tuple[StopLine, ...]:
    """The same as the page tells them."""
    return tuple(
        StopLine(
            at=one.at,
            step=one.step,
            kind=one.error,
            says=f"{one.what.rstrip('.')}: {', '.join(one.subjects)}" if one.subjects else one.what,
            place=one.place,
            next_step=one.next_step,
        )
        for one in stops_of(context, run)
    )


def why_it_stopped(context: Context, run: Run) -> list[Look]:
    """Of a night that has not finished, why it stopped last; nothing where it has not, or has finished since."""
    stops = [] if run.state == "finished" else stops_of(context, run)
    if not stops:
        return []
    last = stops[-1]
    where = f" ({last.place or last.error})"
    says = f"It stopped at {last.step} on {last.at:%d/%m/%Y %H:%M} UTC: {last.what.rstrip('.')}{where}"
    again = f"Its log says more; then riskstrat nightly --as-of {run.as_of} goes on where it stopped"
    return [Look("bad", says, last.next_step or again, RUNBOOK)]
