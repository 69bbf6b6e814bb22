"""From Arrow tables to the numbers a model learns from: checked, sorted, nulls kept as missing.

In memory only. Rows are sorted by index date and person_key before anything is learned, so the order in which
they arrive cannot reach a model.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import ContractError, ModelUnfit

# Columns of the feature table that name a row and are no feature.
KEYS = frozenset({"person_key", "run_key", "index_date"})


def feature_matrix(features: pa.Table, columns: Sequence[str]) -> npt.NDArray[np.float64]:
    """Rows by columns as float64, null as NaN; raises ModelUnfit for a column that holds no numbers."""
    matrix = np.empty((features.num_rows, len(columns)), dtype=np.float64)
    for place, name in enumerate(columns):
        column = features.column(name)
        kind = column.type
        if not (
            pa.types.is_integer(kind)
            or pa.types.is_floating(kind)
            or pa.types.is_decimal(kind)
            or pa.types.is_boolean(kind)
            or pa.types.is_null(kind)
        ):
            raise ModelUnfit(
                f"Feature {name} holds {kind}, and a model needs numbers",
                where="features",
                next_step="declare it as a number or a boolean in sql/features",
            )
        plain = column.cast(pa.int8()) if pa.types.is_boolean(kind) else column
        matrix[:, place] = pc.fill_null(plain.cast(pa.float64()), np.nan).to_numpy()
    return matrix


def check_columns(features: pa.Table, columns: Sequence[str]) -> None:
    """Raises ModelUnfit unless the table has exactly these feature columns beside its keys, in any order."""
    present = set(features.column_names) - KEYS
    lacking, unknown = sorted(set(columns) - present), sorted(present - set(columns))
    if lacking or unknown or "person_key" not in features.column_names:
        told = [f"lacking: {', '.join(lacking)}"] if lacking else []
        told += [f"unknown to the model: {', '.join(unknown)}"] if unknown else []
        raise ModelUnfit(
            "The features are not those the model was made for",
            where="; ".join(told) or "lacking: person_key",
            next_step="train a model on the present features and promote it",
        )


def stack(tables: Sequence["LabelledTable"], columns: Sequence[str]) -> "Rows":
    """All tables as rows sorted by index date and person_key; raises ContractError if one is unsound."""
    dates = [table.index_date for table in tables]
    if not tables or len(set(dates)) != len(dates):
        raise ContractError("Training needs labelled tables, one for each index date")
    parts = [_part(table, columns) for table in sorted(tables, key=lambda table: table.index_date)]
    rows = Rows(
        person_keys=tuple(key for part in parts for key in part.person_keys),
        matrix=np.concatenate([part.matrix for part in parts]),
        outcome=np.concatenate([part.outcome for part in parts]),
        per_date={when: counts for part in parts for when, counts in part.per_date.items()},
    )
    if not 0 < int(rows.outcome.sum()) < len(rows.outcome):
        raise ContractError(
            "Nobody, or everybody, has the outcome, so nothing can be learned or judged",
            where=", ".join(rows.per_date),
            next_step="check that outcomes were known by the date of training",
        )
    return rows


def folds_by_person(person_keys: Sequence[str], *, folds: int, seed: int) -> npt.NDArray[np.int64]:
    """A fold for each row by a hash of seed and person: never two for one person, whoever else is there."""
    of_person = {
        key: int.from_bytes(hashlib.blake2b(f"{seed}:{key}".encode(), digest_size=8).digest(), "big") % folds
        for key in set(person_keys)
    }
    return np.array([of_person[key] for key in person_keys], dtype=np.int64)


def _part(table: "LabelledTable", columns: Sequence[str]) -> "Rows":
    where = f"index date {table.index_date.isoformat()}"
    keys = table.features.column("person_key").to_pylist()
    outcome = np.asarray(table.outcome)
    if outcome.shape != (len(keys),) or not np.isin(outcome, (0, 1)).all():
        raise ContractError("Outcomes must be 0 or 1, one for each row of features", where=where)
    if None in keys or len(set(keys)) != len(keys):
        raise ContractError("A person stands twice, or without a key, among the features", where=where)
    lacking = sorted(set(columns) - set(table.features.column_names))
    if lacking:
        raise ContractError(f"Features lack {', '.join(lacking)}", where=where)
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
    sorted_outcome = outcome[order].astype(np.int8)
    return Rows(
        person_keys=tuple(keys[place] for place in order),
        matrix=feature_matrix(table.features, columns)[order],
        outcome=sorted_outcome,
        per_date={table.index_date.isoformat(): {"rows": len(keys), "events": int(sorted_outcome.sum())}},
    )


@dataclass(frozen=True)
class LabelledTable:
    """Features as of one past index date (person_key and columns) and what then happened, row by row."""

    index_date: date
    features: pa.Table
    outcome: npt.NDArray[np.int8]


@dataclass(frozen=True)
class Rows:
    """What is learned from or judged on; `per_date` holds counts of rows and events by index date."""

    person_keys: tuple[str, ...]
    matrix: npt.NDArray[np.float64]
    outcome: npt.NDArray[np.int8]
    per_date: Mapping[str, Mapping[str, int]]

    def within(self, places: Sequence[int]) -> "Rows":
        """The same rows with these columns only."""
        return replace(self, matrix=np.ascontiguousarray(self.matrix[:, list(places)]))

    def of_dates(self, dates: Collection[str]) -> npt.NDArray[np.bool_]:
        """Which rows are of these index dates (ISO)."""
        counts = [counts["rows"] for counts in self.per_date.values()]
        return np.repeat([when in dates for when in self.per_date], counts)
