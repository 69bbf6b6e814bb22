"""The rows of a delivery as text, laid out beside the store for as long as they are judged.

Opens the sealed original and nothing else: what lies in the landing folder may have changed since.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.channels.landing_text import StagedText, stage_text
from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.receipt import Receipt
from pipeline.ledger.deliveries import Delivery, record_format
from pipeline.steps.at_hand.context import Context
from pipeline.store import layout
from pipeline.store.sealed import open_sealed


@contextmanager
def staged_text(
    context: Context, delivery: Delivery, *, contract: ExtractContract, receipt: Receipt
) -> Iterator[StagedText]:
    """The delivery's rows as a Parquet file of text; removed at the end, also after a kill, by the next attempt.

    Records the format when the header alone tells it; where several fit, the caller decides by the values. Raises
    RefusedByRule (a rule about files) or PipelineError (the original does not open).
    """
    folder = layout.staging(context.settings.home, delivery.delivery_id)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with layout.original(context.settings.home, delivery.delivery_id).open("rb") as sealed:
            staged = stage_text(
                open_sealed(sealed, key=context.keys.original, name=delivery.delivery_id),
                file_name=delivery.file_name,
                contract=contract,
                period_end=receipt.period_end,
                claimed_format=receipt.format,
                target=folder / "rows.parquet",
                where=delivery.delivery_id,
            )
        if len(staged.formats) == 1:
            record_format(context.ledger, delivery_id=delivery.delivery_id, format_name=staged.formats[0].name)
        yield staged
    finally:
        shutil.rmtree(folder, ignore_errors=True)
