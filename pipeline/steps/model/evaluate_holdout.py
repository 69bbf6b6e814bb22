"""The hold-out of a model as arrays: risks, outcomes, groups and features of the people it is judged on.

Reads the rows that training wrote (`pseudonymised/holdout`). Features stay in their table until one is asked for: all
of them at once, as numbers, would not fit beside it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import ContractError, PipelineError, UserError
from pipeline.rules.evaluation_groups import NOT_KNOWN, Labels, age_bands, fifths, named
from pipeline.rules.segments import segment
from pipeline.rules.times import months_before
from pipeline.steps.at_hand.context import Context
from pipeline.steps.model.holdout import TABLE, UNSEEN, read_holdout

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
NEW_WITHIN_MONTHS = 12


@dataclass(frozen=True)
class HoldOut:
    """One row per person, sorted by person_key, all arrays in that order.

    risks: `model` and the others by name (lightgbm, logistic, age_sex, sets of sources). soon: an emergency admission
    within 30 days; readmission: after the next discharge; both NaN for people it is not known or not asked of.
    without_label: people left out because their outcome is not known. segments: titles by code.
    """

    index_date: date
    person_keys: tuple[str, ...]
    is_unseen: Flags
    outcome: npt.NDArray[np.int8]
    outcome_or_death: npt.NDArray[np.int8]
    soon: Floats
    readmission: Floats
    risks: Mapping[str, Floats]
    groupings: Mapping[str, Labels]
    segments: Mapping[str, str]
    features: "Features"
    is_in_training: Flags | None
    without_label: int

    @property
    def people(self) -> int:
        return len(self.person_keys)


class Features(Mapping[str, Floats]):
    """Feature columns as numbers, unknown as NaN, made when asked for."""

    def __init__(self, rows: pa.Table) -> None:
        self._rows = rows

    def __getitem__(self, name: str) -> Floats:
        if name not in self._rows.column_names:
            raise KeyError(name)
        column = self._rows[name]
        plain = column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
        return np.asarray(pc.fill_null(plain.cast(pa.float64()), np.nan).to_numpy(), dtype=np.float64)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows.column_names)

    def __len__(self) -> int:
        return len(self._rows.column_names)


def held_out(context: Context, *, model_id: str, feature_columns: tuple[str, ...]) -> HoldOut:
    """The hold-out rows of this model; UserError when there are none, ContractError when they do not hold together."""
    try:
        held = read_holdout(context, model_id=model_id)
    except PipelineError:
        raise UserError(
            f"No hold-out rows of model {model_id} are kept",
            where=f"pseudonymised/{TABLE}",
            next_step="train it again: rows are deleted with age, and the same night trains the same model",
        ) from None
    return holdout_of(held, feature_columns=feature_columns)


def holdout_of(held: pa.Table, *, feature_columns: tuple[str, ...]) -> HoldOut:
    """Arrays of a table of hold-out rows; people whose outcome is not known are counted and left out."""
    rows = held.filter(held["outcome"].is_valid()).sort_by("person_key")
    keys = tuple(rows["person_key"].to_pylist())
    dates = rows["index_date"].unique().to_pylist()
    if len(set(keys)) != len(keys) or len(dates) != 1:
        raise ContractError(
            "A hold-out has one row for each person, all of one index date", where=f"pseudonymised/{TABLE}"
        )
    features = Features(rows.select([name for name in feature_columns if name in rows.column_names]))
    groupings, titles = _groupings(rows, features, dates[0])
    return HoldOut(
        index_date=dates[0],
        person_keys=keys,
        is_unseen=np.asarray(pc.equal(rows["part"], UNSEEN).to_numpy(), dtype=np.bool_),
        outcome=_events(rows, "outcome"),
        outcome_or_death=_events(rows, "outcome_or_death"),
        soon=_if_known(rows, "emergency_admission_30d"),
        readmission=_if_known(rows, "readmission_30d"),
        risks=_risks(rows),
        groupings=groupings,
        segments=titles,
        features=features,
        is_in_training=_in_training(rows),
        without_label=held.num_rows - rows.num_rows,
    )


def _events(rows: pa.Table, column: str) -> npt.NDArray[np.int8]:
    return np.asarray(pc.fill_null(rows[column], False).cast(pa.int8()).to_numpy(), dtype=np.int8)


def _if_known(rows: pa.Table, column: str) -> Floats:
    known = column in rows.column_names
    return Features(rows.select([column]))[column] if known else np.full(rows.num_rows, np.nan)


def _risks(rows: pa.Table) -> dict[str, Floats]:
    """Rounded as published; a score that is unknown of anybody is no score of everyone and is left out."""
    names = [name for name in rows.column_names if name == "risk" or name.startswith("risk_")]
    found: dict[str, Floats] = {}
    for name in names:
        values = np.asarray(rows[name].cast(pa.float64()).to_numpy(), dtype=np.float64)
        if not np.isnan(values).any():
            found["model" if name == "risk" else name.removeprefix("risk_")] = np.asarray(np.round(values, 6) + 0.0)
    if "model" not in found:
        raise ContractError("The hold-out rows hold no risk of everyone", where=f"pseudonymised/{TABLE}: risk")
    return found


def _in_training(rows: pa.Table) -> Flags | None:
    if "is_in_training" not in rows.column_names or rows["is_in_training"].null_count:
        return None
    return np.asarray(rows["is_in_training"].to_numpy(), dtype=np.bool_)


def _groupings(rows: pa.Table, features: Features, day: date) -> tuple[dict[str, Labels], dict[str, str]]:
    segments, titles = _segments(rows)
    newly = months_before(day, NEW_WITHIN_MONTHS)
    since = rows["registration_start_date"].to_pylist()
    earlier = features.get("emergency_admissions_24m", np.full(rows.num_rows, np.nan))
    return {
        "age_band": age_bands(np.asarray(rows["age_years"].to_numpy(), dtype=np.int64)),
        "sex": named(rows["sex"].to_pylist()),
        "ethnic_group": named(rows["ethnic_group"].to_pylist()),
        "imd_fifth": fifths(rows["imd_decile"].to_pylist()),
        "practice_code": named(rows["practice_code"].to_pylist()),
        "segment": segments,
        "prior_admissions": np.where(np.isnan(earlier), NOT_KNOWN, np.where(earlier > 0, "one or more", "none")),
        "registration": named([start and ("newly registered" if start >= newly else "longer") for start in since]),
    }, titles


def _segments(rows: pa.Table) -> tuple[Labels, dict[str, str]]:
    """The segment of each person, by the rule of the night, which looks only at the columns it needs."""
    columns = _Columns(rows)
    codes, titles = [], {}
    for place in range(rows.num_rows):
        found = segment(_Person(columns, place))
        codes.append(found.code)
        titles[found.code] = found.title
    return np.array(codes, dtype=str), titles


class _Columns:
    """Columns as lists, each made when first asked for; one that is not there is known as such."""

    def __init__(self, rows: pa.Table) -> None:
        self._rows = rows
        self.lists: dict[str, list[object] | None] = {}

    def of(self, name: str) -> list[object] | None:
        """The column as a list; None when there is no such column."""
        if name not in self.lists:
            self.lists[name] = self._rows[name].to_pylist() if name in self._rows.column_names else None
        return self.lists[name]

    def names(self) -> list[str]:
        return list(self._rows.column_names)


class _Person(Mapping[str, object]):
    """One row as the mapping that rules read."""

    def __init__(self, columns: _Columns, place: int) -> None:
        self._columns, self._place = columns, place

    def __getitem__(self, name: str) -> object:
        column = self._columns.of(name)
        if column is None:
            raise KeyError(name)
        return column[self._place]

    def get(self, name: str, default: object = None) -> object:
        """As of any mapping; spelt out because it is asked many times for every person."""
        column = self._columns.of(name)
        return default if column is None else column[self._place]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns.names())

    def __len__(self) -> int:
        return len(self._columns.names())
