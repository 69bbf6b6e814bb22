"""Puts the relations of one index date before the engine: what was visible, who is in the cohort.

Shared by features, outcomes and training. Reads the store and the reference data; writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.policy import Policy
from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.engines.visible import NUMBER_CHANGE, keep_visible_events, keep_visible_registrations
from pipeline.rules.organisations import successions
from pipeline.steps.context import Context
from pipeline.steps.number_changes import changes_in_view
from pipeline.steps.reference_data import reference_as_known
from pipeline.store import layout, tables

# What comes ahead of the record that replaces it: without it the source is later, not smaller.
EARLY_NOTICES = frozenset({"acute_daily"})


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


def add_visible(engine: Engine, context: Context, *, view: View, prefix: str = "") -> None:
    """Keep `event` and `registration` (with an optional name prefix) as the view sees them."""
    home, project = context.settings.home, context.settings.project
    for name, schema in (("event", shapes.EVENT_ROW), ("registration", shapes.REGISTRATION_ROW)):
        files = tables.files(layout.table(home, name), column="delivery_id", values=view.delivery_ids)
        engine.add_parquet(f"{name}_row", files, schema=schema)
    usable = [{"source": source} for source in view.usable]
    engine.add_arrow("usable_source", shapes.relation(shapes.USABLE_SOURCE, usable))
    changes = changes_in_view(context, delivery_ids=view.delivery_ids, index_date=view.index_date)
    engine.add_arrow(NUMBER_CHANGE, changes)
    for name, keep in (("event", keep_visible_events), ("registration", keep_visible_registrations)):
        keep(
            engine,
            project=project,
            name=f"{prefix}{name}",
            # The store writes moments as UTC without a zone.
            known_before=view.known_before.replace(tzinfo=None),
            index_date=view.index_date,
        )


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
    heard = senders_heard(context, view.delivery_ids)
    whole = whole_sources(context, view.policy, day=view.policy_day)
    # Who is to supply and has never sent anything covers nobody: nothing found would not mean that there is nothing.
    supplied = [vars(row) for row in reference.supplies if row.source in whole and (row.source, row.sender) in heard]
    for name, schema, rows in (
        ("participating_practice", shapes.PARTICIPATING_PRACTICE, practices),
        ("organisation", shapes.ORGANISATION, [vars(row) for row in reference.organisations]),
        ("succession", shapes.SUCCESSION, merged),
        ("lsoa_imd", shapes.AREA, [vars(row) for row in reference.areas]),
        ("supply", shapes.SUPPLY, supplied),
    ):
        engine.add_arrow(name, shapes.relation(schema, rows))
    for name in ("registered_person", "coverage", "cohort"):
        engine.keep(load_query(project / "sql" / "cohort" / f"{name}.sql"), index_date=view.index_date)


def whole_sources(context: Context, policy: Policy, *, day: date) -> frozenset[str]:
    """Usable sources of which a letter covers every extract that counts: of the others nobody is covered.

    Nothing found in an extract that may not be used would not mean that there is nothing.
    """
    missing = {
        contract.source
        for name, contract in load_extracts(context.settings.project).items()
        if contract.person is not None
        and name not in EARLY_NOTICES
        and not policy.covers_data_set(name, source=contract.source, day=day)
    }
    return frozenset(policy.usable_sources("score", day)) - missing


def senders_heard(context: Context, delivery_ids: Sequence[str]) -> frozenset[tuple[str, str]]:
    """(source, sender) of these deliveries, whose ids begin with extract and sender."""
    contracts = load_extracts(context.settings.project)
    named = (delivery_id.split(".")[:2] for delivery_id in delivery_ids)
    return frozenset((contracts[extract].source, sender) for extract, sender in named if extract in contracts)
