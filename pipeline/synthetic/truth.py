"""The truth folder: who the invented people are, how ill they really are, and what was planted.

For tests and for judging models against what could be known at best. Never read by the pipeline: names that start
with an underscore are not picked up.
"""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.synthetic.people import ELSEWHERE_CODES, NEVER
from pipeline.synthetic.region import ORACLE_STEP, Region, registered_on


def write_truth(
    out: Path, region: Region, *, written: list[dict[str, object]], planted: list[dict[str, object]], seed: int
) -> dict[str, object]:
    """people.parquet, oracle.parquet, defects.json and summary.json; returns the summary."""
    out.mkdir(parents=True, exist_ok=True)
    pq.write_table(people_table(region), out / "people.parquet")
    oracle = oracle_table(region)
    pq.write_table(oracle, out / "oracle.parquet")
    history = {str(entry["delivery_id"]): entry["planted"] for entry in written if entry["planted"]}
    _write_json(out / "defects.json", {"history": history, "second_week": planted})
    summary = summarise(region, oracle, written=written, seed=seed)
    _write_json(out / "summary.json", summary)
    return summary


def people_table(region: Region) -> pa.Table:
    """One row per person who ever was in the region's data; dates null where it has not happened."""
    people, frame, step = region.people, region.frame, len(region.lives.states) - 1
    state = region.lives.states[step]
    codes = [*(p.code for p in frame.practices), *ELSEWHERE_CODES]
    now = np.where(people.practice < 0, len(frame.practices) + people.elsewhere_code, people.practice)
    return pa.table(
        {
            "nhs_number": people.nhs_number,
            "family_name": np.array(frame.family_names)[people.family_name],
            "given_name": np.array(frame.given_names)[people.given_name],
            "birth_date": _dates(people.birth),
            "gender_code": people.gender_code,
            "ethnic_category": people.ethnic_codes,
            "postcode": people.postcode,
            "borough_code": people.borough,
            "lsoa_code": people.lsoa,
            "imd_decile": people.decile,
            "practice_code": np.array(codes)[now],
            "former_practice_code": pa.array(
                np.array(codes)[np.maximum(people.former_practice, 0)], mask=people.former_practice < 0
            ),
            "moved_date": _dates(people.moved),
            "registration_start_date": _dates(people.registered),
            "registration_end_date": _dates(people.left),
            "death_date": _dates(people.death),
            "is_elsewhere": people.practice < 0,
            "is_registered": registered_on(people, region.today),
            "is_confidential": people.is_confidential,
            "type_1": _type_1(region),
            "frailty": np.round(state.frailty, 4),
            "dependence": np.round(region.lives.dependence[step], 4),
            "conditions": state.has.sum(axis=1),
        }
    )


def oracle_table(region: Region) -> pa.Table:
    """Per person registered on the index date twelve months back: the best possible probability, and what came."""
    people, lives, spells = region.people, region.lives, region.spells
    index_day, end = int(lives.starts[ORACLE_STEP]), region.today + 1
    counted = spells.is_outcome & (spells.admitted >= index_day) & (spells.admitted < end)
    admitted = np.zeros(people.count, dtype=bool)
    admitted[spells.person[counted]] = True
    who = np.flatnonzero(registered_on(people, index_day - 1))
    return pa.table(
        {
            "nhs_number": people.nhs_number[who],
            "index_date": pa.array(np.full(len(who), index_day).astype("datetime64[D]")),
            "probability_12m": np.round(region.oracle[who], 6),
            "hazard_per_month": np.round(lives.hazard[ORACLE_STEP][who], 6),
            "was_admitted": admitted[who],
        }
    )


def summarise(region: Region, oracle: pa.Table, *, written: list[dict[str, object]], seed: int) -> dict[str, object]:
    """Counts and rates of the region, for a person to look at and tests to hold it to."""
    people = region.people
    registered = registered_on(people, region.today)
    practice = np.where(people.moved > region.today, people.former_practice, people.practice)
    practice = np.where(people.moved == NEVER, people.practice, practice)
    lists = {p.code: int((registered & (practice == index)).sum()) for index, p in enumerate(region.frame.practices)}
    rows: dict[str, int] = {}
    for entry in written:
        rows[str(entry["extract"])] = rows.get(str(entry["extract"]), 0) + int(str(entry["rows"]))
    has = region.lives.states[-1].has[registered]
    prevalence = {name: round(float(has[:, k].mean()), 4) for k, name in enumerate(region.traits.conditions)}
    uncovered = registered & ~np.isin(people.borough, ("E09000019", "E09000014"))
    return {
        "as_of": str(region.as_of),
        "seed": seed,
        "people": int(registered.sum()),
        "lists": lists,
        "deliveries": len(written),
        "rows": rows,
        "admitted_within_12m_share": round(float(np.mean(oracle["was_admitted"].to_numpy())), 4),
        "true_prevalence": prevalence,
        "type_1": {kind: _type_1(region).count(kind) for kind in sorted(set(_type_1(region)))},
        "living_outside_both_councils": int(uncovered.sum()),
        "registered_elsewhere": int((people.practice < 0).sum()),
    }


def _type_1(region: Region) -> list[str]:
    kinds = ["none"] * region.people.count
    for person in region.chosen.dissents:
        kinds[person] = "dissents"
    kinds[region.chosen.dissent_withdrawn] = "withdrawn"
    kinds[region.chosen.dissent_same_day] = "same_day"
    kinds[region.chosen.dissent_second_week] = "second_week"
    return kinds


def _dates(days: np.ndarray) -> pa.Array:
    never = days >= NEVER
    return pa.array(np.where(never, 0, days).astype("datetime64[D]"), mask=never)


def _write_json(path: Path, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
