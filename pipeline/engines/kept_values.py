"""Withholds from rows on their way out of the identified zone what cannot be a code in the column it stands in."""

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.extract_parts import Column
from pipeline.rules.kept_values import LARGEST_NUMBER, may_be_kept


def keep_codes(rows: pa.Table, *, contract: ExtractContract) -> tuple[pa.Table, int]:
    """The rows with null in place of what is withheld in columns that are kept, and how many values that were.

    Every distinct text is looked at once. Dates stay: a date in a column of dates is a date.
    """
    withheld = 0
    for column in contract.columns:
        if column.privacy == "keep" and column.name in rows.column_names:
            values = rows[column.name]
            mask = _withheld(values, column)
            count = int(pc.sum(pc.cast(mask, pa.int64())).as_py() or 0) if mask is not None else 0
            if count:
                kept = pc.if_else(mask, pa.scalar(None, values.type), values)
                rows = rows.set_column(rows.column_names.index(column.name), column.name, kept)
                withheld += count
    return rows, withheld


def _withheld(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray | None:
    if pa.types.is_string(values.type):
        told = values.unique().drop_null().to_pylist()
        minded = [value for value in told if not may_be_kept(value, codes=column.codes)]
        return pc.is_in(values, value_set=pa.array(minded, type=values.type)) if minded else None
    if pa.types.is_decimal(values.type) or pa.types.is_integer(values.type):
        return pc.fill_null(pc.greater(pc.abs(pc.cast(values, pa.float64())), float(LARGEST_NUMBER)), False)
    return None
