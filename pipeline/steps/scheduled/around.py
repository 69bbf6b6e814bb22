"""Tasks around the night: deliveries as they come, the mailbox, training, and what keeps a home in order.

As in tasks.py: plain text in, ids and counts out; None says that there was nothing to do.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.contracts.retention import load_retention
from pipeline.errors import UserError
from pipeline.ledger import runs
from pipeline.ledger.deliveries import list_deliveries
from pipeline.log import say
from pipeline.rules.groups import groups
from pipeline.rules.times import early_from, night_at
from pipeline.steps.at_hand.leaving import delivery_plan
from pipeline.steps.exchange.collect import collect, read_returned
from pipeline.steps.exchange.deliver import deliver
from pipeline.steps.features.events import events
from pipeline.steps.link.link import link
from pipeline.steps.model.evaluate import evaluate
from pipeline.steps.model.train import train
from pipeline.steps.receive.lateness import newly_complete
from pipeline.steps.receive.receive import receive
from pipeline.steps.run.at_work import at_work, night, told_safely
from pipeline.steps.upkeep.audit_trail import verified
from pipeline.steps.upkeep.backup import backup
from pipeline.steps.upkeep.purge import purge, told
from pipeline.steps.validate.validate import validate

# Each task loads what checks rows anew, some seconds of work: few tasks, each of several deliveries.
DELIVERY_GROUPS, DELIVERIES_IN_GROUP = 4, 5


@told_safely
def collect_messages(environment: Mapping[str, str]) -> dict[str, int] | None:
    """Look into the mailbox; None where the delivery plan names none."""
    with at_work(environment) as context:
        plan = delivery_plan(context)
        if plan is None or plan.mesh is None:
            say("no mailbox is declared: deliveries come by the landing folder alone")
            return None
        return collect(context).counts


@told_safely
def receive_deliveries(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """Pick up what lies in the landing folder; all that wait for their verdict, in groups and in order of arrival."""
    with at_work(environment) as context:
        for line in receive(context).told():
            say(line)
        waiting = list_deliveries(context.ledger, states=["received"])
    extract_of = {one.delivery_id: one.extract for one in waiting}
    shared = groups(list(extract_of), at_most=DELIVERY_GROUPS, at_least=DELIVERIES_IN_GROUP)
    return [{"delivery_ids": ids, "extracts": ", ".join(sorted({extract_of[name] for name in ids}))} for ids in shared]


@told_safely
def validate_deliveries(
    environment: Mapping[str, str], *, delivery_ids: Sequence[str], extracts: str
) -> dict[str, int]:
    """Give each of these deliveries its verdict; how many of each."""
    with at_work(environment) as context:
        for name in delivery_ids:
            validate(context, delivery_id=name)
        states = [one.state for one in list_deliveries(context.ledger) if one.delivery_id in delivery_ids]
    say(f"{extracts}: {', '.join(states)}")
    return {state: states.count(state) for state in sorted(set(states))}


@told_safely
def link_deliveries(environment: Mapping[str, str]) -> dict[str, int]:
    """Link what was accepted and bring it into one shape; counts of both."""
    with at_work(environment) as context:
        linked, brought = link(context).counts, events(context).counts
    return {**{f"link_{name}": count for name, count in linked.items()}, **brought}


@told_safely
def complete_sources(environment: Mapping[str, str]) -> dict[str, Any]:
    """The night that deliveries come for now, and its sources that are all in, each told once; none before evening."""
    with at_work(environment) as context:
        now = context.now()
        as_of = night_at(now)
        sources = newly_complete(context, as_of=as_of) if now >= early_from(as_of) else []
    say(f"night of {as_of}: {', '.join(sources) or 'nothing'} newly complete")
    return {"as_of": as_of.isoformat(), "sources": sources}


@told_safely
def exchange_messages(environment: Mapping[str, str]) -> dict[str, int] | None:
    """Send what waits, follow what was sent, and look into the mailbox; None without a delivery plan."""
    with at_work(environment) as context:
        if delivery_plan(context) is None:
            say("no delivery plan: packs are fetched from registers/ by hand")
            return None
        return deliver(context).counts


@told_safely
def read_answers(environment: Mapping[str, str]) -> dict[str, int]:
    """Read every returned register that lies in its folder; counts."""
    with at_work(environment) as context:
        return read_returned(context)


@told_safely
def train_challenger(environment: Mapping[str, str], *, as_of: str | None) -> str:
    """Train from what was known on the night, or else on the last one that finished; the model's id."""
    with at_work(environment) as context:
        finished = [one.as_of for one in runs.list_runs(context.ledger, kind="nightly") if one.state == "finished"]
        if not as_of and not finished:
            raise UserError(
                "No night has finished, so none says what to learn from",
                where="ledger",
                next_step='trigger it with the night whose knowledge to learn from: {"as_of": "2026-11-22"}',
            )
        day = night(as_of) if as_of else max(finished)
        return train(context, as_of=day, hold_back=False).model_id


@told_safely
def judge_challenger(environment: Mapping[str, str], *, model_id: str) -> dict[str, int]:
    """Evaluate the model on its hold-out; counts of people, groups and findings."""
    with at_work(environment) as context:
        return evaluate(context, model_id=model_id).counts


@told_safely
def verify_audit(environment: Mapping[str, str]) -> str:
    """Number and digest of the newest row of a sound audit."""
    with at_work(environment) as context:
        head = verified(context)
    return f"{head.sequence}:{head.digest}"


@told_safely
def make_backup(environment: Mapping[str, str]) -> dict[str, int] | None:
    """A backup in the declared folder, named after the moment; None where no folder is declared."""
    with at_work(environment) as context:
        settings = context.settings
        if settings.backups is None:
            say("no folder for backups is declared: set RISKSTRAT_BACKUPS, or make them another way")
            return None
        made = backup(
            context,
            to=settings.backups / f"backup-{context.now():%Y%m%dT%H%M%SZ}",
            who="housekeeping",
            passphrase_file=settings.backup_passphrase,
            without_keys=settings.backup_passphrase is None,
        )
    for name, is_here in made.databases.items():
        if not is_here:
            say(f"the {name} lies on a server: dump it now, while nothing runs (docs/runbooks/restore.md)")
    return {"files": len(made.files), "people_in_vault": made.people_in_vault}


@told_safely
def purge_home(
    environment: Mapping[str, str], *, delete: str = "False", who: str = "", reason: str = ""
) -> dict[str, int]:
    """Say what is past its time; delete it where a person said so, now or in the home's retention file."""
    with at_work(environment) as context:
        lines = told(context)
        for line in lines:
            say(line)
        declared = load_retention(context.settings.project, context.settings.home)
        if delete == "True":
            return purge(context, who=who, reason=reason).counts
        if declared.deleted_by and declared.deleted_because:
            by = f"housekeeping, decided by {declared.deleted_by}"
            return purge(context, who=by, reason=declared.deleted_because).counts
    return {"deleted": 0}
