"""A backfill from its first date to its last: night after night, each alone in the home, stopped and gone on with.

Between two nights it lets go of the home, so that a night or a person's command comes in. Asked for again in the same
words it goes on where it stopped; once it is at its end, the same words begin another. Reads no delivery.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from time import monotonic

from pipeline.channels.backfill_words import line_of
from pipeline.contracts.settings import Settings
from pipeline.errors import UserError
from pipeline.ledger import backfills, models, runs
from pipeline.ledger.backfills import Backfill, BackfilledNight
from pipeline.ledger.deliveries import list_deliveries
from pipeline.log import say
from pipeline.rules.backfill_dates import Every, as_of_dates
from pipeline.rules.backfill_differences import SAYS, changed_inputs
from pipeline.rules.run_key import run_key
from pipeline.steps.at_hand.alone import WAIT_SECONDS, alone
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.backfill.backfill import backfill_night, made_of
from pipeline.steps.backfill.report import write_report
from pipeline.steps.backfill.send import check_plan
from pipeline.steps.run.run import MODEL, check_has_come, open_gate


@dataclass(frozen=True)
class Wanted:
    """What was asked for."""

    first: date
    last: date
    every: Every
    knowledge: str
    send: bool = False

    @property
    def dates(self) -> list[date]:
        return as_of_dates(self.first, self.last, self.every)

    @property
    def words(self) -> str:
        return f"{self.first}_{self.last}_{self.every}_{self.knowledge}{'_sent' if self.send else ''}"


def backfill(settings: Settings, *, wanted: Wanted) -> dict[str, int]:
    """Make every night that is not made yet; counts of nights.

    Raises UserError at the end when some could not be made: the others are. What is at fault inside ends it at once.
    """
    _check(wanted)
    with _at_work(settings) as context:
        check_has_come(context, as_of=wanted.dates[-1])
        if wanted.send:
            check_plan(context)
        series = _begun(context, wanted).series
        at_start = {one.as_of: one.state for one in backfills.nights(context.ledger, series=series)}
    done_before = sum(state == "finished" for state in at_start.values())
    say(f"backfill {series}: {len(wanted.dates)} nights, {done_before} made before")
    for number, day in enumerate(wanted.dates, start=1):
        if at_start.get(day) == "finished":
            continue
        begun = monotonic()
        with _at_work(settings) as context:
            told = _night(context, wanted, series=series, day=day)
            write_report(context, series=series)
        say(f"{number} of {len(wanted.dates)}: {day}, {monotonic() - begun:.0f} s: {told}")
    with _at_work(settings) as context:
        return _ended(context, wanted, series=series, made_before=done_before)


def would_do(context: Context, *, wanted: Wanted) -> list[str]:
    """What `backfill` would do, a line a night; writes nothing."""
    _check(wanted)
    check_has_come(context, as_of=wanted.dates[-1])
    if wanted.send:
        check_plan(context)
    known = _unfinished(context, wanted)
    asked = known or _asked(context, wanted, series="")
    done = {one.as_of for one in backfills.nights(context.ledger, series=asked.series) if one.state == "finished"}
    lines = [f"{len(wanted.dates)} nights, {len(done)} made before{f' in {known.series}' if known else ''}"]
    for day in wanted.dates:
        lines.append(f"{day}: {'made before' if day in done else _would(context, asked, day=day)}")
    if wanted.send:
        lines.append("packs of practices that have an agreement and a place in the delivery plan today would be sent")
    return lines


def _would(context: Context, asked: Backfill, *, day: date) -> str:
    first = runs.first_finished(context.ledger, as_of=day)
    try:
        policy = open_gate(context, as_of=day)
        as_it_was, _ = made_of(context, asked, policy=policy, as_of=day, kind="nightly")
    except UserError as error:
        return f"cannot be made: {error}"
    if first is None:
        return f"was never run; would be made with model {as_it_was['model_id']}"
    if asked.knowledge == "then" and run_key(as_it_was) == first.run_key:
        return f"run {first.run_key} as it was; its packs would be made again and compared"
    changed = changed_inputs(first.inputs, as_it_was)
    told = ", ".join(SAYS[word] for word in changed) or "today's knowledge"
    return f"would be made anew and compared with run {first.run_key}: {told}"


def _night(context: Context, wanted: Wanted, *, series: str, day: date) -> str:
    """Make the night, unless another process has meanwhile; what came of it in words."""
    known = {one.as_of: one for one in backfills.nights(context.ledger, series=series)}.get(day)
    if known is None or known.state != "finished":
        started = context.now()
        try:
            backfill_night(context, as_of=day, knowledge=wanted.knowledge, series=series, send=wanted.send)
        except UserError as error:
            # Words of ours, without a value of anybody: the date is told with why, and the others go on.
            content: Mapping[str, object] = {"error": str(error), "kind": type(error).__name__}
            failed = BackfilledNight(series, day, None, "failed", started, context.now(), content)
            backfills.record_night(context.ledger, night=failed)
    [made] = [one for one in backfills.nights(context.ledger, series=series) if one.as_of == day]
    where = f"run {made.run_key}, " if made.run_key else ""
    return where + line_of(made.content)


def _ended(context: Context, wanted: Wanted, *, series: str, made_before: int) -> dict[str, int]:
    nights = backfills.nights(context.ledger, series=series)
    failed = [one for one in nights if one.state != "finished"]
    if not failed:
        backfills.finish_backfill(context.ledger, series=series, at=context.now())
    folder = write_report(context, series=series)
    say(f"report: {folder / 'report.md'}")
    if wanted.send:
        sent = sum(int(one.content.get("sent", 0)) for one in nights)
        say(f"in the outbox: {sent} packs; what waits there leaves with riskstrat deliver")
    if failed:
        raise UserError(
            f"{len(failed)} of {len(wanted.dates)} nights could not be made; the others are",
            where=", ".join(str(one.as_of) for one in failed),
            next_step=f"read why in {folder.name}/report.md, put it right, then ask for the same backfill again: "
            "it makes only what is missing",
        )
    return {"nights": len(nights), "made_before": made_before, "made_now": len(nights) - made_before}


def _begun(context: Context, wanted: Wanted) -> Backfill:
    """The backfill of these words that is not at its end, or a new one."""
    known = _unfinished(context, wanted)
    if known is not None:
        return known
    number = 1 + sum(one.series.rpartition("_")[0] == wanted.words for one in backfills.list_backfills(context.ledger))
    asked = _asked(context, wanted, series=f"{wanted.words}_{number}")
    return backfills.begin_backfill(context.ledger, asked=asked)


def _unfinished(context: Context, wanted: Wanted) -> Backfill | None:
    every = [one for one in backfills.list_backfills(context.ledger) if one.state != "finished"]
    return next((one for one in reversed(every) if one.series.rpartition("_")[0] == wanted.words), None)


def _asked(context: Context, wanted: Wanted, *, series: str) -> Backfill:
    """With what is known at this moment, so that its last night knows what its first one did."""
    champion = models.champion(context.ledger, name=MODEL)
    deliveries = list_deliveries(context.ledger)
    nights = runs.list_runs(context.ledger, kind="nightly")
    frozen = {
        "model_id": champion.model_id if champion else None,
        "deliveries": sorted(one.delivery_id for one in deliveries if one.state == "accepted"),
        "stood": {one.delivery_id: one.state for one in deliveries},
        "nights": sorted(one.run_key for one in nights if one.state == "finished"),
    }
    return Backfill(
        series, wanted.knowledge, wanted.first, wanted.last, wanted.every, wanted.send, "started", frozen, context.now()
    )


@contextmanager
def _at_work(settings: Settings) -> Iterator[Context]:
    """The home as its only writer, opened anew: keys may have been rotated since the night before."""
    with alone(settings, wait_seconds=WAIT_SECONDS):
        context = open_context(settings)
        try:
            yield context
        finally:
            context.ledger.engine.dispose()


def _check(wanted: Wanted) -> None:
    if not wanted.dates:
        raise UserError(
            "The last date comes before the first",
            where=f"--from {wanted.first} --to {wanted.last}",
            next_step="give the earlier one as --from",
        )
