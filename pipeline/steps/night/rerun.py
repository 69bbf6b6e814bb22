"""Rerun: a person has a night's run done again from a stage on, under the same run key or not at all.

For a store that was damaged or lost a slice, and for stages that must be seen to give the same. Nothing that was
published is replaced: publication leaves every pack that is out, and puts back only those that are gone from the disk,
byte for byte what the ledger recorded. What has changed since the run was frozen is for a replay or a correction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipeline.contracts.policy import load_policy
from pipeline.errors import PipelineError, UserError
from pipeline.ledger import audit, models, registers, runs, steps
from pipeline.ledger.deliveries import list_deliveries
from pipeline.ledger.recalls import recalls
from pipeline.ledger.runs import Run
from pipeline.rules.decision_words import check_words
from pipeline.rules.run_key import digest_of
from pipeline.rules.stages import STAGES
from pipeline.steps.at_hand.context import Context
from pipeline.steps.night.after_night import after_night
from pipeline.steps.night.nightly import run_stage
from pipeline.steps.run.not_used import NOT_USED
from pipeline.steps.run.run import MODEL, inputs_of
from pipeline.steps.tell.run_report import run_of

ACTION = "rerun"
# Read by the stages from the run as it was frozen, whatever was published, recalled or landed since.
FROZEN = frozenset({"previous_editions", "recalled", NOT_USED})
PUBLISH = STAGES[-1]


@dataclass(frozen=True)
class Rerun:
    """What was done again: stages in their order, and of each whether it gave what it had given before (None: it had
    given nothing that can be compared)."""

    run: Run
    same: Mapping[str, bool | None]


def rerun(
    context: Context, *, as_of: date, from_stage: str, who: str, reason: str, run_key: str | None = None
) -> Rerun:
    """Do the night's run again from this stage on; who and why are in the audit before anything is done.

    Raises UserError when what the run is made of has changed, when an edition of it was recalled, and when a stage
    gives something else than before while packs of the run are out.
    """
    # read
    check_words(who, reason)
    run = run_of(context, as_of=as_of, run_key=run_key)
    mine = [one for one in registers.list_editions(context.ledger) if one.run_key == run.run_key]
    # decide
    _refuse_recalled(context, run)
    _refuse_changed(run, changed_since(context, run))
    # write
    audit.append(
        context.ledger,
        at=context.now(),
        who=who,
        action=ACTION,
        run_key=run.run_key,
        subject=f"night of {run.as_of} from {from_stage}: {reason}",
        counts={"editions": len(mine)},
    )
    same: dict[str, bool | None] = {}
    try:
        for name in STAGES[STAGES.index(from_stage) :]:
            if name == PUBLISH and mine:
                _refuse_other_packs(run, same, packs=len(mine))
            before = steps.find_step(context.ledger, scope=run.run_key, step=name)
            known = before.digest if before is not None else None
            made = run_stage(context, name, run=run, again=True)
            same[name] = None if known is None or made.digest is None else known == made.digest
    finally:
        after_night(context, run=run)
    return Rerun(run=run, same=same)


def changed_since(context: Context, run: Run) -> list[str]:
    """Names of what the run is made of that is not as it was when the run was frozen, sorted."""
    model = models.find_model(context.ledger, name=MODEL, model_id=str(run.model_id))
    if model is None:
        return ["model_id"]
    frozen = set(runs.run_deliveries(context.ledger, run.run_key))
    now = inputs_of(
        context,
        policy=load_policy(context.settings.policy_file),
        champion=model,
        deliveries=[one for one in list_deliveries(context.ledger) if one.delivery_id in frozen],
        as_of=run.as_of,
        named={name: run.inputs.get(name) for name in ("kind", "knowledge", "correction")},
    )
    named = ({*run.inputs, *now} - FROZEN) if run.inputs else set(now)
    return sorted(name for name in named if _differs(run.inputs, now, name))


def _differs(then: Mapping[str, Any], now: Mapping[str, Any], name: str) -> bool:
    return digest_of(then.get(name)) != digest_of(now.get(name))


def _refuse_changed(run: Run, changed: list[str]) -> None:
    if changed:
        raise UserError(
            f"What this run is made of has changed since it was frozen: {', '.join(changed)}",
            where=f"night of {run.as_of}, run {run.run_key}",
            next_step="put it back; or make the night anew, which disturbs nobody: riskstrat nightly --as-of "
            f"{run.as_of}; or, to replace what is out, the same with --correct REASON",
        )


def _refuse_recalled(context: Context, run: Run) -> None:
    taken_back = recalls(context.ledger)
    every = registers.list_editions(context.ledger)
    gone = [one.edition_id for one in every if one.run_key == run.run_key and one.edition_id in taken_back]
    if gone:
        raise UserError(
            "Editions of this run were recalled, and a rerun would bring the same ones back",
            where=", ".join(gone),
            next_step=f"replace them: riskstrat nightly --as-of {run.as_of} --correct REASON",
        )


def _refuse_other_packs(run: Run, same: Mapping[str, bool | None], *, packs: int) -> None:
    """Packs that are out were made from what the stages gave before: nothing may go out beside them unseen."""
    other = [name for name, is_same in same.items() if is_same is False]
    if other:
        raise PipelineError(
            f"run {run.run_key}, night of {run.as_of}: {', '.join(other)} gave something else than before, of the same "
            f"inputs; {packs} packs are out and stay as they are. Keep the home as it is and ask for help"
        )


def told(done: Rerun) -> list[str]:
    """A line for each stage."""
    words = {True: "the same as before", False: "OTHER than before", None: "nothing to compare with"}
    return [f"{name}: {words[is_same]}" for name, is_same in done.same.items()]
