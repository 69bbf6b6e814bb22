"""Taking who may not be used now out of the store, before a step reads it: by `link`, and again by whoever comes later.

A dissent counts from the moment its delivery was validated, and between that and the next `link` a night may be on its
way. So the steps that put people before somebody ask first, and erase whoever `link` has not erased yet.
"""

from dataclasses import dataclass

import pyarrow as pa

from pipeline.contracts.extract import load_extracts
from pipeline.ledger import steps
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.vault_use import audited_vault
from pipeline.steps.opt_out.erasure import Erasure, current_erasure, erase, held_in_store, stated_erasure
from pipeline.store import layout, tables
from pipeline.store.vault import Vault

# Where the ledger keeps the digest of the erasure that the store is under.
SCOPE, STEP = "erasure", "apply"


@dataclass(frozen=True)
class Applied:
    """Who is left out now, who was erased before and objects no longer, and how many rows went."""

    stated: Erasure
    erasure: Erasure
    returned: frozenset[str]
    rows: int


def apply_erasure(context: Context, *, vault: Vault) -> Applied:
    """Erase whoever may not be used now and is still held. Raises GateClosed where the check service must be asked
    first: then whoever objects in their record is erased all the same."""
    extracts = [name for name, contract in load_extracts(context.settings.project).items() if contract.person]
    stated, before = stated_erasure(context), erased_before(context)
    rows = erase(context, person_keys=sorted(stated.person_keys - before), extracts=extracts, vault=vault)
    remember_erased(context, before | stated.person_keys)
    erasure = current_erasure(context)
    not_allowed = held_in_store(
        context, person_keys=erasure.person_keys - stated.person_keys, extracts=extracts, vault=vault
    )
    rows += erase(context, person_keys=sorted(not_allowed), extracts=extracts, vault=vault)
    steps.start_step(context.ledger, scope=SCOPE, step=STEP, at=context.now())
    steps.finish_step(context.ledger, scope=SCOPE, step=STEP, at=context.now(), counts={}, digest=erasure.digest)
    return Applied(stated, erasure, before - erasure.person_keys, rows)


def erase_first(context: Context, *, run_key: str) -> Erasure:
    """Who may not be used now, erased from everything that the caller is about to read; raises as `apply_erasure`."""
    erasure = current_erasure(context)
    record = steps.find_step(context.ledger, scope=SCOPE, step=STEP)
    if record is not None and record.digest == erasure.digest:
        return erasure
    vault = audited_vault(context, purpose="erasure", run_key=run_key)
    try:
        return apply_erasure(context, vault=vault).erasure
    finally:
        vault.close()


def erased_before(context: Context) -> frozenset[str]:
    """Whom the records left out when people were last erased."""
    path = layout.erased(context.settings.home)
    if not tables.exists(path):
        return frozenset()
    return frozenset(tables.read(path, column="set", values=["current"])["person_key"].to_pylist())


def remember_erased(context: Context, person_keys: frozenset[str]) -> None:
    """Who the records leave out; never whom the check service did not allow: nobody's opt-out is kept."""
    if tables.exists(layout.erased(context.settings.home)) and person_keys == erased_before(context):
        return
    rows = pa.table({"person_key": pa.array(sorted(person_keys), type=pa.string())})
    path = layout.erased(context.settings.home)
    tables.replace_slice(path, rows, column="set", value="current")
    # Who objected once and does no longer is not kept in a file that no version names.
    tables.delete_slices(path, column="set", values=[])
