"""Gates in the audit: which source was open or closed for a run, and why; and that a gate stopped a night."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from pipeline.contracts.policy import SOURCES, Policy
from pipeline.errors import GateClosed
from pipeline.ledger import audit
from pipeline.ledger.runs import Run
from pipeline.rules.times import index_date
from pipeline.steps.at_hand.context import Context

OPENED, STOPPED = "gates", "gate_closed"


@contextmanager
def stops_are_told(context: Context, *, as_of: date) -> Iterator[None]:
    """A gate that closes within the block is entered in the audit; the error goes on."""
    try:
        yield
    except GateClosed as closed:
        subject = f"night of {as_of}: {closed.what}, {closed.where}"
        audit.append(
            context.ledger,
            at=context.now(),
            who="pipeline",
            action=STOPPED,
            run_key=None,
            subject=subject,
            counts={},
        )
        raise


def tell_gates(context: Context, *, policy: Policy, run: Run) -> Run:
    """Enter, once for a run, what each source's gate was on its index date; gives the run back."""
    if not audit.list_entries(context.ledger, action=OPENED, run_key=run.run_key):
        gates = {source: _gate(policy, source, day=index_date(run.as_of)) for source in SOURCES}
        opened = sum(says.startswith("open") for says in gates.values())
        audit.append(
            context.ledger,
            at=context.now(),
            who="pipeline",
            action=OPENED,
            run_key=run.run_key,
            subject="; ".join(f"{source} {says}" for source, says in gates.items()),
            counts={"open": opened, "closed": len(gates) - opened},
        )
    return run


def _gate(policy: Policy, source: str, *, day: date) -> str:
    """Open for what and on which basis, or why it is closed."""
    uses = {use: policy.basis_for(source, use, day) for use in ("score", "show")}
    named = {use: entry.cag_reference for use, entry in uses.items() if entry is not None}
    if named:
        return "open to " + " and ".join(f"{use} ({reference})" for use, reference in named.items())
    entries = [one for one in policy.sources if one.source == source and one.purpose == "case_finding"]
    if not entries:
        return "closed: no entry in the policy"
    last = max(one.valid_to for one in entries)
    return f"closed: entry ended on {last}" if last < day else "closed: no entry covers the day"
