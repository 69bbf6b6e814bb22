"""The run: what a night is made from, frozen under its key before anything is computed.

`open_run` gives the run of a night, making and freezing it the first time and finding it again after a crash or
when a step is run alone. It never computes a result itself.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from pipeline.contracts.code import code_digest, reference_digest
from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.contracts.model import load_plan
from pipeline.contracts.policy import Policy, load_policy
from pipeline.contracts.watching import load_watching
from pipeline.errors import ContractError, GateClosed, ModelUnfit, UserError
from pipeline.ledger import models, registers, runs
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.ledger.recalls import recalls
from pipeline.ledger.runs import Run
from pipeline.rules.decision_words import check_correction
from pipeline.rules.run_key import digest_of, run_key
from pipeline.rules.times import has_come, index_date, intake_cut_off
from pipeline.steps.at_hand.audit_gates import stops_are_told, tell_gates
from pipeline.steps.at_hand.codelists import released_lists
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.feedback_state import feedback_set
from pipeline.steps.at_hand.previous import to_continue
from pipeline.steps.at_hand.reference_data import reference_as_known
from pipeline.steps.at_hand.stops import stop_is_kept
from pipeline.steps.opt_out.erasure import current_erasure
from pipeline.steps.opt_out.national_opt_out import check_gate
from pipeline.steps.run.not_used import NOT_USED, not_used, stood_at
from pipeline.steps.run.source_sets import available_sources, fitting_set
from pipeline.steps.run.watch_nights import nights_to_watch
from pipeline.steps.validate.overrule import as_decided_then

MODEL = "emergency_admission_12m"


def check_has_come(context: Context, *, as_of: date) -> None:
    """Raises UserError for a night that lies ahead: published, it would make a replay of every night until it comes."""
    if not has_come(as_of, now=context.now()):
        raise UserError(
            f"The night of {as_of} has not come: it can be made from 18:00 London time on that day",
            where=f"--as-of (in Airflow partition key or parameter as_of); it is {context.now():%Y-%m-%d %H:%M} UTC",
            next_step="look at the year, the month and the day. To play a night that lies ahead, set RISKSTRAT_NOW",
        )


@stop_is_kept("freeze")
def open_run(context: Context, *, as_of: date, knowledge: str, correction: str | None = None) -> Run:
    """The frozen run of this night; raises GateClosed, ModelUnfit or ContractError when it may not be made, and
    UserError when it has not come.

    A night that finished is not made anew by itself: whatever has changed since gives a replay, which disturbs
    nobody. With a reason in `correction` it gives a corrected edition beside the published one; raises UserError for a
    reason that may not be kept.
    """
    check_has_come(context, as_of=as_of)
    if correction is not None:
        check_correction(correction)
    with stops_are_told(context, as_of=as_of):
        policy = open_gate(context, as_of=as_of)
    champion = _champion(context, as_of=as_of)
    available = delivery_set(context, as_of=as_of, knowledge=knowledge)
    if knowledge == "then" and correction is None:
        available = permitted(context, as_decided_then(context, available, as_of=as_of), as_of=as_of)

    def made_of(kind: str, deliveries: list[Delivery], *, reopens: Run | None = None) -> dict[str, object]:
        return inputs_of(
            context,
            policy=policy,
            champion=champion,
            deliveries=deliveries,
            as_of=as_of,
            named={"kind": kind, "knowledge": knowledge, "correction": correction},
            reopens=reopens,
        )

    kind = _kind(context, as_of=as_of, knowledge=knowledge, correction=correction)
    finished = runs.get_run(context.ledger, run_key(made_of("nightly", available)))
    if kind == "replay" and finished is not None and finished.state == "finished":
        return finished
    unfinished = runs.find_unfinished(context.ledger, kind=kind, as_of=as_of, knowledge=knowledge)
    if unfinished is not None:
        frozen = set(runs.run_deliveries(context.ledger, unfinished.run_key))
        held = [delivery for delivery in available if delivery.delivery_id in frozen]
        if run_key(made_of(kind, held, reopens=unfinished)) == unfinished.run_key:
            return tell_gates(context, policy=policy, run=unfinished)
        _refuse_two_runs_on_one_date(context, unfinished, correction=correction)
    inputs = made_of(kind, available)
    made = _same_correction(context, inputs, as_of=as_of)
    if made is not None:
        return made
    frozen_now = runs.freeze_run(
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
    return tell_gates(context, policy=policy, run=frozen_now)


def _refuse_two_runs_on_one_date(context: Context, unfinished: Run, *, correction: str | None) -> None:
    """A night that published some packs and then changed what it is made of must not publish the rest unasked."""
    published = [e for e in registers.list_editions(context.ledger) if e.run_key == unfinished.run_key]
    if published and unfinished.kind == "nightly" and correction is None:
        raise UserError(
            "The night stopped after publishing some packs, and something that decides its result has changed since",
            where=f"night of {unfinished.as_of}, run {unfinished.run_key}, {len(published)} packs published",
            next_step="put the policy, model or code back and start it again; or publish all packs anew with "
            f"riskstrat nightly --as-of {unfinished.as_of} --correct REASON",
        )


def policy_of_run(context: Context, run: Run) -> Policy:
    """The policy the run was frozen with; raises UserError when the file has changed since."""
    policy = load_policy(context.settings.policy_file)
    if run.inputs.get("policy", policy.digest) != policy.digest:
        raise UserError(
            "The policy file has changed since the run was frozen",
            where=f"night of {run.as_of}, run {run.run_key}",
            next_step=f"start the night again: riskstrat nightly --as-of {run.as_of}",
        )
    return policy


def _champion(context: Context, *, as_of: date) -> models.Model:
    champion = models.champion(context.ledger, name=MODEL)
    if champion is None:
        raise ModelUnfit(
            "No model is promoted, so nobody can be scored",
            where=f"night of {as_of}",
            next_step="train one (riskstrat train --as-of DATE), look at its evaluation, then riskstrat promote",
        )
    return champion


def _source_set(
    context: Context, champion: models.Model, *, policy: Policy, delivery_ids: list[str], as_of: date
) -> str | None:
    """The champion's set for the sources that may be used tonight and cover anybody; ModelUnfit when none fits."""
    if champion.source_sets is None:  # trained before there were sets: scoring says that it must be trained anew
        return None
    day = index_date(as_of)
    available = available_sources(context, policy=policy, day=day, delivery_ids=delivery_ids)
    return fitting_set(champion.source_sets, available, model_id=champion.model_id, where=f"night of {as_of}")


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
    _check_data_sets(context, policy)
    check_gate(context, policy, day=day, sources=policy.national_opt_out_sources(day))
    if not policy.participating(day):
        raise GateClosed(
            "No practice has an agreement that covers the night",
            where=f"policy {policy.policy} on {day}",
            next_step="add or renew a practice's agreement",
        )
    return policy


def _check_data_sets(context: Context, policy: Policy) -> None:
    """Raises ContractError where a letter covers an extract that is none, or one of another source."""
    source_of = {name: contract.source for name, contract in load_extracts(context.settings.project).items()}
    wrong = sorted(
        f"{name} under {entry.source}"
        for entry in policy.sources
        for name in entry.data_sets
        if source_of.get(name) != entry.source
    )
    if wrong:
        raise ContractError(
            "The policy covers a data set that no extract of that source is called by",
            where=f"policy {policy.policy}, data_sets: {', '.join(wrong)}",
            next_step="use the names of expectations/extracts",
        )


def delivery_set(context: Context, *, as_of: date, knowledge: str) -> list[Delivery]:
    """Deliveries of a night, as decided now: accepted, and such as the policy lets be used on its index date.

    Received before its cut-off (`then`), or all there are (`now`).
    """
    before = intake_cut_off(as_of) if knowledge == "then" else None
    accepted = list_deliveries(context.ledger, states=["accepted"], received_before=before)
    return permitted(context, accepted, as_of=as_of)


def permitted(context: Context, deliveries: Sequence[Delivery], *, as_of: date) -> list[Delivery]:
    """Those that a letter covers and whose sender has an agreement; a file in which nobody is needs neither."""
    policy, extracts = load_policy(context.settings.policy_file), load_extracts(context.settings.project)
    return [one for one in deliveries if why_not_used(policy, extracts, one, day=index_date(as_of)) is None]


def why_not_used(
    policy: Policy, extracts: Mapping[str, ExtractContract], delivery: Delivery, *, day: date
) -> str | None:
    """Why the policy keeps a delivery out on the day; None when it does not."""
    contract = extracts.get(delivery.extract)
    if contract is None or contract.person is None:
        return None
    if not policy.covers_data_set(delivery.extract, source=contract.source, day=day):
        return f"no letter covers “{contract.title}”"
    if not policy.supplies(delivery.sender, day):
        return f"{delivery.sender} has no agreement to supply"
    return None


def may_ever_be_used(policy: Policy, extracts: Mapping[str, ExtractContract], delivery: Delivery) -> bool:
    """Whether the policy lets a delivery be used on some day after it was received: only then is it linked."""
    came = delivery.received_at.date()
    begins = [entry.valid_from for entry in (*policy.sources, *policy.providers)]
    days = {came, index_date(came), *(day for day in begins if day > came)}
    return any(why_not_used(policy, extracts, delivery, day=day) is None for day in sorted(days))


def _same_correction(context: Context, inputs: Mapping[str, object], *, as_of: date) -> Run | None:
    """The finished run of this very correction, or None.

    Its own editions stand in the ledger now, so that what comes before them is no longer what a new run would continue.
    """
    if inputs["correction"] is None:
        return None

    def but_for_editions(of: Mapping[str, object]) -> str:
        return run_key({**of, "previous_editions": None})

    same = but_for_editions(inputs)
    nights = runs.list_runs(context.ledger, as_of=as_of, kind="nightly")
    return next((one for one in nights if one.state == "finished" and but_for_editions(one.inputs) == same), None)


def _kind(context: Context, *, as_of: date, knowledge: str, correction: str | None) -> str:
    """A night is a replay when told with today's knowledge, when it finished before, or when a later one counts.

    Of a night the last revision counts, unless it is recalled: a recall must give back the nights before it.
    """
    if correction is not None:
        return "nightly"
    if knowledge == "now":
        return "replay"
    taken_back, current = recalls(context.ledger), registers.list_editions(context.ledger)
    newest = {(e.plane, e.code, e.as_of): e.edition_id for e in current if e.kind == "current" and e.as_of > as_of}
    published = set(newest.values()) - taken_back.keys()
    finished = [r for r in runs.list_runs(context.ledger, as_of=as_of, kind="nightly") if r.state == "finished"]
    return "replay" if published or finished else "nightly"


def inputs_of(
    context: Context,
    *,
    policy: Policy,
    champion: models.Model,
    deliveries: list[Delivery],
    as_of: date,
    named: dict[str, str | None],
    chained: Mapping[str, object] | None = None,
    among: Collection[str] | None = None,
    reopens: Run | None = None,
    stood: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """Everything that decides the result (docs/architecture.md, "Same inputs, same bytes").

    `chained`: what a night of a backfill continues, where that is not what a night of its date would. `among`: the runs
    that it knows of, where those are not all. `reopens`: a run cut short, which comes before what it published itself.
    `stood`: how deliveries stood that it may know of, where that is not as they do now.
    """
    delivery_ids = [delivery.delivery_id for delivery in deliveries]
    as_then = named["knowledge"] == "then" and named["correction"] is None
    first = runs.first_finished(context.ledger, as_of=as_of) if as_then else None
    continues = to_continue(
        context.ledger,
        reference_as_known(context, delivery_ids=delivery_ids),
        codes=[practice.practice_code for practice in policy.participating(index_date(as_of))],
        as_of=as_of,
        first=first,
        corrects=named["correction"] is not None,
        among=among,
        reopens=reopens.run_key if reopens is not None else None,
    )
    if stood is None:
        stood = stood_at(context, reopens or first)
    project = context.settings.project
    return {
        **named,
        "as_of": as_of.isoformat(),
        "deliveries": digest_of(sorted([d.delivery_id, d.content_digest] for d in deliveries)),
        NOT_USED: not_used(context, as_of=as_of, delivery_ids=delivery_ids, stood=stood),
        "policy": policy.digest,
        "reference": reference_digest(project),
        "codelist_release": released_lists(context),
        "code": code_digest(project),
        "model_id": champion.model_id,
        "source_set": _source_set(context, champion, policy=policy, delivery_ids=delivery_ids, as_of=as_of),
        **(chained or continues),
        "feedback": feedback_set(
            context, as_of=as_of, knowledge=str(named["knowledge"]), correction=named["correction"]
        ),
        "erasure": current_erasure(context).digest,
        "keys": context.keys.ids,
        "watching": nights_to_watch(
            context,
            as_of=as_of,
            watching=load_watching(project, MODEL),
            plan=load_plan(project, MODEL),
            model_id=champion.model_id,
            among=among,
        ),
    }
