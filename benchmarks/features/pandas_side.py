"""Five of the concepts in pandas on numpy arrays, as a careful analyst would write them: the yardstick, not our code.

Reads the same visible events and cohort as the queries do, only the columns it needs, and gives the same columns.
"""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.rules.calibration import apply_calibration
from pipeline.rules.reasons_concepts import COLUMNS, TOPIC_OF
from pipeline.store import tables

CONCEPTS = ("emergency_admissions", "gp_contacts", "long_term_conditions", "measurements", "medication")
READ = ["person_key", "event_type", "event_date", "end_date", "code", "method_code", "detail", "value_number"]
READ += ["value_unit"]


def features(folder: Path, project: Path, day: date) -> pd.DataFrame:
    """One row per person of `cohort.parquet`, in its order, indexed by person_key."""
    cohort = pd.read_parquet(folder / "cohort.parquet").set_index("person_key")
    event = pd.read_parquet(folder / "event.parquet", columns=READ)
    lists = project / "sql" / "codelists"
    index_day = pd.Timestamp(day)
    coded = event[event.event_type == "gp_code"]
    found = [
        _emergency_admissions(event[event.event_type == "admission"], lists, index_day),
        _contacts(coded, lists, index_day),
        _conditions(coded, lists),
        _measurements(coded, lists, index_day),
        _medication(event[event.event_type == "gp_medication"], index_day),
    ]
    wide = cohort[[]].join(found)
    counted = [name for name in wide.columns if name.endswith(("m", "count")) and "days_since" not in name]
    counted = [name for name in counted if name not in MEASURED]
    wide[counted] = wide[counted].fillna(0)
    flags = [name for name in wide.columns if name.startswith("has_")]
    wide[flags] = wide[flags].fillna(False)
    return wide


MEASURED = ("systolic_pressure_mmhg", "body_mass_index", "egfr_ml_min", "haemoglobin_g_l")


def _months_before(day: pd.Timestamp, months: int) -> pd.Timestamp:
    return day - pd.DateOffset(months=months)


def _days(dates: pd.Series, day: pd.Timestamp) -> pd.Series:
    return (day - pd.to_datetime(dates)).dt.days


def _emergency_admissions(event: pd.DataFrame, lists: Path, day: pd.Timestamp) -> pd.DataFrame:
    methods = pd.read_csv(lists / "emergency_admission_method.csv", dtype=str)["code"]
    stay = event[event.method_code.isin(methods)].copy()
    stay["event_date"] = pd.to_datetime(stay.event_date)
    stay = stay[stay.event_date < day]
    end = pd.to_datetime(stay.end_date).fillna(day).clip(upper=day)
    stay["nights"] = (end - stay.event_date.clip(lower=_months_before(day, 12))).dt.days.clip(lower=0)
    for months in (3, 12, 24):
        stay[f"in_{months}"] = stay.event_date >= _months_before(day, months)
    grouped = stay.groupby("person_key")
    return pd.DataFrame(
        {
            "emergency_admissions_3m": grouped["in_3"].sum(),
            "emergency_admissions_12m": grouped["in_12"].sum(),
            "emergency_admissions_24m": grouped["in_24"].sum(),
            "emergency_bed_days_12m": grouped["nights"].sum(),
            "emergency_admission_days_since": _days(grouped["event_date"].max(), day),
        }
    )


def _contacts(coded: pd.DataFrame, lists: Path, day: pd.Timestamp) -> pd.DataFrame:
    codes = pd.read_csv(lists / "gp_contact.csv", dtype=str)["code"]
    contact = coded[coded.code.isin(codes)][["person_key", "event_date"]].drop_duplicates()
    contact["event_date"] = pd.to_datetime(contact.event_date)
    contact = contact[contact.event_date < day]
    for months in (3, 12):
        contact[f"in_{months}"] = contact.event_date >= _months_before(day, months)
    grouped = contact.groupby("person_key")
    return pd.DataFrame(
        {
            "gp_contacts_3m": grouped["in_3"].sum(),
            "gp_contacts_12m": grouped["in_12"].sum(),
            "gp_contact_days_since": _days(grouped["event_date"].max(), day),
        }
    )


def _conditions(coded: pd.DataFrame, lists: Path) -> pd.DataFrame:
    codes = pd.read_csv(lists / "long_term_condition.csv", dtype=str)[["code", "condition"]]
    held = coded[["person_key", "code"]].merge(codes, on="code")[["person_key", "condition"]].drop_duplicates()
    wide = pd.crosstab(held.person_key, held.condition).astype(bool).add_prefix("has_")
    wide["long_term_condition_count"] = held.groupby("person_key").size()
    return wide


def _measurements(coded: pd.DataFrame, lists: Path, day: pd.Timestamp) -> pd.DataFrame:
    codes = pd.read_csv(lists / "measurement.csv", dtype=str)
    codes[["multiply_by", "minimum", "maximum"]] = codes[["multiply_by", "minimum", "maximum"]].astype(float)
    names = dict(zip(("systolic_pressure", "body_mass_index", "egfr", "haemoglobin"), MEASURED, strict=True))
    codes = codes[codes.measure.isin(names)].assign(unit_key=lambda row: row.unit.str.lower())
    reading = coded[coded.value_number.notna()][["person_key", "event_date", "code", "value_number", "value_unit"]]
    reading = reading.merge(codes, on="code")
    reading = reading[reading.unit_key == reading.value_unit.fillna(reading.standard_unit).str.lower()]
    reading["event_date"] = pd.to_datetime(reading.event_date)
    reading = reading[(reading.event_date < day) & (reading.event_date >= _months_before(day, 24))]
    reading["number"] = reading.value_number.astype(float) * reading.multiply_by
    reading = reading[(reading.number >= reading.minimum) & (reading.number <= reading.maximum)]
    latest = reading.groupby(["person_key", "measure"])["event_date"].transform("max")
    last = reading[reading.event_date == latest].groupby(["measure", "person_key"])["number"].agg(["min", "max"])
    return pd.DataFrame(
        {
            title: last.loc[measure]["max" if measure == "systolic_pressure" else "min"]
            for measure, title in names.items()
            if measure in last.index.get_level_values(0)
        }
    )


def _medication(issue: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    issue = issue.assign(event_date=pd.to_datetime(issue.event_date))
    issue = issue[(issue.event_date < day) & (issue.event_date >= _months_before(day, 12))]
    recent = issue[issue.event_date >= _months_before(day, 6)]
    return pd.DataFrame(
        {
            "medicines_distinct_6m": recent.groupby("person_key")["detail"].nunique(),
            "medication_items_12m": issue.groupby("person_key").size(),
        }
    )


def scores(folder: Path, model: Any, *, threads: int) -> pd.DataFrame:
    """The calibrated risk of everyone from the feature files, by person_key, and written."""
    frame = pd.read_parquet(_files(folder, "feature"))
    log_odds = model.body.predict(_matrix(frame, model), raw_score=True, num_threads=threads)
    told = pd.DataFrame({"risk_score": apply_calibration(model.calibration, log_odds).round(6), "log_odds": log_odds})
    told.index = pd.Index(frame["person_key"])
    told.sort_index().to_parquet(folder / "score_in_pandas.parquet")
    return told


def topics(folder: Path, model: Any, person_keys: list[str], *, threads: int) -> pd.DataFrame:
    """The three topics that weigh most for each of these people."""
    frame = pd.read_parquet(_files(folder, "feature"))
    some = frame[frame.person_key.isin(person_keys)]
    shares = model.body.predict(_matrix(some, model), pred_contrib=True, num_threads=threads)[:, :-1]
    of_column = {column: TOPIC_OF[concept] for concept, columns in COLUMNS.items() for column in columns}
    by_column = pd.DataFrame(shares, columns=list(model.feature_columns), index=some.person_key)
    by_topic = by_column.T.groupby(of_column).sum().T
    names = np.asarray(by_topic.columns)
    return pd.DataFrame(names[np.argsort(-by_topic.to_numpy(), axis=1)[:, :3]], index=by_topic.index)


def _files(folder: Path, name: str) -> list[str]:
    """Data files of the table's newest version."""
    return tables.files(folder / name, column="run_key", values=["measured"])


def _matrix(frame: pd.DataFrame, model: Any) -> npt.NDArray[np.float64]:
    return frame[list(model.feature_columns)].to_numpy(dtype=np.float64, na_value=np.nan)
