"""Real errors of the libraries the pipeline stands on, each of which quotes what it was given: the text handed in."""

import io
import json
from collections.abc import Callable
from datetime import date

from pipeline.errors import GateClosed, PipelineError, UserError


def duckdb_conversion(quoted: str) -> None:
    import duckdb

    duckdb.connect().execute("select cast(? as integer)", [quoted])


def arrow_csv(quoted: str) -> None:
    from pyarrow import csv

    csv.read_csv(io.BytesIO(f"a\n1\n{quoted}\n".encode()))


def arrow_cast(quoted: str) -> None:
    import pyarrow as pa

    pa.array([quoted]).cast(pa.int64())


def pandas_number(quoted: str) -> None:
    import pandas as pd

    pd.to_numeric(pd.Series([quoted]))


def pydantic_value(quoted: str) -> None:
    from pipeline.contracts.receipt import Receipt

    Receipt.model_validate({"schema": quoted, quoted: quoted})


def day(quoted: str) -> None:
    date.fromisoformat(quoted)


def key(quoted: str) -> None:
    json.loads("{}")[quoted]


def undecodable(quoted: str) -> None:
    (quoted.encode() + b"\xff").decode("utf-8")


def sqlite_statement(quoted: str) -> None:
    from sqlalchemy import create_engine, text

    create_engine("sqlite://").connect().execute(text("select * from nothing where a = :a"), {"a": quoted})


def chained(quoted: str) -> None:
    """An error of ours, without a value, raised while a library's was handled."""
    try:
        int(quoted)
    except ValueError as error:
        raise PipelineError("row 3 cannot be read") from error


def refused(quoted: str) -> None:
    """An error for a person, raised in the middle of a library's, which hangs on it as its context."""
    try:
        float(quoted)
    except ValueError:
        _ask_the_sender()


def _ask_the_sender() -> None:
    raise UserError("A row cannot be read", where="row 3", next_step="ask the sender")


def closed(quoted: str) -> None:
    try:
        arrow_cast(quoted)
    except Exception as error:
        raise GateClosed("The gate is closed", where="a source", next_step="renew its entry") from error


def grouped(quoted: str) -> None:
    raise ExceptionGroup(f"several: {quoted}", [ValueError(quoted), KeyError(quoted)])


def noted(quoted: str) -> None:
    error = OSError(5, "the disk is gone", f"/tmp/{quoted[:100]}")
    error.add_note(quoted)
    raise error


FAULTS: dict[str, Callable[[str], None]] = {
    fault.__name__: fault
    for fault in (
        duckdb_conversion, arrow_csv, arrow_cast, pandas_number, pydantic_value, day, key, undecodable,
        sqlite_statement, chained, refused, closed, grouped, noted,
    )
}  # fmt: skip
