"""The SQL that `file_rows` runs over a file of text: trimming, types, digests, repeats. Text in, text out.

The shape comes from a contract of ours and holds no person's value; nothing a sender wrote ever becomes SQL.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

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

# From `line` (row number, digest of the row, its key as one text, version), the rows that are not simply themselves.
# Groups of more than one are found first: most files have few, and joining those costs less than windows.
MARKS = """
    with copies as (
        select content, min(source_row_number) as first_row from line group by content having count(*) > 1
    ),
    checked as (
        select line.*, coalesce(copies.first_row < line.source_row_number, false) as is_copy
        from line left join copies on line.content = copies.content
    ),
    shared as (
        select key, max(version) as newest from checked
        where not is_copy and key is not null group by key having count(*) > 1
    ),
    aged as (
        select
            checked.source_row_number, checked.is_copy, checked.key,
            coalesce(checked.version < shared.newest, false) as is_older,
        from checked left join shared on checked.key = shared.key
        where checked.is_copy or shared.key is not null
    ),
    contested as (
        select key from aged where not is_copy and not is_older group by key having count(*) > 1
    )
    select
        aged.source_row_number,
        case when aged.is_copy then 'duplicate' when aged.is_older then 'superseded' end as fate,
        aged.is_copy or aged.is_older or contested.key is null as is_only_version,
    from aged left join contested on aged.key = contested.key
    where aged.is_copy or aged.is_older or contested.key is not null
"""

Values = Mapping[str, Mapping[str, str]]


def lines(contract: ExtractContract, receipt: Receipt, *, sent: Sequence[str], values: Values) -> str:
    """One narrow row per row of the file: its number, a digest of all of it, its key and its version."""
    # The length before each field keeps "a|b" apart from "a" and "b".
    fields = ", ".join(f"strlen(coalesce(\"{name}\", '')), ':', \"{name}\"" for name in contract.names())
    key = ", ".join(f"strlen({part}), ':', {part}" for part in (_typed_text(contract.column(n)) for n in contract.key))
    has_key = " and ".join(f"{_typed_text(contract.column(name))} is not null" for name in contract.required_key())
    version = _cast(contract.column(contract.version)) if contract.version else "null::timestamp"
    return f"""
        select
            source_row_number,
            unhex(sha256(concat({fields}))) as content,
            case when {has_key or "true"} then concat({key}) end as key,
            {version} as version,
        from ({_trimmed_rows(contract, sent=sent, values=values)})
    """


def marked(
    contract: ExtractContract, receipt: Receipt, *, sent: Sequence[str], values: Values, rows: tuple[int, int]
) -> str:
    """Typed rows of a range of row numbers, with the marks of `mark`, and what the contract derives from them."""
    casts, readable = [], ["true"]
    for column in contract.columns:
        if column.type == "text":
            casts.append(f'"{column.name}"')
            continue
        cast = _cast(column)
        casts += [f'{cast} as "{column.name}"', f'"{column.name}" as "{column.as_sent}"']
        readable.append(f'("{column.name}" is null or ({cast}) is not null)')
    given = [
        f"date '{receipt.received_at_utc.date().isoformat()}' as received_on",
        f"date '{receipt.period_start.isoformat()}' as period_start",
        f"date '{receipt.period_end.isoformat()}' as period_end",
    ]
    typed = ", ".join(["source_row_number", *casts, *given, f"({' and '.join(readable)}) as is_readable"])
    derived = "".join(f', ({sql}) as "{name}"' for name, sql in contract.derive.items())
    first, last = rows
    return f"""
        with typed as (
            select {typed} from ({_trimmed_rows(contract, sent=sent, values=values, rows=rows)})
        ),
        marked as (
            select typed.*, mark.fate, coalesce(mark.is_only_version, true) as is_only_version,
            from typed left join mark
                on typed.source_row_number = mark.source_row_number
                and mark.source_row_number between {first} and {last}
        )
        select *{derived} from marked order by source_row_number
    """


def literal(text: str | Path) -> str:
    """The text as it stands in SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def _trimmed_rows(
    contract: ExtractContract, *, sent: Sequence[str], values: Values, rows: tuple[int, int] | None = None
) -> str:
    """Trimmed text, empty as null, codes of an old format as the contract has them; absent columns are null."""
    columns = ", ".join(
        f'{_trimmed(column, contract, values.get(column.name, {}))} as "{column.name}"'
        if column.name in sent
        else f'null::varchar as "{column.name}"'
        for column in contract.columns
    )
    within = f" where source_row_number between {rows[0]} and {rows[1]}" if rows else ""
    return f"select source_row_number, {columns} from file{within}"


def _trimmed(column: Column, contract: ExtractContract, codes: Mapping[str, str]) -> str:
    value = f'trim(file."{column.name}")'
    if contract.person and column.name == contract.person.nhs_number:
        # Systems print the number in groups (3-3-4); the digits are the number.
        value = f"replace(replace({value}, ' ', ''), '-', '')"
    if codes:
        pairs = " ".join(f"when {literal(old)} then {literal(new)}" for old, new in codes.items())
        value = f"case {value} {pairs} else {value} end"
    return f"nullif({value}, '')"


def _cast(column: Column) -> str:
    """The column as its type; null where it cannot be read."""
    if column.type == "text":
        return f'"{column.name}"'
    shape, kind = SHAPES[column.type]
    return f'case when regexp_full_match("{column.name}", \'{shape}\') then try_cast("{column.name}" as {kind}) end'


def _typed_text(column: Column) -> str:
    """The typed value written one way, so that equal values are equal text."""
    return f'"{column.name}"' if column.type == "text" else f"cast({_cast(column)} as varchar)"
