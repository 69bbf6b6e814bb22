"""Link: find the person of each row, leave out those who may not be used, replace identifiers by person keys.

A row is its person's when its NHS number is valid and the GP lists say of that number the birth date it carries
(docs/decisions/0021). Reads the clean rows of accepted deliveries, writes `pseudonymised/linked/<extract>` (one slice
per delivery), the vault, and the rows that found no person. When the set of dissenting people changes, people who
newly dissent are erased, and deliveries that speak of people who no longer dissent are linked again.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.contracts.policy import load_policy
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.ledger import steps
from pipeline.ledger.deliveries import Delivery, list_deliveries, record_linkage
from pipeline.rules.nhs_number import is_valid
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.at_hand.lineage import traced_intake
from pipeline.steps.at_hand.number_changes import keep_number_changes
from pipeline.steps.at_hand.vault_use import audited_vault
from pipeline.steps.link.again import is_judged_otherwise, remember_lists
from pipeline.steps.link.checks import rows_in_conflict, tell
from pipeline.steps.link.lists import LISTS, Lists
from pipeline.steps.link.reference_rows import keep_reference_rows
from pipeline.steps.link.rows import RESTRICTED, Linker, Made
from pipeline.steps.opt_out.applied import apply_erasure, remember_erased
from pipeline.steps.opt_out.erasure import Erasure, delivery_relation, key_of
from pipeline.steps.opt_out.national_opt_out import applies_now
from pipeline.steps.run.run import may_ever_be_used
from pipeline.store import layout, tables
from pipeline.store.allowed import forget_allowed
from pipeline.store.vault import Identity, Vault

# Counted up when rows are linked otherwise than before, so that what an earlier release linked is linked anew.
# 2: a version that is nobody's stays, and hides the one it replaces.
WAY = 2
COUNTED = ("rows_linked", "rows_unlinked", "rows_conflict", "rows_opted_out", "codes_masked", "values_withheld")


@traced_intake("link")
def link(context: Context) -> StepResult:
    """Link every accepted delivery that is not linked under the present key, dissent set and lists."""
    # read
    declared = load_extracts(context.settings.project)
    contracts = {name: contract for name, contract in declared.items() if contract.person is not None}
    everything = list_deliveries(context.ledger, states=["accepted"])
    policy = load_policy(context.settings.policy_file)
    accepted = [one for one in everything if one.extract in contracts and may_ever_be_used(policy, declared, one)]
    vault = audited_vault(context, purpose="linkage")
    # decide
    applied = apply_erasure(context, vault=vault)
    stated, erasure = applied.stated, applied.erasure
    was_checked = layout.allowed(context.settings.home).is_file() and not applies_now(context)
    # write
    counts = {"deliveries": 0, "rows_erased": applied.rows, **dict.fromkeys(COUNTED, 0)}
    with Lists(context) as lists:
        pending = accepted
        if not was_checked:
            pending = _pending(context, accepted, returned=applied.returned, lists=lists)
        for extract, contract in contracts.items():
            deliveries = [delivery for delivery in pending if delivery.extract == extract]
            made = _link_extract(context, contract, deliveries=deliveries, erasure=erasure, vault=vault, lists=lists)
            counts = {name: count + made.get(name, 0) for name, count in counts.items()}
        lists.open()
        keep_number_changes(
            context, changes=lists.changes, listed_in=lists.listed_in, left_out=erasure.nhs_numbers,
            made_by=context.keys.person_id,
        )  # fmt: skip
        remember_lists(context, lists)
    keep_reference_rows(context, contracts=declared, accepted=everything)
    remember_erased(context, stated.person_keys)
    vault.close()
    if was_checked:
        # Everyone left out for want of an answer is linked again, and nothing is left to rely on.
        forget_allowed(layout.allowed(context.settings.home))
    counts["people_opted_out"] = len(erasure.person_keys)
    counts |= {f"people_{reason}": count for reason, count in erasure.reasons.items()}
    return StepResult(counts=counts, digest=erasure.digest)


def _link_extract(
    context: Context,
    contract: ExtractContract,
    *,
    deliveries: Sequence[Delivery],
    erasure: Erasure,
    vault: Vault,
    lists: Lists,
) -> dict[str, int]:
    """Link these deliveries of one extract; rows by what became of them."""
    for delivery in deliveries:
        steps.start_step(context.ledger, scope=delivery.delivery_id, step="link", at=context.now())
        # Whatever events were made of an earlier linkage are stale from here on.
        steps.start_step(context.ledger, scope=delivery.delivery_id, step="events", at=context.now())
    counts = {"deliveries": len(deliveries), **dict.fromkeys(COUNTED, 0)}
    linker = Linker(context, contract, erasure=erasure, lists=lists)
    for group, made in linker.link(deliveries):
        if contract.extract == LISTS:
            vault.put(_identities(context, erasure=erasure, numbers=made.numbers, vault=vault, lists=lists))
        counts["codes_masked"] += made.masked
        counts["values_withheld"] += made.withheld
        for delivery in group:
            recorded = _record(context, delivery, made=made)
            counts |= {name: counts[name] + count for name, count in recorded.items() if name in counts}
    return counts


def _identities(context: Context, *, erasure: Erasure, numbers: set[str], vault: Vault, lists: Lists) -> list[Identity]:
    """Identities, as known now, of the people these rows speak of, and of all whose practice is not what it was.

    Dissenting people are left out. Nobody may be told of a person without an open registration, of one who is
    confidential or whose rows were withdrawn, or of two under one number: they stand under no practice (''). Whoever is
    listed under a superseded number stands under that and the current one: nights before the change know the first.
    """
    project, home = context.settings.project, context.settings.home
    accepted = list_deliveries(context.ledger, states=["accepted"], extract="gp_patient")
    ids = [delivery.delivery_id for delivery in accepted]
    files = tables.files(layout.clean(home, "gp_patient"), column="delivery_id", values=ids)
    with Engine(threads=context.settings.threads, memory_limit=context.settings.memory_limit) as engine:
        engine.add_parquet("clean_gp_patient", files)
        engine.add_arrow("delivery", delivery_relation(accepted))
        engine.add_arrow("superseded_number", lists.open().table("superseded_number"))
        engine.add_arrow("disputed_number", lists.open().table("disputed_number"))
        found = engine.fetch(load_query(project / "sql" / "link" / "current_identity.sql"))
    people = [
        Identity(person_key=key_of(context, number), **row)
        for row in found.to_pylist()
        for number in sorted({row.pop("person_number"), row["nhs_number"]})
        if is_valid(number) and not {number, row["nhs_number"]} & erasure.nhs_numbers
    ]
    held = vault.practices([person.person_key for person in people])
    return [one for one in people if one.nhs_number in numbers or held.get(one.person_key) != one.practice_code]


def _record(context: Context, delivery: Delivery, *, made: Made) -> dict[str, int]:
    name = delivery.delivery_id
    unlinked, opted_out = made.unlinked.get(name, 0), made.opted_out.get(name, 0)
    conflict = rows_in_conflict(delivery, made.found.get(name, {}))
    record_linkage(
        context.ledger, delivery_id=name, rows_unlinked=unlinked, rows_opted_out=opted_out, rows_conflict=conflict
    )
    counts = {
        "rows_linked": delivery.rows_valid - unlinked - opted_out - conflict,
        "rows_unlinked": unlinked,
        "rows_conflict": conflict,
        "rows_unlisted": made.unlisted.get(name, 0),
        "rows_opted_out": opted_out,
    }
    tell(context, delivery, found=made.found.get(name, {}), counts=counts)
    steps.finish_step(
        context.ledger, scope=name, step="link", at=context.now(), counts=counts, digest=_linked_by(context)
    )
    return counts


def _pending(
    context: Context, accepted: Sequence[Delivery], *, returned: frozenset[str], lists: Lists
) -> list[Delivery]:
    """Deliveries never linked, linked under another key or masked otherwise, of people who no longer dissent, or with
    rows of which the lists now say something else."""
    again = _deliveries_of(context, accepted, person_keys=returned) if returned else set()
    again |= is_judged_otherwise(context, accepted, lists=lists)
    pending, made_by = [], _linked_by(context)
    for delivery in accepted:
        record = steps.find_step(context.ledger, scope=delivery.delivery_id, step="link")
        done = record is not None and record.state == "finished" and record.digest == made_by
        if not done or delivery.delivery_id in again:
            pending.append(delivery)
    return pending


def _linked_by(context: Context) -> str:
    """What decides how a row is linked, whoever it is of: the key, the codes to be masked, and this code's own way."""
    return f"{context.keys.person_id}.{context.codelists()[RESTRICTED].digest[:16]}.{WAY}"


def _deliveries_of(context: Context, accepted: Sequence[Delivery], *, person_keys: frozenset[str]) -> set[str]:
    found: set[str] = set()
    for extract in {delivery.extract for delivery in accepted}:
        rows = tables.read(layout.clean(context.settings.home, extract), columns=["delivery_id", "nhs_number"])
        numbers = {
            number
            for number in rows["nhs_number"].unique().to_pylist()
            if number and is_valid(number) and key_of(context, number) in person_keys
        }
        if numbers:
            mask = pc.is_in(rows["nhs_number"], value_set=pa.array(sorted(numbers), type=pa.string()))
            found.update(rows.filter(mask)["delivery_id"].unique().to_pylist())
    return found
