"""Validate: check one delivery against its contract and sort its rows into clean, quarantined or repeated.

A delivery that breaks a rule at refuse level is refused whole and the last good one stays in use; only its Type 1
dissents are set apart, since they must not wait for a better file. Values never leave the identified zone: report,
ledger and messages speak of rules and row numbers. It links nobody.
"""

from pathlib import Path

import pyarrow as pa

from pipeline.channels import landing
from pipeline.channels.supplier_report import write_report
from pipeline.contracts.codelist import load_codelists
from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.contracts.receipt import Receipt, RefusedByRule, read_receipt
from pipeline.engines.file_rows import clean_rows, numbers_of_rows, quarantine_rows, read_rows
from pipeline.errors import PipelineError, UserError
from pipeline.ledger.deliveries import Delivery, get_delivery, list_deliveries, record_verdict
from pipeline.steps.context import Context, StepResult
from pipeline.steps.validate_verdict import Verdict, judge, minimum_rows, refuse, report_of
from pipeline.store import layout, tables
from pipeline.store.sealed import unseal


def validate(context: Context, *, delivery_id: str) -> StepResult:
    """Give one received delivery its verdict; an accepted or duplicate one is left as it is."""
    delivery = get_delivery(context.ledger, delivery_id)
    if delivery is None:
        raise UserError("No such delivery", where=delivery_id, next_step="run receive, then status")
    original = layout.original(context.settings.home, delivery_id)
    if delivery.state in ("accepted", "duplicate") or (delivery.state == "refused" and not original.is_file()):
        return _result(delivery)
    contract = load_extracts(context.settings.project)[delivery.extract]
    # read and decide
    receipt = _kept_receipt(original, delivery_id=delivery_id)
    text = None
    try:
        text = _text(context, delivery, contract=contract)
        verdict = _judged(context, delivery, contract=contract, receipt=receipt, text=text)
    except RefusedByRule as error:
        verdict = refuse(receipt, error=error)
    # write: rows, then what the supplier reads, and last the verdict that makes them count
    _write_rows(context, delivery, contract=contract, verdict=verdict, text=text)
    write_report(
        layout.delivery_report(context.settings.home, delivery_id),
        report=report_of(verdict, delivery=delivery, contract=contract),
    )
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


def _kept_receipt(original: Path, *, delivery_id: str) -> Receipt:
    path = original.with_name(f"{delivery_id}.receipt.json")
    if not (path.is_file() and original.is_file()):
        raise PipelineError(f"delivery {delivery_id} is in the ledger but its original bytes are gone")
    return read_receipt(path.read_bytes(), where=delivery_id)


def _text(context: Context, delivery: Delivery, *, contract: ExtractContract) -> pa.Table:
    sealed = layout.original(context.settings.home, delivery.delivery_id).read_bytes()
    data = unseal(sealed, key=context.keys.original, name=delivery.delivery_id)
    where = delivery.delivery_id
    body = landing.unpack(data, file_name=delivery.file_name)
    return landing.parse_csv(body, headers=contract.headers(), names=contract.names(), where=where)


def _judged(
    context: Context, delivery: Delivery, *, contract: ExtractContract, receipt: Receipt, text: pa.Table
) -> Verdict:
    rows = read_rows(
        text,
        contract=contract,
        receipt=receipt,
        threads=context.settings.threads,
        memory_limit=context.settings.memory_limit,
    )
    accepted = list_deliveries(context.ledger, states=["accepted"], extract=delivery.extract, sender=delivery.sender)
    earlier = [one for one in accepted if one.received_at < delivery.received_at]
    return judge(
        rows,
        contract=contract,
        receipt=receipt,
        least=minimum_rows(contract, receipt=receipt, earlier=earlier),
    )


def _write_rows(
    context: Context,
    delivery: Delivery,
    *,
    contract: ExtractContract,
    verdict: Verdict,
    text: pa.Table | None,
) -> None:
    if text is None:
        return
    home, extract = context.settings.home, delivery.extract
    slices, broken = {}, verdict.broken
    if verdict.kept is not None:
        slices[layout.clean(home, extract)] = clean_rows(verdict.kept, contract=contract)
    elif extract == "gp_event":
        # Nothing of a refused delivery is used, but for what it says of people who do not want theirs used.
        listed = load_codelists(context.settings.project)["type_1_objection"].rows()
        dissent = [row["code"] for row in listed if row["meaning"] == "dissent"]
        numbers = numbers_of_rows(text, column="snomed_code", codes=dissent)
        broken = {number: [str(verdict.reason_code)] for number in numbers}
    else:
        return
    slices[layout.quarantine(home, extract)] = quarantine_rows(text, broken=broken, contract=contract)
    for path, rows in slices.items():
        tables.replace_slice(path, rows, column="delivery_id", value=delivery.delivery_id)


def _result(delivery: Delivery) -> StepResult:
    names = ("in", "valid", "duplicate", "superseded", "broken", "refused")
    counts = {f"rows_{name}": int(getattr(delivery, f"rows_{name}")) for name in names}
    return StepResult(counts=counts, digest=delivery.content_digest)
