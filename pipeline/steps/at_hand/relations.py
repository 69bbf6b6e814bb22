"""Puts the relations of one index date before the engine: what was visible, who is in the cohort.

Shared by features, outcomes and training. Reads the store and the reference data; writes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.policy import Policy
from pipeline.contracts.reference import Supply
from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.engines.visible import (
    CODE,
    NUMBER_CHANGE,
    REPLACEMENTS,
    keep_cohort_of,
    keep_events_of_cohort,
    keep_hospital_deaths,
    keep_replacements,
    keep_visible_registrations,
    number_codes,
)
from pipeline.rules.key_ranges import EVERYONE, KeyRange, buckets_for, key_ranges
from pipeline.rules.organisations import successions
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.covering import covering, whole_sources
from pipeline.steps.at_hand.number_changes import changes_in_view
from pipeline.steps.at_hand.reference_data import reference_as_known
from pipeline.store import layout, tables

# Event rows of one bucket of people: what a worker holds at a time (docs/performance.md).
ROWS_PER_BUCKET = 2_000_000
# The source whose stays end, now and then, with a death.
HOSPITALS = "acute"


@dataclass(frozen=True)
class View:
    """What one index date may see: of which deliveries, known before which moment, under which agreements.

    `policy_day` decides which sources may be used and which practices take part: the night's own index date, also
    when a past index date is looked at for training.
    """

    policy: Policy
    delivery_ids: Sequence[str]
    index_date: date
    known_before: datetime
    policy_day: date

    @property
    def usable(self) -> tuple[str, ...]:
        """Sources with a lawful basis for scoring."""
        return self.policy.usable_sources("score", self.policy_day)


def add_registrations(engine: Engine, context: Context, *, view: View, prefix: str = "") -> None:
    """Keep `registration` (with an optional name prefix) as the view sees it: of everyone, a row or two each.

    A death is there whoever told of it, the practice or a hospital: both are known before anything else is asked.
    """
    _add_rows(engine, context, view=view, table="registration", name="registration_row")
    _add_usable_sources(engine, view)
    _add_number_changes(engine, context, views={"": view})
    engine.show_people(NUMBER_CHANGE, of=f"all_{NUMBER_CHANGE}", people=EVERYONE)
    _add_hospital_deaths(engine, context, view)
    keep_visible_registrations(
        engine,
        project=context.settings.project,
        name=f"{prefix}registration",
        known_before=_as_stored(view),
        index_date=view.index_date,
    )


def add_event_rows(engine: Engine, context: Context, *, views: Mapping[str, View]) -> Sequence[KeyRange]:
    """Prepare the events of everyone, as each view (by prefix) sees them; returns the buckets to show them in.

    What was replaced is found over all people at once: a corrected row may be of another person than the one it
    corrects. The views differ in what they know, not in their deliveries. `show_bucket` is for after this.
    """
    [first, *_] = views.values()
    _add_rows(engine, context, view=first, table="event", name="all_event_row")
    engine.show_people("event_row", of="all_event_row", people=EVERYONE)
    _add_usable_sources(engine, first)
    _add_number_changes(engine, context, views=views)
    for prefix in views:
        name = f"{prefix}all_{NUMBER_CHANGE}"
        engine.keep_people(f"{prefix}moved_event_row", of="all_event_row", listed_in=name)
    for prefix, view in views.items():
        keep_replacements(engine, project=context.settings.project, known_before=_as_stored(view))
        for name in REPLACEMENTS:
            engine.rename(name, to=f"{prefix}all_{name}")
    add_numbers_of_codes(engine, context, event_row="all_event_row")
    # Each view keeps the bucket's events beside the others.
    rows = engine.count("all_event_row") * len(views)
    return key_ranges(f"p{context.keys.person_id}_", buckets=buckets_for(rows, rows_per_bucket=ROWS_PER_BUCKET))


def add_numbers_of_codes(engine: Engine, context: Context, *, event_row: str) -> None:
    """Number the codes of these rows and of the code lists that the engine holds, once for all buckets."""
    listed = [f"codelist_{name}" for name, codelist in context.codelists().items() if CODE in codelist.columns]
    number_codes(engine, event_row=event_row, codelists=[name for name in listed if engine.holds(name)])


def show_bucket(engine: Engine, context: Context, *, views: Mapping[str, View], people: KeyRange) -> None:
    """Keep `cohort`, those of `everyone` in one bucket, and `event` (with each view's prefix), theirs."""
    keep_cohort_of(engine, people=people, of="everyone", events=[f"{prefix}event" for prefix in views])
    for prefix, view in views.items():
        changes = f"{prefix}all_{NUMBER_CHANGE}"
        engine.show_people(NUMBER_CHANGE, of=changes, people=EVERYONE)
        if engine.count(changes):
            # Their rows lie where the superseded pseudonym sorts, and belong with the person they are of.
            moved = f"{prefix}moved_event_row"
            engine.show_people_moved("event_row", of="all_event_row", moved=moved, changes=changes, people=people)
        else:
            engine.show_people("event_row", of="all_event_row", people=people)
        for name in REPLACEMENTS:
            engine.show_people(name, of=f"{prefix}all_{name}", people=EVERYONE)
        keep_events_of_cohort(
            engine,
            project=context.settings.project,
            known_before=_as_stored(view),
            index_date=view.index_date,
            name=f"{prefix}event",
        )


def in_buckets(engine: Engine, context: Context, *, views: Mapping[str, View]) -> Iterator[None]:
    """Once for each bucket of people, with `cohort` and `event` theirs; each view's relations carry its prefix.

    The cohort is the first view's. `everyone` is the whole cohort, and `registration`, `registered_person` and
    `coverage` are of everyone throughout.
    """
    for prefix, view in views.items():
        add_registrations(engine, context, view=view, prefix=prefix)
    add_cohort(engine, context, view=next(iter(views.values())))
    engine.rename("cohort", to="everyone")
    for people in add_event_rows(engine, context, views=views):
        show_bucket(engine, context, views=views, people=people)
        yield


def _add_rows(engine: Engine, context: Context, *, view: View, table: str, name: str) -> None:
    schema = shapes.EVENT_ROW if table == "event" else shapes.REGISTRATION_ROW
    files = tables.files(layout.table(context.settings.home, table), column="delivery_id", values=view.delivery_ids)
    engine.add_parquet(name, files, schema=schema)


def _add_hospital_deaths(engine: Engine, context: Context, view: View) -> None:
    """Keep `hospital_death` as the view sees it, from the rows of hospital stays alone: few beside everyone's."""
    stays = {name for name, one in load_extracts(context.settings.project).items() if one.source == HOSPITALS}
    told = replace(view, delivery_ids=[one for one in view.delivery_ids if one.split(".")[0] in stays])
    _add_rows(engine, context, view=told, table="event", name="event_row")
    engine.add_codelist(context.codelists()["died_in_hospital"])
    keep_hospital_deaths(
        engine, project=context.settings.project, known_before=_as_stored(view), index_date=view.index_date
    )
    engine.forget("event_row")


def _add_usable_sources(engine: Engine, view: View) -> None:
    usable = [{"source": source} for source in view.usable]
    engine.add_arrow("usable_source", shapes.relation(shapes.USABLE_SOURCE, usable))


def _add_number_changes(engine: Engine, context: Context, *, views: Mapping[str, View]) -> None:
    """Which pseudonyms gave way to others, as each view knows it (by prefix)."""
    for prefix, view in views.items():
        changes = changes_in_view(context, delivery_ids=view.delivery_ids, index_date=view.index_date)
        engine.add_arrow(f"{prefix}all_{NUMBER_CHANGE}", changes)


def _as_stored(view: View) -> datetime:
    """The store writes moments as UTC without a zone."""
    return view.known_before.replace(tzinfo=None)


def add_cohort(engine: Engine, context: Context, *, view: View) -> None:
    """Keep `cohort`: registered and alive on the index date with a practice that takes part.

    `registered_person` and `coverage`, which it is made of, are kept beside it.
    """
    project = context.settings.project
    reference = reference_as_known(context, delivery_ids=view.delivery_ids)
    engine.add_codelists(context.codelists().values())
    practices = [{"practice_code": entry.practice_code} for entry in view.policy.participating(view.policy_day)]
    merged = [
        {"practice_code": closed, "current_practice_code": current}
        for closed, current in successions(reference.organisations, view.index_date).items()
    ]
    whole = whole_sources(context, view.policy, day=view.policy_day)
    supplied = covering(context, reference.supplies, sources=whole, delivery_ids=view.delivery_ids)
    for name, schema, rows in (
        ("participating_practice", shapes.PARTICIPATING_PRACTICE, practices),
        ("organisation", shapes.ORGANISATION, [vars(row) for row in reference.organisations]),
        ("succession", shapes.SUCCESSION, merged),
        ("lsoa_imd", shapes.AREA, [vars(row) for row in reference.areas]),
        ("supply", shapes.SUPPLY, supply_rows(supplied)),
    ):
        engine.add_arrow(name, shapes.relation(schema, rows))
    for name in ("registered_person", "coverage", "cohort"):
        engine.keep(load_query(project / "sql" / "cohort" / f"{name}.sql"), index_date=view.index_date)


def supply_rows(supplies: Iterable[Supply]) -> list[dict[str, object]]:
    """Supplies as rows of the relation `supply`."""
    return [{name: getattr(row, name) for name in shapes.SUPPLY.names} for row in supplies]
