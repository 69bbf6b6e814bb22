"""Files in which nobody is: the organisations of the region, and NHS numbers that were superseded.

Whole snapshots. Of a superseded number only the two numbers and the day of the change are told, in block order.
"""

import numpy as np
import pyarrow as pa

from pipeline.synthetic.deliveries.senders import REFERENCE
from pipeline.synthetic.latent.block import Block
from pipeline.synthetic.records.rows import Rows, dates, same

ICB, OPENED = "QMJ", "2022-07-01"
_CHANGED_WITHIN_DAYS, _CHANGED_SPREAD = 1_200, 37


def reference_rows(extract: str, block: Block, *, headers: tuple[str, ...], today: int) -> Rows:
    """The part of a snapshot that a block of people adds; organisations come with the first block."""
    table = _organisations(block, headers) if extract == "reference_organisation" else _changes(block, today=today)
    count = table.num_rows
    sender = np.full(count, REFERENCE[extract])
    return Rows(table.select(list(headers)), np.full(count, -1), np.full(count, today), sender)


def _organisations(block: Block, headers: tuple[str, ...]) -> pa.Table:
    """Every practice of the frame as it has been since the integrated care board began; other columns are empty."""
    practices = block.frame.practices if block.number == 0 else ()
    known = {
        "PracticeCode": [one.code for one in practices],
        "PracticeName": [_plain(one.name) for one in practices],
        "PCNCode": [one.pcn_code for one in practices],
        "PCNName": [_plain(one.pcn_name) for one in practices],
        "BoroughCode": [one.borough_code for one in practices],
        "BoroughName": [_plain(one.borough_name) for one in practices],
        "ICBCode": [ICB] * len(practices),
        "ValidFrom": [OPENED] * len(practices),
    }
    empty: list[str | None] = [None] * len(practices)
    return pa.table({header: pa.array(known.get(header, empty), pa.string()) for header in headers})


def _changes(block: Block, *, today: int) -> pa.Table:
    people = block.people
    who = np.flatnonzero(people.superseded_nhs_number != "")
    changed = today - 30 - who * _CHANGED_SPREAD % _CHANGED_WITHIN_DAYS
    return pa.table(
        {
            "SupersededNHSNumber": pa.array(people.superseded_nhs_number[who].tolist(), pa.string()),
            "CurrentNHSNumber": pa.array(people.nhs_number[who].tolist(), pa.string()),
            "ChangedDate": dates(changed) if len(who) else same(None, 0),
        }
    )


def _plain(name: str) -> str:
    """A name without what a CSV field would have to be quoted for."""
    return " ".join(name.replace(",", " ").replace('"', "").split())
