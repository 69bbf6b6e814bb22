"""The same rows as an older format wrote them: other headers, columns it did not have, values under other names.

The contract says what differs (`formats` in its YAML); rows come under the current headers.
"""

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.extract_format import Format


def in_format(table: pa.Table, *, contract: ExtractContract, form: str) -> pa.Table:
    """The table as a file of this format holds it; columns the contract does not declare raise ValueError."""
    chosen = named_format(contract, form)
    if tuple(table.column_names) != contract.headers():
        raise ValueError(f"{contract.extract}: rows are not under the contract's headers")
    columns: dict[str, pa.ChunkedArray] = {}
    for column in contract.columns:
        if column.name in chosen.absent:
            continue
        values = table[column.header]
        mapping = chosen.values.get(column.name, {})
        if mapping:
            values = _renamed(values, mapping)
        columns[chosen.headers.get(column.name, column.header)] = values
    return pa.table(columns)


def named_format(contract: ExtractContract, name: str) -> Format:
    """The format of this name; raises KeyError when the contract has none such."""
    for one in contract.formats:
        if one.name == name:
            return one
    raise KeyError(f"{contract.extract} has no format {name}")


def _renamed(values: pa.ChunkedArray, mapping: dict[str, str]) -> pa.ChunkedArray:
    """Current values as the older format called them; of several older names for one, the first."""
    older: dict[str, str] = {}
    for old, current in mapping.items():
        older.setdefault(current, old)
    found = pc.index_in(values, value_set=pa.array(list(older), pa.string()))
    names = pa.array(list(older.values()), pa.string())
    return pc.coalesce(names.take(found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found), values)
