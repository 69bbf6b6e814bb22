"""The parts that are measured: each reads a home, works, and says what it counted. Nothing here is timed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

AS_OF = date(2026, 11, 22)
RUN = "measured"
# What the queries read of an event, and whether it may be looked at.
NEEDED = "person_key source event_type event_date end_date code method_code class_code status_code detail value_number"
NEEDED += " value_unit provider_code known_at"
# What tells versions of a row apart, and stays told twice; finding what was visible reads it too.
VERSIONS = "row_key scope_key spell_key version_at received_at is_withdrawn supersession source_row_number delivery_id"
LISTED_IN_HUNDRED = 2


def visible(home: Path, folder: Path, memory: str) -> dict[str, int]:
    """The visible events and the cohort as Parquet files, sorted by person: what both sides of the pair are given."""
    import pyarrow.parquet as pq

    from pipeline.steps.at_hand.relations import in_buckets
    from pipeline.steps.features.engine import engine_of

    context = context_of(home, memory)
    with engine_of(context) as engine:
        writer = None
        for _ in in_buckets(engine, context, views={"": view_of(context)}):
            part = engine.table("event").sort_by("person_key")
            writer = writer or pq.ParquetWriter(folder / "event.parquet", part.schema)
            writer.write_table(part, row_group_size=65_536)
        if writer is not None:
            writer.close()
        pq.write_table(engine.table("everyone").sort_by("person_key"), folder / "cohort.parquet")
    return {}


def scan_of_events(home: Path, folder: Path, memory: str) -> dict[str, int]:
    """Decode the columns that the queries need from the stored event rows, and nothing else."""
    return {"rows": _scan_stored(home, memory, NEEDED.split())}


def scan_of_versions(home: Path, folder: Path, memory: str) -> dict[str, int]:
    """Decode these and the columns that tell which rows were visible, and nothing else."""
    return {"rows": _scan_stored(home, memory, [*NEEDED.split(), *VERSIONS.split()])}


def _scan_stored(home: Path, memory: str, columns: Sequence[str]) -> int:
    from pipeline.engines import shapes
    from pipeline.store import layout, tables

    context = context_of(home, memory)
    ids = list(view_of(context).delivery_ids)
    files = tables.files(layout.table(context.settings.home, "event"), column="delivery_id", values=ids)
    kinds = {name: str(shapes.EVENT_ROW.field(name).type) for name in columns}
    return _scan(files, kinds, threads=context.settings.threads)


def features(home: Path, folder: Path, memory: str) -> dict[str, int]:
    """From stored rows to a written row of all features per person, and the facts that reasons tell."""
    import pyarrow as pa

    from pipeline.steps.features.engine import engine_of
    from pipeline.steps.features.facts import facts_of
    from pipeline.steps.features.features import in_parts
    from pipeline.store import tables

    context = context_of(home, memory)
    view, facts = view_of(context), []
    with engine_of(context) as engine:

        def wide() -> Iterator[pa.Table]:
            for part in in_parts(engine, context, views={"": view}):
                facts.append(facts_of(engine, project=context.settings.project, index_date=view.index_date))
                yield part

        parts = wide()
        first = next(parts)
        batches = (batch for part in chain([first], parts) for batch in part.to_batches())
        stream = pa.RecordBatchReader.from_batches(first.schema, batches)
        tables.replace_slice_with(folder / "feature", stream, column="run_key", value=RUN)
        cohort = engine.table("everyone")
    tables.replace_slice(folder / "fact", pa.concat_tables(facts), column="run_key", value=RUN)
    tables.replace_slice(folder / "cohort", cohort, column="run_key", value=RUN)
    return {"people": cohort.num_rows, "columns": len(first.schema) - 1}


def five_concepts(home: Path, folder: Path, memory: str) -> dict[str, int]:
    """Five concepts by our queries from the visible events as they lie in a file, in buckets, their answers written."""
    return {"people": five(home, folder, memory).num_rows}


def five_in_pandas(home: Path, folder: Path, memory: str) -> dict[str, int]:
    """The same five concepts in pandas on numpy arrays from the same files; equal in every cell (`check`)."""
    from benchmarks.features import pandas_side

    context = context_of(home, memory)
    return {"people": len(pandas_side.features(folder, context.settings.project, view_of(context).index_date))}


def five(home: Path, folder: Path, memory: str) -> Any:
    """The table of `five_concepts`."""
    import pyarrow as pa

    from benchmarks.features.pandas_side import CONCEPTS
    from pipeline.contracts.feature import load_features
    from pipeline.engines.visible import BUCKET, NUMBERED, keep_cohort_of
    from pipeline.engines.wide import wide_table
    from pipeline.rules.key_ranges import buckets_for, key_ranges
    from pipeline.steps.at_hand.relations import ROWS_PER_BUCKET, add_numbers_of_codes
    from pipeline.steps.features.engine import engine_of

    context = context_of(home, memory)
    project = context.settings.project
    concepts = [concept for concept in load_features(project) if concept.name in CONCEPTS]
    parts = []
    with engine_of(context) as engine:
        engine.add_codelists(context.codelists().values())
        engine.add_parquet("all_event", [str(folder / "event.parquet")])
        engine.add_parquet("everyone", [str(folder / "cohort.parquet")])
        add_numbers_of_codes(engine, context, event_row="all_event")
        buckets = buckets_for(engine.count("all_event"), rows_per_bucket=ROWS_PER_BUCKET)
        for people in key_ranges(f"p{context.keys.person_id}_", buckets=buckets):
            keep_cohort_of(engine, people=people, of="everyone", events=["event"])
            engine.show_people("event_text", of="all_event", people=people)
            engine.keep_all_numbered("event", of="event_text", columns=("person_key", *NUMBERED))
            parts.append(wide_table(engine, concepts, project=project, index_date=view_of(context).index_date))
            engine.forget("event", BUCKET)
    return pa.concat_tables(parts)


def scan_of_features(home: Path, folder: Path, memory: str) -> dict[str, int]:
    """Decode the columns that the model reads from the written features, and nothing else."""
    from pipeline.store import tables

    model = trees(home)
    types = {field.name: str(field.type) for field in tables.schema(folder / "feature")}
    files = tables.files(folder / "feature", column="run_key", values=[RUN])
    kinds = {name: types[name] for name in ("person_key", *model.feature_columns)}
    return {"rows": _scan(files, kinds, threads=context_of(home, memory).settings.threads)}


def scores(home: Path, folder: Path, memory: str) -> dict[str, int]:
    """The calibrated risk of everyone from the written features, by trees, written; as the step does it."""
    import pyarrow as pa

    from pipeline.engines.learner import predict
    from pipeline.steps.model.score import PEOPLE_AT_ONCE
    from pipeline.store import tables

    threads, model = context_of(home, memory).settings.threads, trees(home)
    stream = tables.batches(folder / "feature", column="run_key", value=RUN, rows=PEOPLE_AT_ONCE)
    parts = [predict(model, people, threads=threads).as_table() for people in stream]
    told = pa.concat_tables(parts).sort_by("person_key")
    tables.replace_slice(folder / "score", told, column="run_key", value=RUN)
    return {"people": told.num_rows}


def scores_in_pandas(home: Path, folder: Path, memory: str) -> dict[str, int]:
    """The same risks from the same files in pandas, whole in memory, and written."""
    from benchmarks.features import pandas_side

    model = trees(home)
    return {"people": len(pandas_side.scores(folder, model, threads=context_of(home, memory).settings.threads))}


def reasons_told(home: Path, folder: Path, memory: str) -> dict[str, int]:
    """Contributions of the people at the top, and from them and their facts the sentences a practice reads."""
    from pipeline.engines.learner import contributions
    from pipeline.rules.reasons import reasons
    from pipeline.store import tables

    context, model = context_of(home, memory), trees(home)
    keys = listed(folder)
    features_read = _of(tables.read(folder / "feature"), keys)
    known: dict[str, dict[str, Any]] = {key: {} for key in keys}
    for table in (features_read, _of(tables.read(folder / "fact"), keys), _of(tables.read(folder / "cohort"), keys)):
        for row in table.to_pylist():
            known[row["person_key"]].update(row)
    shares = contributions(model, features_read, threads=context.settings.threads)
    day, sentences = view_of(context).index_date, 0
    for key, row in zip(features_read["person_key"].to_pylist(), shares, strict=True):
        weights = dict(zip(model.feature_columns, (float(share) for share in row), strict=True))
        sentences += len(reasons(known[key], weights, index_date=day).for_risk)
    return {"people": len(keys), "sentences": sentences}


def reasons_in_pandas(home: Path, folder: Path, memory: str) -> dict[str, int]:
    """The same contributions in pandas, summed by topic, and the three that weigh most: no sentences."""
    from benchmarks.features import pandas_side

    threads = context_of(home, memory).settings.threads
    return {"people": len(pandas_side.topics(folder, trees(home), listed(folder), threads=threads))}


def check(home: Path, folder: Path, memory: str) -> list[str]:
    """Columns and scores in which ours and pandas differ in any cell; none may."""
    import pandas as pd

    from benchmarks.features import pandas_side
    from pipeline.store import tables

    context = context_of(home, memory)
    ours = five(home, folder, memory).to_pandas().set_index("person_key").sort_index()
    theirs = pandas_side.features(folder, context.settings.project, view_of(context).index_date).sort_index()
    differing = []
    for name in theirs.columns:
        left, right = (pd.to_numeric(side[name]).astype(float) for side in (ours, theirs))
        if not (((left - right).abs() < 1e-6) | (left.isna() & right.isna())).all():
            differing.append(name)
    told = tables.read(folder / "score").to_pandas().set_index("person_key")["risk_score"].astype(float)
    found = pandas_side.scores(folder, trees(home), threads=context.settings.threads)["risk_score"]
    if not ((told - found.reindex(told.index)).abs() < 1e-9).all():
        differing.append("risk_score")
    return differing


def listed(folder: Path) -> list[str]:
    """Keys of the people at the top, sorted."""
    from pipeline.store import tables

    told = tables.read(folder / "score").sort_by([("risk_score", "descending"), ("person_key", "ascending")])
    return sorted(told["person_key"][: told.num_rows * LISTED_IN_HUNDRED // 100].to_pylist())


def trees(home: Path) -> Any:
    """The trees of the home's newest model, promoted or not: the dearer of the two kinds to score and to explain."""
    import json

    from pipeline.engines.learner import load_model
    from pipeline.engines.learner_lightgbm import read_trees
    from pipeline.rules.calibration import calibration_from_json

    [folder, *_] = sorted(path.parent for path in (home / "models").glob("*/*/manifest.json"))
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    model = load_model(files)
    if model.kind == "lightgbm":
        return model
    name = "candidate_lightgbm"
    return replace(
        model,
        kind="lightgbm",
        feature_columns=tuple(json.loads(files[f"{name}.features.json"])["columns"]),
        calibration=calibration_from_json(json.loads(files[f"{name}.calibration.json"])),
        body=read_trees(files[f"{name}.model.txt"].decode()),
    )


def context_of(home: Path, memory: str) -> Any:
    from pipeline.contracts.settings import read_settings
    from pipeline.steps.at_hand.context import open_context

    return open_context(read_settings({"RISKSTRAT_HOME": str(home), "RISKSTRAT_MEMORY": memory}))


def view_of(context: Any) -> Any:
    from pipeline.contracts.policy import load_policy
    from pipeline.ledger.deliveries import list_deliveries
    from pipeline.rules.times import index_date, intake_cut_off
    from pipeline.steps.at_hand.relations import View

    return View(
        policy=load_policy(context.settings.policy_file),
        delivery_ids=[delivery.delivery_id for delivery in list_deliveries(context.ledger, states=["accepted"])],
        index_date=index_date(AS_OF),
        known_before=intake_cut_off(AS_OF),
        policy_day=index_date(AS_OF),
    )


def _of(table: Any, keys: list[str]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return table.filter(pc.is_in(table["person_key"], value_set=pa.array(keys, pa.string()))).sort_by("person_key")


def _scan(files: list[str], kinds: Mapping[str, str], *, threads: int) -> int:
    """Rows of the files; every value of these columns is decoded and looked at, and no more than that."""
    import duckdb

    looks = ", ".join(f"sum(strlen({name}))" if kind == "string" else f"max({name})" for name, kind in kinds.items())
    with duckdb.connect(config={"threads": threads}) as engine:
        read = "read_parquet($files, hive_partitioning = true, hive_types_autocast = false)"
        row = engine.execute(f"select count(*), {looks} from {read}", {"files": files}).fetchone()
    return int(row[0]) if row else 0
