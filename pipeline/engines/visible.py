"""Puts events and registrations as they were known at a cut-off before an engine, in the order the queries need.

The engine must hold `event_row`, `registration_row` (each only where asked for) and `usable_source`. Decides nothing:
what was visible is said in `sql/knowledge`.
"""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.rules.key_ranges import KeyRange

# What `visible_event` reads beside the stored rows; each reads the one before it.
REPLACEMENTS = ("replaced_version", "admission_notice")
# Pseudonyms of superseded NHS numbers, and those that took their place; empty unless the engine holds it.
NUMBER_CHANGE = "number_change"
# Who had died in hospital; nobody unless the engine holds it.
HOSPITAL_DEATH = "hospital_death"
# What queries choose and join by, beside the person: as numbers they cost half, and a row a third of the memory.
NUMBERED = ("event_type", "code")
# What no query asks of an event once it is visible (`tests/engines/test_declarations.py`): not kept.
UNREAD = ("source", "code_system", "known_at")
# Code lists are joined by this column, mostly to the event's of the same name.
CODE = "code"
# The people of the bucket before the engine, by their keys as text.
BUCKET = "bucket_person"


def keep_visible_events(
    engine: Engine, *, project: Path, known_before: datetime, index_date: date, name: str = "event"
) -> int:
    """Keep the visible events as a table called `name`; rows kept. `known_before` is UTC without a zone, as stored."""
    keep_replacements(engine, project=project, known_before=known_before)
    return keep_events_left(engine, project=project, known_before=known_before, index_date=index_date, name=name)


def keep_replacements(engine: Engine, *, project: Path, known_before: datetime) -> None:
    """Keep what newer rows replaced and what the daily feeds told: of everyone, for a row may change its person."""
    for step in REPLACEMENTS:
        engine.keep(load_query(project / "sql" / "knowledge" / f"{step}.sql"), known_before=known_before)


def keep_events_left(engine: Engine, *, project: Path, known_before: datetime, index_date: date, name: str) -> int:
    """Keep the events that no newer row replaced, given what was replaced; rows kept."""
    _add_number_change(engine)
    visible = load_query(project / "sql" / "knowledge" / "visible_event.sql")
    return engine.keep(visible, name=name, known_before=known_before, index_date=index_date)


def number_codes(engine: Engine, *, event_row: str, codelists: Sequence[str]) -> None:
    """Number the values of events that most of a query's work is on, and the code lists': once for all buckets.

    A list's codes get the events' numbers, so that joining the two compares numbers.
    """
    # A daily feed's notice of an admission is shown as one (`visible_event`).
    engine.number("event_type", of=event_row, also=("admission",))
    engine.number(CODE, of=event_row, also_of=[(name, CODE) for name in codelists])
    for name in codelists:
        engine.keep_all_numbered(name, of=name, columns=[CODE])


def keep_cohort_of(engine: Engine, *, people: KeyRange, of: str, events: Sequence[str]) -> None:
    """Keep `cohort`, the people of a relation whose keys lie in the range, numbered; `events` are forgotten."""
    engine.forget("cohort", *events)
    engine.show_people(BUCKET, of=of, people=people)
    engine.number("person_key", of=BUCKET)
    engine.keep_all_numbered("cohort", of=BUCKET, columns=("person_key",))


def keep_events_of_cohort(engine: Engine, *, project: Path, known_before: datetime, index_date: date, name: str) -> int:
    """As `keep_events_left`, but of people of the cohort (`keep_cohort_of`) only, and numbered; rows kept."""
    _add_number_change(engine)
    visible = load_query(project / "sql" / "knowledge" / "visible_event.sql")
    return engine.keep_numbered(
        visible,
        name=name,
        columns=NUMBERED,
        people_of=BUCKET,
        without=UNREAD,
        known_before=known_before,
        index_date=index_date,
    )


def keep_hospital_deaths(engine: Engine, *, project: Path, known_before: datetime, index_date: date) -> int:
    """Keep `hospital_death` of the `event_row` before the engine, of which hospitals' rows suffice; people kept."""
    _add_number_change(engine)
    keep_replacements(engine, project=project, known_before=known_before)
    told = load_query(project / "sql" / "knowledge" / f"{HOSPITAL_DEATH}.sql")
    kept = engine.keep(told, known_before=known_before, index_date=index_date)
    engine.forget(*REPLACEMENTS)
    return kept


def keep_visible_registrations(
    engine: Engine, *, project: Path, known_before: datetime, index_date: date, name: str = "registration"
) -> int:
    """Keep the visible registrations as a table called `name`; rows kept."""
    _add_number_change(engine)
    if not engine.holds(HOSPITAL_DEATH):
        engine.add_arrow(HOSPITAL_DEATH, shapes.relation(shapes.HOSPITAL_DEATH))
    visible = load_query(project / "sql" / "knowledge" / "visible_registration.sql")
    return engine.keep(visible, name=name, known_before=known_before, index_date=index_date)


def _add_number_change(engine: Engine) -> None:
    """Where nobody said that a number was superseded, none was."""
    if not engine.holds(NUMBER_CHANGE):
        engine.add_arrow(NUMBER_CHANGE, shapes.relation(shapes.NUMBER_CHANGE))
