"""How fast validation reads large files, and in how much memory: beside a bare read of the same file by DuckDB.

    .venv/bin/python benchmarks/validate.py [rows ...]

Makes a file of coded GP entries as staged text (Parquet; 1 row in 100 breaks a rule, 1 in 500 repeats another), then
measures each part in a process of its own: wall seconds, CPU seconds, peak memory. The whole of `validate` but for the
sealing of the original and the ledger: types, repeats, digest, every rule, measures, and the kept and broken rows
written to the store.
"""

import json
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

EXTRACT = "gp_event"
GROUP = 250_000
MEMORY = "2GB"


def make_file(path: Path, *, rows: int) -> None:
    """Invented entries: numbers from the range for invented people, dates of the last years, a few hundred codes."""
    from pipeline.contracts.extract import load_extracts
    from pipeline.contracts.settings import PROJECT

    made = {
        "observation_id": "'O' || i",
        "patient_id": "'P' || (i % (1 + $rows // 60))",
        "nhs_number": "case when i % 200 = 7 then '99900' else cast(9990000000 + hash(i) % 9999 as varchar) end",
        "birth_date": "cast(date '1930-01-01' + cast(hash(i, 1) % 30000 as integer) as varchar)",
        "practice_code": "'F8300' || (i % 9)",
        "snomed_code": "cast(271649000 + hash(i, 2) % 900 as varchar)",
        "effective_date": "cast(date '2023-01-01' + cast(hash(i, 3) % 1400 as integer) as varchar)",
        "value_number": "case when i % 3 = 0 then cast(hash(i, 4) % 200 as varchar) || '.5' end",
        "is_deleted": "case when i % 300 = 11 then 'N' else '0' end",
    }
    names = load_extracts(PROJECT)[EXTRACT].names()
    columns = ", ".join(f"coalesce({made[name]}, '') as {name}" if name in made else f"'' as {name}" for name in names)
    # Every five-hundredth row is the row before it again.
    numbers = f"select n as source_row_number, n - cast(n % 500 = 0 as integer) as i from range(1, {rows + 1}) t(n)"
    sql = f"select {columns}, source_row_number from ({numbers})".replace("$rows", str(rows))
    connection = _quiet()
    connection.execute("set preserve_insertion_order = true")
    connection.execute(f"copy ({sql}) to '{path}' (format parquet, row_group_size {GROUP})")


def _quiet() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 2, "memory_limit": MEMORY})
    connection.execute("set enable_progress_bar = false")
    return connection


def bare_read(path: Path, folder: Path) -> dict[str, int]:
    """Decode every column of every row, and nothing else."""
    connection = _quiet()
    names = [row[0] for row in connection.execute(f"describe select * from '{path}'").fetchall()]
    lengths = ", ".join(f'sum(strlen("{name}"::varchar))' for name in names)
    connection.execute(f"select {lengths} from '{path}'").fetchone()
    return {}


def validation(path: Path, folder: Path) -> dict[str, int]:
    """What `pipeline.steps.validate.validate` does between the staged text and the ledger."""
    from pipeline.contracts.extract import load_extracts
    from pipeline.contracts.receipt import Receipt
    from pipeline.contracts.settings import PROJECT
    from pipeline.engines.expectations import Checks
    from pipeline.engines.file_rows import FileRows
    from pipeline.steps.validate.rows import look_through, seen
    from pipeline.store import tables

    contract = load_extracts(PROJECT)[EXTRACT]
    receipt = Receipt(
        schema_name="receipt/1", extract=EXTRACT, sender="GPS01", kind="bulk", period_start=date(2022, 11, 1),
        period_end=date(2026, 11, 15), received_at=datetime(2026, 11, 15, 20, tzinfo=UTC), rows=1, sha256="0" * 64,
    )  # fmt: skip
    with (
        FileRows(
            path, contract=contract, receipt=receipt, threads=2, memory_limit=MEMORY, spill_folder=folder / "spill"
        ) as rows,
        seen(folder) as account,
    ):
        checks = Checks(contract)
        look_through(rows, checks=checks, receipt=receipt, account=account)
        checks.results(values={"rows_on_receipt": rows.total, "rows_on_header": rows.total, "minimum_rows": 0})
        for name, pile in (("clean", account.kept), ("quarantine", account.broken)):
            stream = pile.stream()
            if stream is not None:
                tables.replace_slice_with(folder / name, stream, column="delivery_id", value="benchmark")
    return account.counts


def measured(part: Callable[[Path, Path], dict[str, int]], path: Path) -> dict[str, float]:
    """Wall, CPU and peak memory of one part in a process of its own, without the import of libraries."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(part, path, sending))
    process.start()
    found = receiving.recv()
    process.join()
    return dict(found)


def _run(part: Callable[[Path, Path], dict[str, int]], path: Path, sending: object) -> None:
    import great_expectations  # noqa: F401  # its import is paid once a night, not once a file

    folder = Path(tempfile.mkdtemp(dir=path.parent))
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    counts = part(path, folder)
    after = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "wall": round(time.perf_counter() - began, 2),
        "cpu": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2),
        "peak_mb": round(after.ru_maxrss / 1024),
        "start_mb": round(before.ru_maxrss / 1024),
        **counts,
    }
    shutil.rmtree(folder)
    sending.send(told)  # type: ignore[attr-defined]  # a Connection, whose class multiprocessing does not export


def main(sizes: list[int]) -> None:
    """Print one line of JSON for each size and part."""
    with tempfile.TemporaryDirectory() as folder:
        for rows in sizes:
            path = Path(folder) / f"{rows}.parquet"
            make_file(path, rows=rows)
            for part in (bare_read, validation):
                print(json.dumps({"rows": rows, "part": part.__name__, **measured(part, path)}), flush=True)
            path.unlink()


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or [100_000, 1_000_000, 5_000_000])
