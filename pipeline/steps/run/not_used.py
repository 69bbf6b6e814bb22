"""What had come for a night and is not in it, as it stood when the run was frozen: what its registers say is missing.

Frozen with the run and part of its key, so that a file which lands or is judged later changes no byte of packs that are
made again under that key.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date

from pipeline.ledger import runs
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.ledger.runs import Run
from pipeline.rules.times import intake_cut_off
from pipeline.steps.at_hand.context import Context

NOT_USED = "not_used"


def not_used(
    context: Context, *, as_of: date, delivery_ids: Collection[str], stood: Mapping[str, str] | None = None
) -> dict[str, str]:
    """State by id of every delivery received before the night's cut-off and none of `delivery_ids`.

    With `stood`, only those it names, in the state it gives.
    """
    came = list_deliveries(context.ledger, received_before=intake_cut_off(as_of))
    states = {one.delivery_id: one.state for one in came} if stood is None else stood
    wanted = {one.delivery_id for one in came} - set(delivery_ids)
    return {name: states[name] for name in sorted(wanted & states.keys())}


def stood_at(context: Context, run: Run | None) -> dict[str, str] | None:
    """State by id of every delivery that the run knew of; None for one frozen before this was kept, and for no run."""
    if run is None or NOT_USED not in run.inputs:
        return None
    used = dict.fromkeys(runs.run_deliveries(context.ledger, run.run_key), "accepted")
    return {**run.inputs[NOT_USED], **used}


def known_when_frozen(context: Context, run: Run) -> list[Delivery]:
    """Deliveries received before the night's cut-off, as they stood when the run was frozen, by received_at, then id.

    Of a run from before this was kept: as the ledger has them now.
    """
    came, stood = list_deliveries(context.ledger, received_before=intake_cut_off(run.as_of)), stood_at(context, run)
    if stood is None:
        return came
    return [replace(one, state=stood[one.delivery_id]) for one in came if one.delivery_id in stood]
