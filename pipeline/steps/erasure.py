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

# What the rule reads: of accepted rows as validation typed them, of rows set apart as they were sent, all text.
_PLACE = [("delivery_id", pa.string()), ("source_row_number", pa.int64())]
_PATIENT = pa.schema([(name, pa.string()) for name in ("practice_code", "patient_id", "nhs_number")] + _PLACE)
_AS_SENT = pa.schema(
    [(name, pa.string()) for name in ("practice_code", "observation_id", "patient_id", "nhs_number")]
    + [(name, pa.string()) for name in ("snomed_code", "is_deleted")]
    + _PLACE
)
_CLEAN = _AS_SENT.append(pa.field("effective_date", pa.date32()))


@dataclass(frozen=True)
class Erasure:
    """People who dissent now: NHS numbers (identified zone only), their keys, and a digest that names the set."""

    nhs_numbers: frozenset[str]
    person_keys: frozenset[str]

    @property
    def digest(self) -> str:
        return digest_of(sorted(self.person_keys))


def current_erasure(context: Context) -> Erasure:
    """Everyone who dissents as known now: from accepted GP deliveries, and from what was set apart of any.

    Of a refused delivery that could be read, validation sets its dissents apart; of one that could not, nothing is
    known.
    """
    home, project = context.settings.home, context.settings.project
    judged = list_deliveries(context.ledger, states=["accepted", "refused"], extract="gp_event")
    lists = list_deliveries(context.ledger, states=["accepted"], extract="gp_patient")
    accepted = [delivery.delivery_id for delivery in judged if delivery.state == "accepted"]
    with Engine(threads=context.settings.threads, memory_limit=context.settings.memory_limit) as engine:
        for name, path, ids, schema in (
            ("clean_gp_event", layout.clean(home, "gp_event"), accepted, _CLEAN),
            ("quarantined_gp_event", layout.quarantine(home, "gp_event"), [d.delivery_id for d in judged], _AS_SENT),
            ("clean_gp_patient", layout.clean(home, "gp_patient"), [d.delivery_id for d in lists], _PATIENT),
        ):
            engine.add_parquet(name, tables.files(path, column="delivery_id", values=ids), schema=schema)
        engine.add_arrow("delivery", delivery_relation([*judged, *lists]))
        engine.add_codelist(load_codelists(project)["type_1_objection"])
        found = engine.fetch(load_query(project / "sql" / "optouts" / "type_1_dissent.sql"))
    numbers = frozenset(number for number in found["nhs_number"].to_pylist() if is_valid(number))
    return Erasure(numbers, frozenset(key_of(context, number) for number in numbers))


def key_of(context: Context, nhs_number: str) -> str:
    """The person key of a valid NHS number under this home's key."""
    return person_key(nhs_number, key=context.keys.person, key_id=context.keys.person_id)


def delivery_relation(deliveries: Sequence[Delivery]) -> pa.Table:
    """Delivery ids with sender and received-at stamp, for queries that need the order of arrival."""
    return pa.table(
        {
            "delivery_id": pa.array([d.delivery_id for d in deliveries], type=pa.string()),
            "sender": pa.array([d.sender for d in deliveries], type=pa.string()),
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
