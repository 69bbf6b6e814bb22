"""Coverage: for how many people of each practice each source is known on a night, since when, and from whom.

For operators and engineers: counts only, no person. Looks through the same queries as a run, and writes nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pipeline.contracts.policy import SOURCES
from pipeline.contracts.reference import Supply, load_reference
from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.rules.times import index_date, intake_cut_off
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.covering import data_sets_of, heard, never_came, whole_sources
from pipeline.steps.at_hand.relations import View, add_cohort, add_registrations, supply_rows
from pipeline.steps.run.run import delivery_set, open_gate


@dataclass(frozen=True)
class Covered:
    """One practice and source. `missing`: what never came, in words, by sender that so covers nobody."""

    practice_code: str
    registered: int
    source: str
    people: int
    first_since: date | None
    last_since: date | None
    senders: tuple[str, ...]
    missing: Mapping[str, str]


def coverage(context: Context, *, as_of: date) -> list[Covered]:
    """Every participating practice and source, practice by practice; raises GateClosed as a night would."""
    policy = open_gate(context, as_of=as_of)
    deliveries = delivery_set(context, as_of=as_of, knowledge="then")
    view = View(
        policy=policy,
        delivery_ids=[delivery.delivery_id for delivery in deliveries],
        index_date=index_date(as_of),
        known_before=intake_cut_off(as_of),
        policy_day=index_date(as_of),
    )
    monitoring = context.settings.project / "sql" / "monitoring"
    with Engine(threads=context.settings.threads, memory_limit=context.settings.memory_limit) as engine:
        add_registrations(engine, context, view=view)
        add_cohort(engine, context, view=view)
        covered = engine.fetch(load_query(monitoring / "people_covered.sql")).to_pylist()
        query = load_query(monitoring / "people_supplied.sql")
        # Here also those who are to supply and have sent nothing.
        whole = whole_sources(context, policy, day=view.policy_day)
        due = [row for row in load_reference(context.settings.project).supplies if row.source in whole]
        engine.add_arrow("supply", shapes.relation(shapes.SUPPLY, supply_rows(due)))
        supplied = engine.fetch(query, index_date=view.index_date).to_pylist()
        registered = Counter(engine.table("registered_person")["practice_code"].to_pylist())
    missing = _missing(context, due, day=view.index_date, among=heard(view.delivery_ids))
    known = {(row["practice_code"], row["source"]): row for row in covered}
    senders: dict[tuple[str, str], list[str]] = {}
    for row in supplied:
        senders.setdefault((row["practice_code"], row["source"]), []).append(row["sender"])
    found = []
    for entry in policy.participating(view.index_date):
        for source in SOURCES:
            place = (entry.practice_code, source)
            row, own = known.get(place, {}), tuple(senders.get(place, ()))
            found.append(
                Covered(
                    practice_code=entry.practice_code, registered=registered[entry.practice_code], source=source,
                    people=row.get("people", 0), first_since=row.get("first_since"), last_since=row.get("last_since"),
                    senders=own, missing={one: missing[source, one] for one in own if (source, one) in missing},
                )
            )  # fmt: skip
    return found


def _missing(
    context: Context, supplies: Sequence[Supply], *, day: date, among: frozenset[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """By source and sender of the day, which of its data sets never came; without those of whom all came."""
    found = {}
    for row in supplies:
        missing = never_came(context, row, among=among)
        if missing and row.valid_from <= day and (row.valid_to is None or row.valid_to >= day):
            came = set(row.data_sets or data_sets_of(context, row.source)) - set(missing)
            found[row.source, row.sender] = f"no {', '.join(missing)} yet" if came else "nothing yet"
    return found


def told(found: Sequence[Covered], *, as_of: date) -> str:
    """The coverage as a table of plain text."""
    rows = [("practice", "people", "source", "covered", "in 100", "whole since", "from")]
    for one in found:
        share = f"{100 * one.people / one.registered:.1f}" if one.registered else "-"
        names = ", ".join(f"{name} ({one.missing[name]})" if name in one.missing else name for name in one.senders)
        rows.append(
            (one.practice_code, f"{one.registered:,}", one.source, f"{one.people:,}", share, _since(one), names or "-")
        )
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.rjust(width) if place in (1, 3, 4) else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    head = (
        f"Who is covered on {index_date(as_of)}, as known on the night of {as_of}. Not covered is unknown, never none."
    )
    return "\n".join([head, "", *lines])


def _since(one: Covered) -> str:
    if one.first_since is None:
        return "-"
    return f"{one.first_since}" + (f" to {one.last_since}" if one.last_since != one.first_since else "")
