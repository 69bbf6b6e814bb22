"""Alerts: what somebody must be told of tonight, told once and not every night, by the ways the deployment declares.

`notify` finds and sends; `alerts_of_night` only finds. A notice that could not be sent stops no night: it is recorded
with the reason, and told with the next one.
"""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime

from pipeline import clock
from pipeline.channels.notify import SENT, send_email, write_line
from pipeline.contracts.alerts import Alerts, load_alerts
from pipeline.contracts.notify_plan import WITHOUT_PLAN, NotifyPlan, load_notify_plan
from pipeline.contracts.settings import Settings
from pipeline.errors import ContractError, PipelineError
from pipeline.ledger.connect import Ledger, ledger_or_none
from pipeline.ledger.notices import Notice, last_notice, record_notice
from pipeline.ledger.runs import Run
from pipeline.log import say, step_log
from pipeline.rules.alerts import Alert, Case, alerts_of, at_least, notice_lines, still_open, summary, to_tell
from pipeline.steps.at_hand.context import RESTORING, ROTATING, Context
from pipeline.steps.tell.alert_cases import cases_of_night
from pipeline.steps.tell.alerts_told import alerts_in, open_alerts, unsent_ways
from pipeline.steps.tell.status import Finding, status

# Way that stands for a plan that cannot be read.
PLAN = "plan"
CLOSED = ("home_closed", "keys_not_of_home", "restore_stopped")


def alerts_of_night(
    context: Context,
    run: Run | None = None,
    *,
    as_of: date | None = None,
    events: Sequence[Case] = (),
    findings: Sequence[Finding] | None = None,
) -> list[Alert]:
    """Everything that is so now about the night of `run` or `as_of`, the gravest first, and what is over.

    `events` are what only a scheduler knows (`task_failed`), `findings` those of status where it was asked already.
    Nothing is told of a replay, which disturbs nobody.
    """
    night = as_of if run is None else run.as_of
    if night is None:
        raise PipelineError("alerts are asked for and neither a run nor a night is named")
    if run is not None and run.kind == "replay":
        return []
    declared = load_alerts(context.settings.project, context.settings.home)
    found = status(context).findings if findings is None else findings
    cases = [*cases_of_night(context, declared, as_of=night, findings=found), *events]
    return _alerts(declared, cases, open_before=open_alerts(context), on=context.now().date())


def send(context: Context, alerts: Sequence[Alert], *, as_of: date, run_key: str | None = None) -> dict[str, str]:
    """Hand the notice to each declared way, and record it: way to `sent` or why not. Nothing where nothing is new.

    What the last notice could not hand over is tried again whether or not something is new. Raises nothing of a way.
    """
    declared = load_alerts(context.settings.project, context.settings.home)
    now = context.now()
    last = last_notice(context.ledger)
    is_due = to_tell(
        alerts,
        last_told=None if last is None else last.at.date(),
        on=now.date(),
        remind_after_days=declared.bounds.remind_after_days,
    )
    if not is_due and not (alerts and unsent_ways(context)):
        return {}
    ways = _hand_over(context.settings, alerts, as_of=as_of, run_key=run_key, at=now)
    rows = [one.as_row() for one in alerts]
    record_notice(context.ledger, notice=Notice(at=now, as_of=as_of, run_key=run_key, alerts=rows, ways=ways))
    return ways


def notify(context: Context, *, as_of: date, run: Run | None = None, events: Sequence[Case] = ()) -> dict[str, int]:
    """Find and send; counts of alerts open, of those that stop publication, of ways that took it and that did not."""
    alerts = alerts_of_night(context, run, as_of=as_of, events=events)
    ways = send(context, alerts, as_of=as_of, run_key=None if run is None else run.run_key)
    is_open = still_open(alerts)
    return {
        "open": len(is_open),
        "stopped": len(at_least(is_open, severity="stopped")),
        "sent": sum(why == SENT for why in ways.values()),
        "unsent": sum(why != SENT for why in ways.values()),
    }


def task_failed(dag_id: str, task_id: str) -> Case:
    """What a scheduler says of a task that failed for good."""
    return Case("task_failed", f"{dag_id}.{task_id}")


def notify_closed_home(settings: Settings, error: Exception, *, as_of: date) -> dict[str, str]:
    """Tell that the home cannot be opened at all; what becomes of each way.

    The ledger says whether it was told before, where it may be read: not while a restore or a rotation stands half-way.
    """
    declared = load_alerts(settings.project, settings.home)
    case, ledger = _why_closed(settings, error)
    now = settings.now or clock.now()
    last = None if ledger is None else last_notice(ledger)
    open_before = [] if last is None else still_open(alerts_in(last))
    # Of everything else nothing is known while the home is closed: it stays as it was told.
    others = [Case(one.name, subject) for one in open_before if one.name not in CLOSED for subject in one.subjects]
    alerts = _alerts(declared, [*others, case], open_before=open_before, on=now.date())
    days = declared.bounds.remind_after_days
    if not to_tell(alerts, last_told=None if last is None else last.at.date(), on=now.date(), remind_after_days=days):
        return {}
    ways = _hand_over(settings, alerts, as_of=as_of, run_key=None, at=now)
    if ledger is not None:
        rows = [one.as_row() for one in alerts]
        record_notice(ledger, notice=Notice(at=now, as_of=as_of, run_key=None, alerts=rows, ways=ways))
    return ways


def _alerts(declared: Alerts, cases: Sequence[Case], *, open_before: Sequence[Alert], on: date) -> list[Alert]:
    return alerts_of(
        cases, kinds=declared.declared, open_before=open_before, on=on, names_most=declared.bounds.names_most
    )


def _why_closed(settings: Settings, error: Exception) -> tuple[Case, Ledger | None]:
    if (settings.home / RESTORING).exists():
        return Case("restore_stopped", "restore"), None
    if (settings.home / ROTATING).exists():
        return Case("keys_not_of_home", "a rotation of keys stopped"), None
    ledger = ledger_or_none(settings.ledger_url, anchor=settings.audit_anchor)
    if ledger is None:
        return Case("home_closed", "the ledger does not open"), None
    if "not those this home is under" in str(error):
        return Case("keys_not_of_home", "other keys"), ledger
    return Case("home_closed", "keys"), ledger


def _hand_over(
    settings: Settings, alerts: Sequence[Alert], *, as_of: date, run_key: str | None, at: datetime
) -> dict[str, str]:
    """One notice by each way; a plan that cannot be read falls back to the file in the home's logs, and says so."""
    plan, ways = _plan(settings)
    lines = notice_lines(alerts, as_of=as_of)
    if plan.file is not None:
        content = {
            "at": at.isoformat(),
            "as_of": as_of.isoformat(),
            "run_key": run_key,
            "summary": summary(alerts),
            "alerts": [one.as_row() for one in alerts],
        }
        ways["file"] = write_line(settings.home / plan.file.path, content)
    if plan.email is not None:
        mine = at_least(alerts, severity=plan.email.least)
        if mine:
            ways["email"] = send_email(
                plan.email,
                subject=f"Risk registers, night of {as_of}: {summary(mine)}",
                lines=notice_lines(mine, as_of=as_of),
                at=at,
                message_id=_message_id(lines, at=at),
            )
    for way, why in ways.items():
        if why != SENT:
            step_log(step="notify").error("a notice did not go out", where=way, reason_code=why)
            say(f"  notice by {way}: {why}")
    return ways


def _plan(settings: Settings) -> tuple[NotifyPlan, dict[str, str]]:
    try:
        return load_notify_plan(settings.notify_file, project=settings.project), {}
    except ContractError as error:
        return WITHOUT_PLAN, {PLAN: f"not read ({error.where})"}


def _message_id(lines: Sequence[str], *, at: datetime) -> str:
    """The same notice handed over twice is one message to whoever receives it."""
    return hashlib.sha256("\n".join([at.isoformat(), *lines]).encode()).hexdigest()[:32]
