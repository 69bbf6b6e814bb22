"""Who may not be used now, and taking them out of everything that holds no original bytes.

Dissent by a coded entry, the National Data Opt-Out where it applies, and identities that are no people: as known now,
for every run, past nights included. What the records say is one SQL file each; what the check service allows comes from
`national_opt_out.py`. This module removes people from the store, the vault and the ledger.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.policy import load_policy
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.engines.shapes import EVENT_VERSION, LINKED_VERSION, STAY, VERSION
from pipeline.ledger import audit, feedback, registers, runs
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.rules.nhs_number import is_valid
from pipeline.rules.pseudonym import person_key
from pipeline.rules.run_key import digest_of
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.number_changes import TABLE as NUMBER_CHANGES
from pipeline.steps.at_hand.number_changes import no_longer_allowed, numbers_together
from pipeline.steps.opt_out.national_opt_out import allowed_now, applies_now, people_held
from pipeline.store import layout, tables
from pipeline.store.vault import Vault

ACTION = "erase"
OBJECTIONS = ("type_1_objection", "local_objection")
# The rule of who dissents, a file for each part of it, in the order in which one reads the other; `dissent` is last.
RULES = ("objection_version", "named_objection", "current_objection")
PERSON_TABLES = (
    "registration",
    "event",
    NUMBER_CHANGES,
    "cohort",
    "feature",
    "death",
    "in_hospital",
    "fact",
    "score",
    "segment",
    "register",
    "holdout",
)

VERSIONED = {"event": EVENT_VERSION, "registration": (*VERSION, "source")}

# What the rule reads: of accepted rows as validation typed them, of rows set apart as they were sent, all text.
_PLACE = [("delivery_id", pa.string()), ("source_row_number", pa.int64())]
_PATIENT = pa.schema(
    [(name, pa.string()) for name in ("practice_code", "patient_id", "nhs_number", "family_name")] + _PLACE
)
_AS_SENT = pa.schema(
    [(name, pa.string()) for name in ("practice_code", "observation_id", "patient_id", "nhs_number")]
    + [(name, pa.string()) for name in ("snomed_code", "is_deleted")]
    + _PLACE
)
_CLEAN = _AS_SENT.append(pa.field("effective_date", pa.date32()))


@dataclass(frozen=True)
class Erasure:
    """People who may not be used now: NHS numbers (identified zone only) and their keys.

    `reasons` counts them by reason, each under the first that holds; `digest` names what decides who they are.
    """

    nhs_numbers: frozenset[str]
    person_keys: frozenset[str]
    reasons: Mapping[str, int]
    digest: str


def current_erasure(context: Context) -> Erasure:
    """Everyone who may not be used as known now; raises GateClosed where the check service must be asked first."""
    stated = stated_erasure(context)
    sources = applies_now(context)
    if not sources:
        return stated
    allowed = allowed_now(context, sources=sources)
    others = people_held(context) - allowed - stated.nhs_numbers
    # A number that was superseded is of somebody whose current one must be allowed too.
    others |= no_longer_allowed(context, allowed) - stated.nhs_numbers
    keys = frozenset(key_of(context, number) for number in others)
    return Erasure(
        nhs_numbers=stated.nhs_numbers | others,
        person_keys=stated.person_keys | keys,
        reasons={**stated.reasons, "not_allowed_by_check": len(others)},
        # The answer, not whom it leaves out: that changes with every delivery that comes in, and a night would too.
        digest=digest_of([stated.digest, digest_of(sorted(key_of(context, number) for number in allowed))]),
    )


def stated_erasure(context: Context) -> Erasure:
    """Everyone whom the records themselves leave out: from accepted GP deliveries, and from what was set apart of any.

    Of a refused delivery that could be read, validation sets its dissents apart; of one that could not, nothing is
    known. Of one that a person holds, or refused after it was accepted, the accepted rows count as set apart.
    """
    policy = load_policy(context.settings.policy_file)
    kinds = ["type_1"] + (["local"] if policy.local_opt_out_sources(context.now().date()) else [])
    reason_of: dict[str, str] = {}
    for kind, number in _told(context, is_without_test_numbers=not policy.fictitious):
        if is_valid(number) and kind in (*kinds, "test_identity"):
            reason_of[number] = max(reason_of.get(number, kind), kind)
    # Who dissents under one number dissents under all that are known to be theirs.
    together = numbers_together(context) if reason_of else {}
    for number in sorted(reason_of):
        kind = reason_of[number]
        reason_of |= {other: kind for other in together.get(number, ()) if other not in reason_of and is_valid(other)}
    keys = frozenset(key_of(context, number) for number in reason_of)
    counted = Counter(reason_of.values())
    return Erasure(
        nhs_numbers=frozenset(reason_of),
        person_keys=keys,
        reasons={name: counted[name] for name in ("type_1", "local", "test_identity")},
        digest=digest_of(sorted(keys)),
    )


def _told(context: Context, *, is_without_test_numbers: bool) -> list[tuple[str, str]]:
    """(kind, NHS number) of everyone the rules in sql/optouts name."""
    home, optouts = context.settings.home, context.settings.project / "sql" / "optouts"
    judged = list_deliveries(context.ledger, states=["accepted", "held", "refused"], extract="gp_event")
    lists = list_deliveries(context.ledger, states=["accepted", "held"], extract="gp_patient")
    accepted = [delivery.delivery_id for delivery in judged if delivery.state == "accepted"]
    clean = layout.clean(home, "gp_event")
    put_aside = [delivery.delivery_id for delivery in judged if delivery.state != "accepted"]
    set_apart = tables.files(
        layout.quarantine(home, "gp_event"), column="delivery_id", values=[d.delivery_id for d in judged]
    ) + tables.files(clean, column="delivery_id", values=put_aside)
    with Engine(threads=context.settings.threads, memory_limit=context.settings.memory_limit) as engine:
        for name, path, ids, schema in (
            ("clean_gp_event", clean, accepted, _CLEAN),
            ("clean_gp_patient", layout.clean(home, "gp_patient"), [d.delivery_id for d in lists], _PATIENT),
        ):
            engine.add_parquet(name, tables.files(path, column="delivery_id", values=ids), schema=schema)
        engine.add_parquet("quarantined_gp_event", set_apart, schema=_AS_SENT)
        engine.add_arrow("delivery", delivery_relation([*judged, *lists]))
        for name in OBJECTIONS:
            engine.add_codelist(context.codelists()[name])
        for name in RULES:
            engine.keep(load_query(optouts / f"{name}.sql"))
        dissent = engine.fetch(load_query(optouts / "dissent.sql"))
        tests = engine.fetch(load_query(optouts / "test_identity.sql"))
    found = [(row["kind"], row["nhs_number"]) for row in dissent.to_pylist()]
    return found + [
        ("test_identity", row["nhs_number"])
        for row in tests.to_pylist()
        if row["is_named_so"] or is_without_test_numbers
    ]


def held_in_store(
    context: Context, *, person_keys: Collection[str], extracts: Sequence[str], vault: Vault
) -> frozenset[str]:
    """Those of these people of whom the store, the vault, the answers or the register entries still hold something."""
    home, wanted = context.settings.home, frozenset(person_keys)
    if not wanted:
        return frozenset()
    found = set(vault.practices(sorted(wanted))) | (wanted & feedback.people_with_answers(context.ledger))
    paths = [layout.linked(home, extract) for extract in extracts]
    for path in [*paths, layout.answer_words(home), *(layout.table(home, name) for name in PERSON_TABLES)]:
        if tables.exists(path):
            found |= wanted & set(tables.read(path, columns=["person_key"])["person_key"].unique().to_pylist())
    for edition_id in registers.editions_with(context.ledger, person_keys=sorted(wanted)):
        found |= wanted & {entry.person_key for entry in registers.entries(context.ledger, edition_id=edition_id)}
    return frozenset(found)


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
    """Take these people out of the linked rows, the derived tables, the vault, the answers and the register entries.

    Returns the number of rows removed from the store. Published files are not touched here: an audit row "erase"
    names the editions that held the people, for someone to withdraw or replace.
    """
    if not person_keys:
        return 0
    home = context.settings.home
    published = published_with(context, person_keys=person_keys)
    # What tells those editions goes last: a run killed half-way finds them again.
    # Of rows that have versions the place stays taken: what they replaced may be another person's.
    removed = sum(
        tables.delete_people(path, person_keys=person_keys, leaving=leaving)
        for path, leaving in _versions(context, extracts=extracts).items()
    )
    paths = [layout.table(home, name) for name in PERSON_TABLES if name not in ("register", *VERSIONED)]
    paths += [layout.answer_words(home)]
    removed += sum(tables.delete_people(path, person_keys=person_keys) for path in paths)
    vault.forget(sorted(person_keys))
    audit.append(
        context.ledger,
        at=context.now(),
        who="pipeline",
        action=ACTION,
        run_key=None,
        subject=" ".join(published),
        counts={"people": len(set(person_keys)), "rows": removed, "editions": len(published)},
    )
    removed += tables.delete_people(layout.table(home, "register"), person_keys=person_keys)
    feedback.forget_people(context.ledger, person_keys=sorted(person_keys))
    registers.forget_people(context.ledger, person_keys=sorted(person_keys))
    return removed


def _versions(context: Context, *, extracts: Sequence[str]) -> dict[Path, tuple[str, ...]]:
    """Tables that hold versions of rows, each with the columns that stay of one whose person is erased."""
    home, contracts = context.settings.home, load_extracts(context.settings.project)
    found = {layout.table(home, name): leaving for name, leaving in VERSIONED.items()}
    for extract in extracts:
        stay = STAY if set(STAY) <= set(contracts[extract].names()) else ()
        found[layout.linked(home, extract)] = (*LINKED_VERSION, *stay)
    return found


def published_with(context: Context, *, person_keys: Sequence[str]) -> list[str]:
    """Ids of published editions whose files may hold these people, sorted: rather one too many than one too few.

    Those that list them; the practice's next ones, which name who left; corrections beside them, which name who went;
    and the localities of the same run, or of one that took the practice's list from there.
    """
    gone = set(person_keys)
    editions = registers.list_editions(context.ledger)
    listing = set(registers.editions_with(context.ledger, person_keys=sorted(gone)))
    nights = {(one.code, one.as_of) for one in editions if one.edition_id in listing}
    found = set(listing)
    for edition in editions:
        run = runs.get_run(context.ledger, edition.run_key)
        continued = dict(run.inputs.get("previous_editions") or {}) if run is not None else {}
        if edition.plane == "practice":
            last = registers.last_edition(context.ledger, plane="practice", code=edition.code, before=edition.as_of)
            before = {continued.get(edition.code), last.edition_id if last is not None else None}
            if before & listing or (edition.code, edition.as_of) in nights:
                found.add(edition.edition_id)
        elif listing & set(continued.values()):
            found.add(edition.edition_id)
    runs_with = {edition.run_key for edition in editions if edition.edition_id in listing}
    register = layout.table(context.settings.home, "register")
    if tables.exists(register):
        rows = tables.read(register, columns=["run_key", "person_key"]).to_pylist()
        runs_with |= {row["run_key"] for row in rows if row["person_key"] in gone}
    found |= {one.edition_id for one in editions if one.plane == "locality" and one.run_key in runs_with}
    return sorted(found)
