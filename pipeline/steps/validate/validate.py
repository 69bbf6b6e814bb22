"""Validate: check one delivery against its contract and its sender's history, and sort its rows.

A delivery that breaks a rule at refuse level is refused whole and the last good one stays in use; only its Type 1
dissents are set apart, since they must not wait for a better file. Values never leave the identified zone: report,
ledger and messages speak of rules and row numbers. It links nobody.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from pipeline.channels.supplier_report import write_report
from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.contracts.extract_format import Format
from pipeline.contracts.holidays import load_holidays
from pipeline.contracts.receipt import Receipt, RefusedByRule, read_receipt
from pipeline.engines.expectations import Checks
from pipeline.engines.file_rows import FileRows
from pipeline.errors import PipelineError, UserError
from pipeline.ledger import profiles
from pipeline.ledger.decisions import REFUSED_BY_PERSON, is_accepted_by_person
from pipeline.ledger.deliveries import Delivery, get_delivery, list_deliveries, record_format, record_verdict
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.at_hand.lineage import traced_delivery
from pipeline.steps.opt_out.erasure import OBJECTIONS
from pipeline.steps.validate.delivery_report import report_of
from pipeline.steps.validate.rows import Seen, dissents, look_through, seen
from pipeline.steps.validate.staging import staged_text
from pipeline.steps.validate.verdict import (
    History,
    Verdict,
    against_history,
    decide,
    history_of,
    minimum_rows,
    refuse,
    rows_on_header,
)
from pipeline.store import layout, tables
from pipeline.store.pile import Pile

FINAL = ("accepted", "duplicate", "held")


@traced_delivery("validate")
def validate(context: Context, *, delivery_id: str) -> StepResult:
    """Give one received delivery its verdict; one that has its verdict, or a person's, is left as it is."""
    delivery = get_delivery(context.ledger, delivery_id)
    if delivery is None:
        raise UserError("No such delivery", where=delivery_id, next_step="run receive, then status")
    original = layout.original(context.settings.home, delivery_id)
    by_person = delivery.state == "refused" and delivery.reason_code == REFUSED_BY_PERSON
    if delivery.state in FINAL or by_person or (delivery.state == "refused" and not original.is_file()):
        return _result(delivery)
    contract = load_extracts(context.settings.project)[delivery.extract]
    # read and decide, with the rows waiting on piles; write: rows first
    receipt = _kept_receipt(original, delivery_id=delivery_id)
    earlier = _earlier(context, delivery)
    try:
        verdict = _judged(context, delivery, contract=contract, receipt=receipt, earlier=earlier)
    except RefusedByRule as error:
        verdict = refuse(receipt, error=error)
    # then what the supplier reads, and last the verdict that makes the rows count
    write_report(
        layout.delivery_report(context.settings.home, delivery_id),
        report=report_of(verdict, delivery=delivery, contract=contract, receipt=receipt, earlier=earlier),
    )
    profiles.record_profile(context.ledger, delivery_id, verdict.measures)
    record_verdict(
        context.ledger,
        delivery_id=delivery_id,
        state=verdict.state,
        reason_code=verdict.reason_code,
        reason=verdict.reason,
        content_digest=verdict.content_digest,
        latest_event_date=verdict.latest_event_date,
        **verdict.counts,
    )
    return StepResult(counts=verdict.counts, digest=verdict.content_digest)


def verdicts(context: Context, *, delivery_id: str | None = None) -> Iterator[str]:
    """Validate one delivery, or all that wait; a line on each as soon as it has its verdict."""
    waiting = [one.delivery_id for one in list_deliveries(context.ledger, states=["received"])]
    for name in [delivery_id] if delivery_id else waiting:
        validate(context, delivery_id=name)
        verdict = get_delivery(context.ledger, name)
        if verdict is not None:
            yield f"{name}: {verdict.state}" + (f" ({verdict.reason_code})" if verdict.reason_code else "")


def _kept_receipt(original: Path, *, delivery_id: str) -> Receipt:
    path = original.with_name(f"{delivery_id}.receipt.json")
    if not (path.is_file() and original.is_file()):
        raise PipelineError(f"delivery {delivery_id} is in the ledger but its original bytes are gone")
    return read_receipt(path.read_bytes(), where=delivery_id)


def _earlier(context: Context, delivery: Delivery) -> list[Delivery]:
    """Accepted deliveries of the sender, received before this one."""
    accepted = list_deliveries(context.ledger, states=["accepted"], extract=delivery.extract, sender=delivery.sender)
    return [one for one in accepted if one.received_at < delivery.received_at]


def _judged(
    context: Context, delivery: Delivery, *, contract: ExtractContract, receipt: Receipt, earlier: Sequence[Delivery]
) -> Verdict:
    """Read the whole file, decide, and write its rows; raises RefusedByRule for one that cannot be read."""
    folder = layout.staging(context.settings.home, delivery.delivery_id)
    with (
        staged_text(context, delivery, contract=contract, receipt=receipt) as staged,
        FileRows(
            staged.path,
            contract=contract,
            receipt=receipt,
            threads=context.settings.threads,
            memory_limit=context.settings.memory_limit,
            spill_folder=folder / "spill",
        ) as rows,
        seen(folder) as account,
    ):
        written = rows.read_as(staged.formats)
        checks = Checks(contract)
        look_through(rows, checks=checks, receipt=receipt, account=account)
        history = _history(context, delivery, contract=contract, receipt=receipt, earlier=earlier)
        values = {"rows_on_receipt": receipt.rows, "minimum_rows": minimum_rows(contract, history=history)}
        values["rows_on_header"] = rows_on_header(receipt, otherwise=rows.total)
        results = checks.results(values=values)
        results += against_history(contract, receipt=receipt, measures=account.measures, history=history)
        verdict = decide(
            account,
            rows_in=rows.total,
            results=results,
            contract=contract,
            is_accepted_by_person=is_accepted_by_person(context.ledger, delivery.delivery_id),
        )
        _write_rows(context, delivery, verdict=verdict, rows=rows, account=account, folder=folder)
    record_format(context.ledger, delivery_id=delivery.delivery_id, format_name=written.name)
    return replace(verdict, notes=(*staged.notes, *_format_notes(written)))


def _format_notes(written: Format) -> tuple[str, ...]:
    return () if written.is_current else (f"The file was read in the older format “{written.name}”.",)


def _history(
    context: Context, delivery: Delivery, *, contract: ExtractContract, receipt: Receipt, earlier: Sequence[Delivery]
) -> History:
    measured = profiles.read_profiles(
        context.ledger, extract=delivery.extract, sender=delivery.sender, before=delivery.received_at
    )
    return history_of(
        contract,
        receipt=receipt,
        earlier=earlier,
        profiles={name: {key: float(value) for key, value in one.items()} for name, one in measured.items()},
        rest_days=load_holidays(context.settings.project),
    )


def _write_rows(
    context: Context, delivery: Delivery, *, verdict: Verdict, rows: FileRows, account: Seen, folder: Path
) -> None:
    home, extract = context.settings.home, delivery.extract
    if verdict.state == "accepted":
        _replace(layout.clean(home, extract), account.kept, delivery=delivery, schema=rows.clean_schema)
        _replace(layout.quarantine(home, extract), account.broken, delivery=delivery, schema=rows.quarantine_schema)
    elif extract == "gp_event":
        # Nothing of a refused delivery is used, but for what it says of people who do not want theirs used.
        listed = [row for name in OBJECTIONS for row in context.codelists()[name].rows()]
        codes = [row["code"] for row in listed if row["meaning"] == "dissent"]
        with Pile(folder / "dissent.parquet") as pile:
            dissents(rows, codes=codes, rule=str(verdict.reason_code), pile=pile)
            _replace(layout.quarantine(home, extract), pile, delivery=delivery, schema=rows.quarantine_schema)


def _replace(path: Path, pile: Pile, *, delivery: Delivery, schema: pa.Schema) -> None:
    """Make the pile the delivery's slice; an empty one takes away what an earlier verdict may have left."""
    stream = pile.stream() if pile.rows else None
    if stream is not None:
        tables.replace_slice_with(path, stream, column="delivery_id", value=delivery.delivery_id)
    else:
        tables.clear_slice(path, column="delivery_id", value=delivery.delivery_id, schema=schema)


def _result(delivery: Delivery) -> StepResult:
    names = ("in", "valid", "duplicate", "superseded", "broken", "refused")
    counts = {f"rows_{name}": int(getattr(delivery, f"rows_{name}")) for name in names}
    return StepResult(counts=counts, digest=delivery.content_digest)
