"""Link: find the person of each row, leave out those who may not be used, replace identifiers by person keys.

Reads the clean rows of accepted deliveries, writes `pseudonymised/linked/<extract>` (one slice per delivery), the
vault, and the rows that found no person. When the set of dissenting people changes, people who newly dissent are
erased, and deliveries that speak of people who no longer dissent are linked again.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.engines.embedded import Engine
from pipeline.engines.kept_values import keep_codes
from pipeline.engines.pseudonymise import Arrival, Linked, pseudonymise
from pipeline.engines.query import load_query
from pipeline.engines.restricted import mask_restricted, without_withheld
from pipeline.ledger import steps
from pipeline.ledger.deliveries import Delivery, list_deliveries, record_linkage
from pipeline.rules.nhs_number import is_valid
from pipeline.steps.context import Context, StepResult
from pipeline.steps.erasure import (
    Erasure,
    current_erasure,
    delivery_relation,
    erase,
    held_in_store,
    key_of,
    stated_erasure,
)
from pipeline.steps.linkage_checks import Found, LinkageChecks, tell
from pipeline.steps.national_opt_out import applies_now
from pipeline.steps.reference_rows import keep_reference_rows
from pipeline.steps.vault_use import audited_vault
from pipeline.store import layout, tables
from pipeline.store.allowed import forget_allowed
from pipeline.store.vault import Identity, Vault

RESTRICTED = "legally_restricted"


def link(context: Context) -> StepResult:
    """Link every accepted delivery that is not linked under the present key and dissent set."""
    # read
    declared = load_extracts(context.settings.project)
    contracts = {name: contract for name, contract in declared.items() if contract.person is not None}
    everything = list_deliveries(context.ledger, states=["accepted"])
    accepted = [delivery for delivery in everything if delivery.extract in contracts]
    stated = stated_erasure(context)
    vault = audited_vault(context, purpose="linkage")
    # decide
    before = _erased_before(context)
    removed = erase(context, person_keys=sorted(stated.person_keys - before), extracts=list(contracts), vault=vault)
    _remember_erased(context, before | stated.person_keys)
    # Only now: where the check service must be asked first nothing is linked, and dissent counts all the same.
    erasure = current_erasure(context)
    not_allowed = held_in_store(
        context, person_keys=erasure.person_keys - stated.person_keys, extracts=list(contracts), vault=vault
    )
    removed += erase(context, person_keys=sorted(not_allowed), extracts=list(contracts), vault=vault)
    was_checked = layout.allowed(context.settings.home).is_file() and not applies_now(context)
    pending = accepted if was_checked else _pending(context, accepted, returned=before - erasure.person_keys)
    # write
    counts = {"deliveries": 0, "rows_linked": 0, "rows_unlinked": 0, "rows_opted_out": 0, "rows_erased": removed}
    counts |= {"codes_masked": 0, "values_withheld": 0}
    with LinkageChecks(context) as checks:
        for extract, contract in contracts.items():
            deliveries = [delivery for delivery in pending if delivery.extract == extract]
            if deliveries:
                made = _link_extract(
                    context, contract, deliveries=deliveries, erasure=erasure, vault=vault, checks=checks
                )
                counts = {name: count + made.get(name, 0) for name, count in counts.items()}
    keep_reference_rows(context, contracts=declared, accepted=everything)
    _remember_erased(context, stated.person_keys)
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
    checks: LinkageChecks,
) -> dict[str, int]:
    """Link these deliveries of one extract; rows by what became of them."""
    home = context.settings.home
    ids = [delivery.delivery_id for delivery in deliveries]
    for delivery_id in ids:
        steps.start_step(context.ledger, scope=delivery_id, step="link", at=context.now())
        # Whatever events were made of an earlier linkage are stale from here on.
        steps.start_step(context.ledger, scope=delivery_id, step="events", at=context.now())
    sent = tables.read(layout.clean(home, contract.extract), column="delivery_id", values=ids)
    sent = without_withheld(sent, number=contract.identified_by().nhs_number)
    sent, withheld = keep_codes(sent, contract=contract)
    rows, masked = mask_restricted(sent, extract=contract.extract, codelist=context.codelists()[RESTRICTED])
    numbers = rows[contract.identified_by().nhs_number].unique().to_pylist()
    usable = [number for number in numbers if number and is_valid(number)]
    linked = _linked(context, contract, rows=rows, deliveries=deliveries, erasure=erasure, usable=usable)
    tables.replace_slices(layout.linked(home, contract.extract), linked.rows, column="delivery_id", values=ids)
    tables.replace_slices(layout.unlinked(home, contract.extract), linked.unlinked, column="delivery_id", values=ids)
    if contract.extract == "gp_patient":
        vault.put(_identities(context, erasure=erasure, numbers=set(rows["nhs_number"].to_pylist()), vault=vault))
    found = checks.find(rows, contract=contract, usable=usable, opted_out=erasure.nhs_numbers)
    counts = {"deliveries": len(deliveries), "codes_masked": masked, "values_withheld": withheld}
    for delivery in deliveries:
        made = _record(context, delivery, linked=linked, found=found.get(delivery.delivery_id, {}))
        counts |= {name: counts.get(name, 0) + count for name, count in made.items()}
    return counts


def _linked(
    context: Context,
    contract: ExtractContract,
    *,
    rows: pa.Table,
    deliveries: Sequence[Delivery],
    erasure: Erasure,
    usable: Sequence[str],
) -> Linked:
    person_keys = {number: key_of(context, number) for number in usable}
    query = load_query(context.settings.project / "sql" / "link" / "keyed_digest.sql")
    with Engine(threads=context.settings.threads, memory_limit=context.settings.memory_limit) as engine:

        def digests(texts: pa.ChunkedArray) -> pa.Array:
            """Keyed digest of each text, null for null; every distinct text is digested once."""
            distinct = texts.unique().drop_null()
            engine.add_arrow("distinct_text", pa.table({"text": distinct}))
            answer = engine.fetch(query, secret=context.keys.local.hex())
            positions = pc.index_in(texts, value_set=answer["text"].combine_chunks())
            return pc.take(answer["digest"].combine_chunks(), positions)

        return pseudonymise(
            rows,
            contract=contract,
            arrivals={d.delivery_id: Arrival(d.sender, d.kind, d.received_at) for d in deliveries},
            person_keys=person_keys,
            opted_out=erasure.nhs_numbers,
            digests=digests,
        )


def _identities(context: Context, *, erasure: Erasure, numbers: set[str], vault: Vault) -> list[Identity]:
    """Identities, as known now, of the people these rows speak of, and of all whose practice is not what it was.

    Dissenting people are left out. Nobody may be told of a person without an open registration, of one who is
    confidential or whose rows were withdrawn: they stand under no practice ('').
    """
    project, home = context.settings.project, context.settings.home
    accepted = list_deliveries(context.ledger, states=["accepted"], extract="gp_patient")
    ids = [delivery.delivery_id for delivery in accepted]
    files = tables.files(layout.clean(home, "gp_patient"), column="delivery_id", values=ids)
    with Engine(threads=context.settings.threads, memory_limit=context.settings.memory_limit) as engine:
        engine.add_parquet("clean_gp_patient", files)
        engine.add_arrow("delivery", delivery_relation(accepted))
        found = engine.fetch(load_query(project / "sql" / "link" / "current_identity.sql"))
    people = [
        Identity(person_key=key_of(context, row["nhs_number"]), **row)
        for row in found.to_pylist()
        if is_valid(row["nhs_number"]) and row["nhs_number"] not in erasure.nhs_numbers
    ]
    held = vault.practices([person.person_key for person in people])
    return [one for one in people if one.nhs_number in numbers or held.get(one.person_key) != one.practice_code]


def _record(context: Context, delivery: Delivery, *, linked: Linked, found: Found) -> dict[str, int]:
    unlinked = linked.unlinked_by_delivery.get(delivery.delivery_id, 0)
    opted_out = linked.opted_out_by_delivery.get(delivery.delivery_id, 0)
    record_linkage(context.ledger, delivery_id=delivery.delivery_id, rows_unlinked=unlinked, rows_opted_out=opted_out)
    made = {
        "rows_linked": delivery.rows_valid - unlinked - opted_out,
        "rows_unlinked": unlinked,
        "rows_opted_out": opted_out,
    }
    tell(context, delivery, found=found, counts=made)
    steps.finish_step(
        context.ledger,
        scope=delivery.delivery_id,
        step="link",
        at=context.now(),
        counts=made,
        digest=_linked_by(context),
    )
    return made


def _pending(context: Context, accepted: Sequence[Delivery], *, returned: frozenset[str]) -> list[Delivery]:
    """Deliveries never linked, linked under another key or masked otherwise, or of people who no longer dissent."""
    again = _deliveries_of(context, accepted, person_keys=returned) if returned else set()
    pending, made_by = [], _linked_by(context)
    for delivery in accepted:
        record = steps.find_step(context.ledger, scope=delivery.delivery_id, step="link")
        done = record is not None and record.state == "finished" and record.digest == made_by
        if not done or delivery.delivery_id in again:
            pending.append(delivery)
    return pending


def _linked_by(context: Context) -> str:
    """What decides how a row is linked, whoever it is of: the key, and the codes to be masked."""
    return f"{context.keys.person_id}.{context.codelists()[RESTRICTED].digest[:16]}"


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


def _erased_before(context: Context) -> frozenset[str]:
    path = layout.erased(context.settings.home)
    if not tables.exists(path):
        return frozenset()
    return frozenset(tables.read(path, column="set", values=["current"])["person_key"].to_pylist())


def _remember_erased(context: Context, person_keys: frozenset[str]) -> None:
    """Who the records leave out; never whom the check service did not allow: nobody's opt-out is kept."""
    if tables.exists(layout.erased(context.settings.home)) and person_keys == _erased_before(context):
        return
    rows = pa.table({"person_key": pa.array(sorted(person_keys), type=pa.string())})
    path = layout.erased(context.settings.home)
    tables.replace_slice(path, rows, column="set", value="current")
    # Who objected once and does no longer is not kept in a file that no version names.
    tables.delete_slices(path, column="set", values=[])
