"""What may not be purged, however old: what nights to come, open nights and nights inside the replay window need."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.ledger import registers, runs
from pipeline.ledger.backfills import runs_in_progress
from pipeline.ledger.deliveries import list_deliveries
from pipeline.ledger.recalls import recalls
from pipeline.ledger.registers import Edition
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.previous import last_counted

# Who dissents is read from these, whatever became of the delivery (sql/optouts/objection_version.sql).
TELL_DISSENT = ("gp_event", "gp_patient")
_IN_USE = ("received", "held", "accepted")


@dataclass(frozen=True)
class Needs:
    """Ids that stay: deliveries, runs, editions; and the first night of the replay window."""

    deliveries: frozenset[str]
    runs: frozenset[str]
    # Nights that those are watched against, of which cohort and scores are read.
    watched: frozenset[str]
    editions: frozenset[str]
    first_night: date


def needs(context: Context, *, day: date, window_days: int) -> Needs:
    """What is needed on this day; reads the ledger alone."""
    first_night = day - timedelta(days=window_days)
    every = runs.list_runs(context.ledger)
    editions = registers.list_editions(context.ledger)
    newest = _in_use(editions, recalled=set(recalls(context.ledger)))
    needed = [run for run in every if is_open(run, every) or run.as_of >= first_night]
    needed += [run for run in every if run.run_key in {edition.run_key for edition in newest}]
    # Nights of a backfill that is not at its end are continued by its next ones.
    in_progress = runs_in_progress(context.ledger)
    needed += [run for run in every if run.run_key in in_progress]
    deliveries = {one.delivery_id for one in list_deliveries(context.ledger) if one.state in _IN_USE}
    watched = [dict(run.inputs.get("watching") or {}) for run in needed]
    compared = {str(one) for run in needed for one in dict(run.inputs.get("previous_editions") or {}).values() if one}
    localities = {one.code for one in editions if one.plane == "locality"}
    handed_out = [last_counted(context.ledger, code=code) for code in localities]
    compared |= {one.edition_id for one in handed_out if one is not None}
    return Needs(
        deliveries=frozenset(deliveries),
        runs=frozenset({*(run.run_key for run in needed), *_named(watched, "before")}),
        watched=_named(watched, "early") | _named(watched, "whole"),
        editions=frozenset(compared | {edition.edition_id for edition in newest}),
        first_night=first_night,
    )


def _named(watched: list[dict[str, object]], name: str) -> frozenset[str]:
    """Run keys under this name, where there is one."""
    return frozenset(str(each[name]) for each in watched if each.get(name))


def no_longer_replayable(context: Context) -> list[date]:
    """Finished nights that compare with an edition whose entries were purged: no replay gives their bytes again."""
    held = registers.editions_with_entries(context.ledger)
    listed = {
        one.edition_id
        for one in registers.list_editions(context.ledger)
        if one.counts.get("people", 0) and one.edition_id not in held
    }
    nights = {
        run.as_of
        for run in runs.list_runs(context.ledger, kind="nightly")
        if run.state == "finished" and listed & set(dict(run.inputs.get("previous_editions") or {}).values())
    }
    return sorted(nights)


def _in_use(editions: list[Edition], *, recalled: Collection[str]) -> list[Edition]:
    """All revisions of each practice's and locality's newest edition, and of the newest that is not recalled.

    The next register is compared with the second, and the next counts are kept safe beside the first.
    """
    current = sorted((one for one in editions if one.kind == "current"), key=lambda one: (one.as_of, one.revision))
    last = {(one.plane, one.code): one.as_of for one in current}
    highest = {(one.plane, one.code, one.as_of): one for one in current}
    counts = {(one.plane, one.code): one.as_of for one in highest.values() if one.edition_id not in recalled}
    return [one for one in current if one.as_of in (last[one.plane, one.code], counts.get((one.plane, one.code)))]


def is_open(run: Run, every: list[Run]) -> bool:
    """Started and neither finished nor overtaken by another run of its kind and night."""
    if run.state == "finished":
        return False
    return not any(one.state == "finished" and (one.kind, one.as_of) == (run.kind, run.as_of) for one in every)
