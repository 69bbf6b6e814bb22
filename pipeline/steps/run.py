"""The run: what a night is made from, frozen under its key before anything is computed.

`open_run` gives the run of a night, making and freezing it the first time and finding it again after a crash or
when a step is run alone. It never computes a result itself.
"""

from datetime import date

from pipeline.contracts.code import code_digest, reference_digest
from pipeline.contracts.policy import Policy, load_policy
from pipeline.errors import GateClosed, ModelUnfit
from pipeline.ledger import models, registers, runs
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.ledger.runs import Run
from pipeline.rules.run_key import digest_of, run_key
from pipeline.rules.times import index_date, intake_cut_off
from pipeline.steps.context import Context
from pipeline.steps.erasure import current_erasure

MODEL = "emergency_admission_12m"


def open_run(context: Context, *, as_of: date, knowledge: str) -> Run:
    """The frozen run of this night; raises GateClosed, ModelUnfit or ContractError when it may not be made."""
    policy = open_gate(context, as_of=as_of)
    champion = models.champion(context.ledger, name=MODEL)
    if champion is None:
        raise ModelUnfit(
            "No model is promoted, so nobody can be scored",
            where=f"night of {as_of}",
            next_step="train one (riskstrat train --as-of DATE), look at its evaluation, then riskstrat promote",
        )
    kind = _kind(context, as_of=as_of, knowledge=knowledge)
    unfinished = runs.find_unfinished(context.ledger, kind=kind, as_of=as_of, knowledge=knowledge)
    available = delivery_set(context, as_of=as_of, knowledge=knowledge)
    if unfinished is not None:
        frozen = set(runs.run_deliveries(context.ledger, unfinished.run_key))
        held = [delivery for delivery in available if delivery.delivery_id in frozen]
        again = _inputs(context, kind, as_of, knowledge, policy=policy, model_id=champion.model_id, deliveries=held)
        if run_key(again) == unfinished.run_key:
            return unfinished
    inputs = _inputs(context, kind, as_of, knowledge, policy=policy, model_id=champion.model_id, deliveries=available)
    return runs.freeze_run(
        context.ledger,
        run_key=run_key(inputs),
        kind=kind,
        as_of=as_of,
        knowledge=knowledge,
        model_id=champion.model_id,
        inputs=inputs,
        delivery_ids=[delivery.delivery_id for delivery in available],
        at=context.now(),
    )


def open_gate(context: Context, *, as_of: date) -> Policy:
    """The policy, if it lets anything be scored on the index date; raises GateClosed otherwise."""
    policy = load_policy(context.settings.policy_file)
    day = index_date(as_of)
    usable = policy.usable_sources("score", day)
    if "gp" not in usable:
        raise GateClosed(
            "The policy holds no valid basis for GP data, so nobody's registration may be read",
            where=f"policy {policy.policy} on {day}",
            next_step="renew the entry for source gp, purpose case_finding, or stop the schedule",
        )
    for source in usable:
        entry = policy.basis_for(source, "score", day)
        if entry is not None and entry.national_data_opt_out_applies:
            raise GateClosed(
                f"The National Data Opt-Out applies to {source}, and this release cannot yet ask the check service",
                where=f"policy {policy.policy}, source {source}",
                next_step="take the source out of the policy, or record the exemption its approval letter gives",
            )
    if not policy.participating(day):
        raise GateClosed(
            "No practice has an agreement that covers the night",
            where=f"policy {policy.policy} on {day}",
            next_step="add or renew a practice's agreement",
        )
    return policy


def delivery_set(context: Context, *, as_of: date, knowledge: str) -> list[Delivery]:
    """Accepted deliveries of a night: received before its cut-off (`then`) or all there are (`now`)."""
    before = intake_cut_off(as_of) if knowledge == "then" else None
    return list_deliveries(context.ledger, states=["accepted"], received_before=before)


def _kind(context: Context, *, as_of: date, knowledge: str) -> str:
    """A night is a replay when told with today's knowledge, or when a later night has been published since."""
    if knowledge == "now":
        return "replay"
    later = [e for e in registers.list_editions(context.ledger) if e.kind == "current" and e.as_of > as_of]
    return "replay" if later else "nightly"


def _inputs(
    context: Context,
    kind: str,
    as_of: date,
    knowledge: str,
    *,
    policy: Policy,
    model_id: str,
    deliveries: list[Delivery],
) -> dict[str, object]:
    previous = {}
    for practice in policy.participating(index_date(as_of)):
        edition = registers.last_edition(context.ledger, plane="practice", code=practice.practice_code, before=as_of)
        previous[practice.practice_code] = edition.edition_id if edition else None
    project = context.settings.project
    return {
        "as_of": as_of.isoformat(),
        "kind": kind,
        "knowledge": knowledge,
        "deliveries": digest_of(sorted([d.delivery_id, d.content_digest] for d in deliveries)),
        "policy": policy.digest,
        "reference": reference_digest(project),
        "code": code_digest(project),
        "model_id": model_id,
        "previous_editions": previous,
        "feedback": digest_of([]),
        "erasure": current_erasure(context).digest,
        "keys": context.keys.ids,
    }
