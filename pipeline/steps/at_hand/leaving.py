"""What is to leave, as rows of the outbox: made here, entered in the transaction that records edition or recall.

A row names its recipient as the plan does at that moment, and the digest of what must arrive. Its local id is made of
codes, dates and the run alone, since carriers and their help desks see it.
"""

from collections.abc import Mapping
from datetime import date

from pipeline.channels.pack_seal import RECALLED
from pipeline.channels.parcel import digest, files_of, packed
from pipeline.contracts.delivery_plan import DeliveryPlan, Recipient, load_delivery_plan
from pipeline.ledger.outbox import Outgoing
from pipeline.ledger.registers import Edition
from pipeline.rules.times import index_date
from pipeline.steps.at_hand.context import Context


def delivery_plan(context: Context) -> DeliveryPlan | None:
    """The plan in force; None where nothing leaves by itself."""
    return load_delivery_plan(context.settings.delivery_file, project=context.settings.project)


def pack_leaves(context: Context, edition: Edition) -> list[Outgoing]:
    """The row of an edition's pack; none for a replay, or when the plan names nobody."""
    recipient = None if edition.kind != "current" else _recipient(context, edition)
    if recipient is None:
        return []
    return [_row(context, edition, recipient, kind="register", files=files_of(context.settings.home / edition.path))]


def replay_leaves(context: Context, edition: Edition, *, day: date) -> list[Outgoing]:
    """The row of a backfill's pack, sent because it was asked for, to whom the plan names on the day, if anybody."""
    plan = delivery_plan(context)
    recipient = plan.recipient(plane=edition.plane, code=edition.code, day=day) if plan is not None else None
    if recipient is None:
        return []
    return [_row(context, edition, recipient, kind="register", files=files_of(context.settings.home / edition.path))]


def notice_leaves(context: Context, edition: Edition, *, notice: bytes) -> list[Outgoing]:
    """The row of the notice that an edition was recalled, for `outbox.recall`; empty when the plan names nobody."""
    recipient = _recipient(context, edition)
    return [] if recipient is None else [_row(context, edition, recipient, kind="recall", files={RECALLED: notice})]


def _recipient(context: Context, edition: Edition) -> Recipient | None:
    plan = delivery_plan(context)
    day = index_date(edition.as_of)
    return None if plan is None else plan.recipient(plane=edition.plane, code=edition.code, day=day)


def _row(
    context: Context, edition: Edition, recipient: Recipient, *, kind: str, files: Mapping[str, bytes]
) -> Outgoing:
    plan = delivery_plan(context)
    named = plan.mesh.workflows if plan is not None and plan.mesh is not None else None
    workflow = "" if named is None else named.register_pack if kind == "register" else named.recall
    told = f"{edition.code}_{edition.as_of:%Y%m%d}_r{edition.revision}_{edition.run_key[:8]}"
    return Outgoing(
        local_id=f"{kind}-{edition.plane}-{told.replace('_', '-')}",
        edition_id=edition.edition_id,
        kind=kind,
        plane=edition.plane,
        code=edition.code,
        way=recipient.way,
        recipient=recipient.address,
        workflow=workflow,
        file_name=f"{'RISKREG' if kind == 'register' else 'RECALL'}_{told}.zip",
        sha256=digest(packed(files)),
        entered_at=context.now(),
    )
