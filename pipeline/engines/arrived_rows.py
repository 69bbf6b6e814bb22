"""The rows of a delivery reduced to what linkage is checked by: number, birth date, postcode, name, date."""

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.extract import ExtractContract
from pipeline.engines.file_rows import ROW, event_dates

# What a listing is dated by says nothing of its person's life.
UNDATED = ("gp_patient",)


def arrived_rows(
    rows: pa.Table,
    *,
    contract: ExtractContract,
    usable: Collection[str],
    opted_out: Collection[str],
    in_conflict: pa.ChunkedArray | pa.Array,
) -> pa.Table:
    """Rows as `sql/link/linkage_check.sql` reads them; those of people who dissent are left out.

    `in_conflict`: which rows the GP lists contradict.
    """
    person = contract.identified_by()
    numbers = rows[person.nhs_number]
    nothing = pa.nulls(rows.num_rows, pa.string())
    names = contract.names()
    dates = None if contract.extract in UNDATED else event_dates(rows, contract=contract)
    table = pa.table(
        {
            "delivery_id": pc.cast(rows["delivery_id"], pa.string()),
            ROW: pc.cast(rows[ROW], pa.int64()),
            "nhs_number": numbers,
            "is_usable": pc.is_in(numbers, value_set=pa.array(sorted(usable), type=pa.string())),
            "birth_date": pc.cast(rows[person.birth_date], pa.date32()),
            "postcode": _squeezed(rows["postcode"]) if "postcode" in names else nothing,
            "family_name": pc.utf8_upper(rows["family_name"]) if "family_name" in names else nothing,
            "given_initial": _initial(rows["given_name"]) if "given_name" in names else nothing,
            "is_in_conflict": in_conflict,
            "is_listing": pa.repeat(pa.scalar(contract.extract in UNDATED), rows.num_rows),
            "event_date": pa.nulls(rows.num_rows, pa.date32()) if dates is None else dates,
        }
    )
    dissenting = pc.is_in(table["nhs_number"], value_set=pa.array(sorted(opted_out), type=pa.string()))
    return table.filter(pc.invert(dissenting))


def _squeezed(postcodes: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.utf8_upper(pc.replace_substring(postcodes, " ", ""))


def _initial(names: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.utf8_upper(pc.utf8_slice_codeunits(names, 0, 1))
