"""Who dissents now, and taking them out of everything that holds no original bytes.

Type 1 dissent applies as known now to every run, past nights included. The rule is one SQL file; this module reads
the clean rows it needs, and removes people from the store, the vault and the ledger when they newly dissent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from pipeline.contracts.codelist import load_codelists
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.ledger import registers
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.rules.nhs_number import is_valid
from pipeline.rules.pseudonym import person_key
from pipeline.rules.run_key import digest_of
from pipeline.steps.context import Context
from pipeline.store import layout, tables
from pipeline.store.vault import Vault

PERSON_TABLES = ("registration", "event", "cohort", "feature", "score", "segment", "register")


# What the rule reads of rows that validation set apart: as they were sent, all text.
_QUARANTINED = pa.schema([(name, pa.string()) for name in ("nhs_number", "snomed_code", "is_deleted")])


@dataclass(frozen=True)
class Erasure:
    """People who dissent now: NHS numbers (identified zone only), their keys, and a digest that names the set."""

    nhs_numbers: frozenset[str]
    person_keys: frozenset[str]

    @property
    def digest(self) -> str:
        return digest_of(sorted(self.person_keys))


def current_erasure(context: Context) -> Erasure:
    """Everyone who dissents as known now, from all accepted GP deliveries."""
    accepted = list_deliveries(context.ledger, states=["accepted"], extract="gp_event")
    path = layout.clean(context.settings.home, "gp_event")
    ids = [delivery.delivery_id for delivery in accepted]
    files = tables.files(path, column="delivery_id", values=ids)
    if not files:
        return Erasure(frozenset(), frozenset())
    project = context.settings.project
    with Engine(threads=context.settings.threads, memory_limit=context.settings.memory_limit) as engine:
        engine.add_parquet("clean_gp_event", files)
        engine.add_parquet(
            "quarantined_gp_event",
            tables.files(layout.quarantine(context.settings.home, "gp_event"), column="delivery_id", values=ids),
            schema=_QUARANTINED,
        )
        engine.add_arrow("delivery", delivery_relation(accepted))
        engine.add_codelist(load_codelists(project)["type_1_objection"])
        found = engine.fetch(load_query(project / "sql" / "optouts" / "type_1_dissent.sql"))
    numbers = frozenset(number for number in found["nhs_number"].to_pylist() if is_valid(number))
    return Erasure(numbers, frozenset(key_of(context, number) for number in numbers))


def key_of(context: Context, nhs_number: str) -> str:
    """The person key of a valid NHS number under this home's key."""
    return person_key(nhs_number, key=context.keys.person, key_id=context.keys.person_id)


def delivery_relation(deliveries: Sequence[Delivery]) -> pa.Table:
    """Delivery ids with their received-at stamps, for queries that need the order of arrival."""
    return pa.table(
        {
            "delivery_id": pa.array([d.delivery_id for d in deliveries], type=pa.string()),
            "received_at": pa.array([d.received_at.replace(tzinfo=None) for d in deliveries], type=pa.timestamp("us")),
        }
    )


def erase(context: Context, *, person_keys: Sequence[str], extracts: Sequence[str], vault: Vault) -> int:
    """Take these people out of the linked rows, the derived tables, the vault and the register entries.

    Returns the number of rows removed from the store. Published files are not touched here.
    """
    home = context.settings.home
    removed = 0
    for extract in extracts:
        removed += tables.delete_people(layout.linked(home, extract), person_keys=person_keys)
    for name in PERSON_TABLES:
        removed += tables.delete_people(layout.table(home, name), person_keys=person_keys)
    vault.forget(sorted(person_keys))
    registers.forget_people(context.ledger, person_keys=sorted(person_keys))
    return removed
