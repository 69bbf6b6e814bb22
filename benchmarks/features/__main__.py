"""What features, scores and reasons cost at several sizes, beside a bare scan of the columns they need and pandas.

    python -m benchmarks.features make --people 20000 --home /somewhere/20000
    python -m benchmarks.features measure --home /somewhere/20000 [--memory 1GB] [--repeat 3]

`make` invents a region and takes it in as any delivery is. `measure` runs each part in a process of its own, several
times in turn, and prints the least CPU seconds and the greatest peak memory of each, as JSON. Figures and what they
mean: docs/performance.md.
"""

import argparse
import json
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

AS_OF = date(2026, 11, 15)
# What the queries read of an event; the rest of the stored row serves the knowledge of versions.
NEEDED = "person_key source event_type event_date end_date code method_code class_code status_code detail value_number"
NEEDED += " value_unit provider_code known_at"
LISTED_IN_HUNDRED = 2


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    does = parser.add_subparsers(dest="does", required=True)
    make_parser = does.add_parser("make")
    make_parser.add_argument("--people", type=int, default=20_000)
    make_parser.add_argument("--home", type=Path, required=True)
    measure_parser = does.add_parser("measure")
    measure_parser.add_argument("--home", type=Path, required=True)
    measure_parser.add_argument("--memory", default="1GB")
    measure_parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args(arguments)
    if given.does == "make":
        make(given.home, people=given.people)
    else:
        json.dump(measure(given.home, memory=given.memory, repeat=given.repeat), sys.stdout, indent=1)
        print()


def make(home: Path, *, people: int) -> None:
    """A home with the history of one region taken in: received, validated, linked, and made into events."""
    from pipeline.steps.demo import prepare
    from pipeline.steps.intake import intake

    settings = _settings(home, "4GB")
    prepare(settings, people=people, seed=1, as_of=AS_OF)
    intake(_context(home, "4GB"))


def measure(home: Path, *, memory: str, repeat: int) -> dict[str, Any]:
    """Each part by name: CPU seconds (least), wall seconds (least), peak memory in MB (greatest), what it counted."""
    folder = Path(tempfile.mkdtemp(dir=home))
    try:
        _alone(visible, home, folder, memory)
        parts = [bare_scan, all_features, five_concepts, five_in_pandas]
        runs = {part.__name__: [] for part in parts}
        for _ in range(repeat):
            for part in parts:
                runs[part.__name__].append(_alone(part, home, folder, memory))
        return {
            name: {
                "cpu_s": min(run["cpu_s"] for run in made),
                "wall_s": min(run["wall_s"] for run in made),
                "peak_mb": max(run["peak_mb"] for run in made),
                **made[0]["counted"],
            }
            for name, made in runs.items()
        }
    finally:
        shutil.rmtree(folder)


def visible(home: Path, folder: Path, memory: str) -> dict[str, int]:
    """The visible events and the cohort as Parquet files, sorted by person: what both sides of the pair are given."""
    import pyarrow.parquet as pq

    from pipeline.steps.features import engine_of
    from pipeline.steps.relations import in_buckets

    context = _context(home, memory)
    with engine_of(context) as engine:
        writer = None
        for _ in in_buckets(engine, context, views={"": _view(context)}):
            part = engine.table("event").sort_by("person_key")
            writer = writer or pq.ParquetWriter(folder / "event.parquet", part.schema)
            writer.write_table(part, row_group_size=65_536)
        if writer is not None:
            writer.close()
        pq.write_table(engine.table("everyone").sort_by("person_key"), folder / "cohort.parquet")
    return {}


def bare_scan(home: Path, folder: Path, memory: str) -> dict[str, int]:
    """Decode the columns the features need from the stored event rows, and nothing else."""
    from pipeline.engines import shapes
    from pipeline.steps.features import engine_of

    context = _context(home, memory)
    with engine_of(context) as engine:
        engine.add_parquet("event_row", _event_files(context), schema=shapes.EVENT_ROW)
        lengths = ", ".join(f"sum(strlen(cast({column} as varchar)))" for column in NEEDED.split())
        [row] = engine._run(f"select count(*), {lengths} from event_row")
    return {"rows": int(row[0])}


def all_features(home: Path, folder: Path, memory: str) -> dict[str, int]:
    """From stored rows to one row of all features per person: what was known, the cohort, every concept."""
    from pipeline.steps.features import look

    context = _context(home, memory)
    cohort, wide = look(context, view=_view(context))
    return {"people": cohort.num_rows, "columns": wide.num_columns - 1}


def five_concepts(home: Path, folder: Path, memory: str) -> dict[str, int]:
    """Five concepts by our queries from the visible events, in buckets as at night."""
    wide = _five(home, folder, memory)
    return {"people": wide.num_rows, "columns": wide.num_columns - 1}


def five_in_pandas(home: Path, folder: Path, memory: str) -> dict[str, int]:
    """The same five concepts in pandas on numpy arrays from the same files; equal in every cell (`check`)."""
    from benchmarks.features import pandas_side

    context = _context(home, memory)
    found = pandas_side.features(folder, context.settings.project, _view(context).index_date)
    return {"people": len(found), "columns": len(found.columns)}


def _five(home: Path, folder: Path, memory: str) -> Any:
    import pyarrow as pa

    from benchmarks.features.pandas_side import CONCEPTS
    from pipeline.contracts.feature import load_features
    from pipeline.engines.wide import wide_table
    from pipeline.rules.key_ranges import buckets_for, key_ranges
    from pipeline.steps.features import engine_of
    from pipeline.steps.relations import ROWS_PER_BUCKET

    context = _context(home, memory)
    project = context.settings.project
    concepts = [concept for concept in load_features(project) if concept.name in CONCEPTS]
    parts = []
    with engine_of(context) as engine:
        engine.add_codelists(context.codelists().values())
        engine.add_parquet("all_event", [str(folder / "event.parquet")])
        engine.add_parquet("everyone", [str(folder / "cohort.parquet")])
        buckets = buckets_for(engine.count("all_event"), rows_per_bucket=ROWS_PER_BUCKET)
        for people in key_ranges(f"p{context.keys.person_id}_", buckets=buckets):
            engine.show_people("event", of="all_event", people=people)
            engine.show_people("cohort", of="everyone", people=people)
            parts.append(wide_table(engine, concepts, project=project, index_date=_view(context).index_date))
    return pa.concat_tables(parts)


def check(home: Path, folder: Path, memory: str) -> list[str]:
    """Columns in which the queries and pandas differ in any cell; none may."""
    import pandas as pd

    from benchmarks.features import pandas_side

    context = _context(home, memory)
    ours = _five(home, folder, memory).to_pandas().set_index("person_key").sort_index()
    theirs = pandas_side.features(folder, context.settings.project, _view(context).index_date).sort_index()
    differing = []
    for name in theirs.columns:
        left, right = (pd.to_numeric(side[name]).astype(float) for side in (ours, theirs))
        if not (((left - right).abs() < 1e-6) | (left.isna() & right.isna())).all():
            differing.append(name)
    return differing


def _alone(part: Callable[[Path, Path, str], dict[str, int]], home: Path, folder: Path, memory: str) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_timed, (part, home, folder, memory))


def _timed(part: Callable[[Path, Path, str], dict[str, int]], home: Path, folder: Path, memory: str) -> dict[str, Any]:
    """Libraries are loaded by a first look at nothing, so that what is timed is the work."""
    import pandas  # noqa: F401 - loaded before the clock starts, for both sides

    import pipeline.steps.features  # noqa: F401 - as above

    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    counted = part(home, folder, memory)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cpu_s": round(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, 2),
        "wall_s": round(time.perf_counter() - started, 2),
        "peak_mb": after.ru_maxrss // 1024,
        "counted": counted,
    }


def _settings(home: Path, memory: str) -> Any:
    from pipeline.contracts.settings import read_settings

    return read_settings({"RISKSTRAT_HOME": str(home), "RISKSTRAT_MEMORY": memory})


def _context(home: Path, memory: str) -> Any:
    from pipeline.steps.context import open_context

    return open_context(_settings(home, memory))


def _view(context: Any) -> Any:
    from pipeline.contracts.policy import load_policy
    from pipeline.ledger.deliveries import list_deliveries
    from pipeline.rules.times import index_date, intake_cut_off
    from pipeline.steps.relations import View

    return View(
        policy=load_policy(context.settings.policy_file),
        delivery_ids=[delivery.delivery_id for delivery in list_deliveries(context.ledger, states=["accepted"])],
        index_date=index_date(AS_OF),
        known_before=intake_cut_off(AS_OF),
        policy_day=index_date(AS_OF),
    )


def _event_files(context: Any) -> list[str]:
    from pipeline.store import layout, tables

    return tables.files(
        layout.table(context.settings.home, "event"), column="delivery_id", values=list(_view(context).delivery_ids)
    )


if __name__ == "__main__":
    main()
