"""Which tables and kinds of file each step reads and writes, with their columns as the contracts declare them.

The same flows as docs/safety/flow.yml, which a test holds against this. Names are places in the home.
"""

from collections.abc import Sequence

from pipeline.channels.lineage_file import Column, Dataset
from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.contracts.feature import load_features
from pipeline.contracts.register_dictionary import practice_contract
from pipeline.ledger.deliveries import Delivery
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.store import layout, tables

TABLES = "pseudonymised"
# Stage -> (reads, writes): tables of the pseudonymised zone by name, other places by theirs.
STAGES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "features": (
        ("table.event", "table.registration", "table.number_change", "table.reference_organisation", "clean", "linked"),
        ("table.cohort", "table.feature", "table.death", "table.in_hospital", "table.fact"),
    ),
    "score": (("table.feature", "models"), ("table.score",)),
    "segment": (("table.feature", "table.cohort"), ("table.segment",)),
    "register": (("table.cohort", "table.score"), ("table.register",)),
    "watch": (("table.score", "table.feature", "table.holdout", "table.register", "table.cohort"), ("run_report",)),
    "publish": (
        ("table.register", "table.feature", "table.score", "table.segment", "table.fact", "vault", "answer_words"),
        ("register_pack", "replay_pack", "locality_pack"),
    ),
}
PLACES = {
    "clean": "identified/clean",
    "linked": "pseudonymised/linked",
    "models": "models",
    "vault": "vault",
    "answer_words": "identified/answers",
    "run_report": "reports/runs",
    "register_pack": "registers",
    "replay_pack": "registers/replays",
    "locality_pack": "localities",
}
Pair = tuple[Sequence[Dataset], Sequence[Dataset]]


def of_stage(context: Context, stage: str, *, run: Run) -> Pair:
    """Inputs and outputs of a stage; a replay writes no edition, and a night no replay."""
    reads, writes = STAGES[stage]
    apart = "register_pack" if run.kind == "replay" else "replay_pack"
    return (
        [_dataset(context, name, run=run) for name in reads],
        [_dataset(context, name, run=run) for name in writes if name != apart],
    )


def _dataset(context: Context, name: str, *, run: Run) -> Dataset:
    kind, _, table = name.rpartition(".")
    if kind == "table":
        return Dataset(f"{TABLES}/{table}", run.run_key, _columns(context, table))
    version = str(run.model_id) if name == "models" else run.as_of.isoformat()
    columns = _register_columns() if name in ("register_pack", "replay_pack") else ()
    return Dataset(PLACES[name], version, columns)


def _columns(context: Context, table: str) -> tuple[Column, ...]:
    """Of features as their declarations say; of another table its own columns, which the code declares."""
    if table == "feature":
        declared = [column for concept in load_features(context.settings.project) for column in concept.columns]
        return tuple(Column(one.name, one.type, one.meaning) for one in declared)
    path = layout.table(context.settings.home, table)
    if not tables.exists(path):
        return ()
    schema = tables.schema(path)
    return tuple(Column(name, str(schema.field(name).type)) for name in schema.names)


def _register_columns() -> tuple[Column, ...]:
    return tuple(Column(one.name, one.type, one.meaning) for one in practice_contract().columns)


def of_delivery(context: Context, delivery: Delivery) -> Pair:
    """One delivery in, its kept and its quarantined rows out."""
    extract = delivery.extract
    columns = _extract_columns(load_extracts(context.settings.project)[extract])
    landed = Dataset(f"landing/{delivery.sender}/{extract}", delivery.delivery_id, columns)
    return [landed], [
        Dataset(f"{place}/{extract}", delivery.delivery_id, columns)
        for place in ("identified/clean", "identified/quarantine")
    ]


def of_intake(context: Context, step: str) -> Pair:
    """All extracts: linkage takes clean rows to linked ones, events takes these to one shape."""
    contracts = load_extracts(context.settings.project)
    clean = [Dataset(f"identified/clean/{name}", "", _extract_columns(contracts[name])) for name in sorted(contracts)]
    linked = [Dataset(f"pseudonymised/linked/{name}") for name in sorted(contracts)]
    if step == "link":
        return clean, [*linked, Dataset("vault")]
    return linked, [Dataset(f"{TABLES}/{name}", "", _columns(context, name)) for name in ("event", "registration")]


def _extract_columns(contract: ExtractContract) -> tuple[Column, ...]:
    return tuple(Column(one.name, one.type, one.description) for one in contract.columns)
