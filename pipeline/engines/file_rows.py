"""Gives the rows of a file their types, finds repeats and older versions, and digests the whole.

Part of `validate`: DuckDB over the text table. It judges nothing but repetition; rules are the contract's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.extract import Column, ExtractContract
from pipeline.contracts.receipt import Receipt

DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
# How each type is written; anything else is unreadable. Moments have no zone or Z: UTC.
SHAPES = {
    "date": (DATE, "date"),
    "timestamp": (DATE + r"[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z?", "timestamp"),
    "integer": (r"-?[0-9]{1,18}", "bigint"),
    "decimal": (r"-?[0-9]{1,14}(\.[0-9]+)?", "decimal(18, 4)"),
}


def read_rows(
    text: pa.Table, *, contract: ExtractContract, receipt: Receipt, threads: int, memory_limit: str
) -> "Rows":
    """The file's rows, typed and marked; `text` has our column names, all text, and source_row_number."""
    # Rows of people must not spill into whatever folder the process happens to stand in.
    connection = duckdb.connect(config={"threads": threads, "memory_limit": memory_limit, "temp_directory": ""})
    try:
        connection.register("file", text)
        connection.execute(f"create temp table raw as {_raw_sql(contract)}")
        connection.execute(f"create temp table typed as {_typed_sql(contract, receipt)}")
        marked = connection.sql(_marked_sql(contract)).to_arrow_table()
        digest = connection.execute(
            "select coalesce(sha256(string_agg(content, '' order by content)), sha256('')) from raw"
        ).fetchone()
    finally:
        connection.close()
    return Rows(table=marked, digest=str(digest[0]) if digest else "")


def clean_rows(rows: pa.Table, *, contract: ExtractContract) -> pa.Table:
    """Our columns and the row number, in the order of the contract: what `identified/clean` holds."""
    return rows.select([*contract.names(), "source_row_number"])


def quarantine_rows(text: pa.Table, *, broken: Mapping[int, Sequence[str]], contract: ExtractContract) -> pa.Table:
    """Broken rows as they were sent, with the rules each broke: what `identified/quarantine` holds."""
    numbers = pa.array(sorted(broken), type=pa.int64())
    rows = text.filter(pc.is_in(text["source_row_number"], value_set=numbers))
    rules = pa.array([" ".join(broken[number]) for number in sorted(broken)], type=pa.string())
    return rows.select([*contract.names(), "source_row_number"]).append_column("rules", rules)


def numbers_of_rows(text: pa.Table, *, column: str, codes: Sequence[str]) -> list[int]:
    """Row numbers of a text table where the digits of this column are one of the codes, in order.

    What stands between or around the digits says nothing: these rows are read before any rule has judged them.
    """
    digits = pc.replace_substring_regex(text[column], pattern="[^0-9]", replacement="")
    found = text.filter(pc.is_in(digits, value_set=pa.array(list(codes), type=pa.string())))
    return sorted(int(number) for number in found["source_row_number"].to_pylist())


def latest_event_date(rows: pa.Table, *, contract: ExtractContract) -> date | None:
    """Latest of each row's first given event date, as a date; None for no rows."""
    if not contract.event_date or not rows.num_rows:
        return None
    dates = pc.coalesce(*(pc.cast(rows[name], pa.date32()) for name in contract.event_date))
    latest: date | None = pc.max(dates).as_py()
    return latest


def _raw_sql(contract: ExtractContract) -> str:
    """Trimmed text, empty as null, and a digest of each row that only equal rows share."""
    columns = ", ".join(f'{_trimmed(column, contract)} as "{column.name}"' for column in contract.columns)
    # The length before each field keeps "a|b" apart from "a" and "b".
    fields = ", ".join(f"strlen(coalesce(\"{name}\", '')), ':', \"{name}\"" for name in contract.names())
    trimmed = f"select source_row_number, {columns} from file"
    return f"select *, sha256(concat({fields})) as content from ({trimmed})"


def _trimmed(column: Column, contract: ExtractContract) -> str:
    value = f'trim(file."{column.name}")'
    if contract.person and column.name == contract.person.nhs_number:
        # Systems print the number in groups (3-3-4); the digits are the number.
        value = f"replace(replace({value}, ' ', ''), '-', '')"
    return f"nullif({value}, '')"


def _typed_sql(contract: ExtractContract, receipt: Receipt) -> str:
    casts, readable = [], ["true"]
    for column in contract.columns:
        if column.type == "text":
            casts.append(f'raw."{column.name}"')
            continue
        shape, kind = SHAPES[column.type]
        cast = f"case when regexp_full_match(raw.\"{column.name}\", '{shape}') then "
        cast += f'try_cast(raw."{column.name}" as {kind}) end'
        casts += [f'{cast} as "{column.name}"', f'raw."{column.name}" as "{column.as_sent}"']
        readable.append(f'(raw."{column.name}" is null or ({cast}) is not null)')
    given = [
        f"date '{receipt.received_at_utc.date().isoformat()}' as received_on",
        f"date '{receipt.period_start.isoformat()}' as period_start",
        f"date '{receipt.period_end.isoformat()}' as period_end",
    ]
    fields = ", ".join(["raw.source_row_number", "raw.content", *casts, *given])
    return f"select {fields}, ({' and '.join(readable)}) as is_readable from raw"


def _marked_sql(contract: ExtractContract) -> str:
    """Typed rows with the fate of repeats, whether a key is left only once, and the derived columns.

    Groups of more than one are found first: most files have few, and joining those costs less than windows.
    """
    keys = [f'"{name}"' for name in contract.key]
    has_key = " and ".join(f'rows."{name}" is not null' for name in contract.required_key()) or "true"
    version = f'rows."{contract.version}"' if contract.version else "null::timestamp"
    older = f"coalesce({version} < shared.newest, false)"
    same = {
        name: " and ".join(f"rows.{key} is not distinct from {name}.{key}" for key in keys)
        for name in ("shared", "contested")
    }
    named = ", ".join(f"rows.{key}" for key in keys)
    derived = "".join(f', ({sql}) as "{name}"' for name, sql in contract.derive.items())
    return f"""
        with copies as (
            select content, min(source_row_number) as first_row from typed group by content having count(*) > 1
        ),
        checked as (
            select typed.*, coalesce(copies.first_row < typed.source_row_number, false) as is_copy
            from typed left join copies on typed.content = copies.content
        ),
        shared as (
            select {named}, max({version}) as newest from checked as rows
            where not rows.is_copy and {has_key} group by {named} having count(*) > 1
        ),
        contested as (
            select {named}, true as is_contested from checked as rows inner join shared on {same["shared"]}
            where not rows.is_copy and not {older} group by {named} having count(*) > 1
        ),
        marked as (
            select
                rows.* exclude (content, is_copy),
                case when rows.is_copy then 'duplicate' when {older} then 'superseded' end as fate,
                rows.is_copy or {older} or contested.is_contested is null as is_only_version
            from checked as rows
            left join shared on {same["shared"]}
            left join contested on {same["contested"]}
        )
        select *{derived} from marked order by source_row_number
    """


@dataclass(frozen=True)
class Rows:
    """A file's rows with fate (duplicate, superseded or null), and a digest whatever their order."""

    table: pa.Table
    digest: str
