"""The invented region as a whole: real lists, unmistakable people, rates near the published ones, the same bytes."""

import ast
import csv
import hashlib
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from written import write_region

from pipeline.errors import UserError
from pipeline.rules.nhs_number import is_valid
from pipeline.synthetic.latent.block import INDEX_STEP, Block, draw_block
from pipeline.synthetic.latent.oracle import expected_admission
from pipeline.synthetic.population.frame import load_frame, read_reference

AS_OF = date(2026, 11, 15)
LISTS = {"F83671": 3193, "F83039": 4727, "F85061": 2835, "F85675": 5787, "F85065": 3264}


def _digests(out: Path) -> dict[str, str]:
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_people_seed_and_date_give_the_same_bytes(small_region: Path, tmp_path: Path) -> None:
    write_region(tmp_path / "again", people=600, seed=3, oracle_replays=100)
    assert _digests(tmp_path / "again") == _digests(small_region)


def test_another_seed_gives_other_people(small_region: Path, tmp_path: Path) -> None:
    write_region(tmp_path / "other", people=600, seed=4)
    name = "_truth/people.parquet"
    columns = ["nhs_number", "family_name", "birth_date"]
    ours = {tuple(row.values()) for row in pq.read_table(small_region / name, columns=columns).to_pylist()}
    theirs = {tuple(row.values()) for row in pq.read_table(tmp_path / "other" / name, columns=columns).to_pylist()}
    assert len(ours & theirs) < 0.05 * len(ours)


def test_a_folder_with_deliveries_is_not_written_to(small_region: Path) -> None:
    with pytest.raises(UserError, match="already holds deliveries"):
        write_region(small_region, people=600, seed=3)


@pytest.mark.parametrize("people", [0, 499, 1_000_001])
def test_a_region_too_small_or_too_large_is_refused(tmp_path: Path, people: int) -> None:
    with pytest.raises(UserError, match="500 to 1,?000,?000"):
        write_region(tmp_path, people=people, seed=1)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("weeks", [0, 13])
def test_weeks_beyond_the_lives_that_were_drawn_are_refused(tmp_path: Path, weeks: int) -> None:
    with pytest.raises(UserError, match="1 to 12 weeks"):
        write_region(tmp_path, people=600, seed=1, weeks=weeks)


def test_a_region_that_fails_leaves_no_spool_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*_: object, **__: object) -> None:
        raise OSError("planted: the disk is full")

    monkeypatch.setattr("pipeline.synthetic.synthesise.write_deliveries", break_off)
    with pytest.raises(OSError, match="planted"):
        write_region(tmp_path / "out", people=600, seed=1)
    assert not (tmp_path / "out" / "_spool").exists()


def test_lists_have_their_real_sizes_on_the_as_of_date(whole_region: Path) -> None:
    people = pq.read_table(whole_region / "_truth" / "people.parquet").to_pylist()
    # The two who move between practices in the second week are still with their former one.
    listed = Counter(
        p["former_practice_code"] if p["moved_date"] and p["moved_date"] > AS_OF else p["practice_code"]
        for p in people
        if p["is_registered"]
    )
    assert dict(listed) == LISTS


def _is_first_list(patient_id: str) -> bool:
    """Not a planted row, and not a registration with a second practice, whose numbers have a range of their own."""
    return len(patient_id) == 7 and int(patient_id) % 1_000_000 < 400_000


def test_the_list_a_supplier_sends_is_the_list_and_who_has_gone(whole_region: Path) -> None:
    rows: list[dict[str, str]] = []
    for path in sorted(whole_region.glob("GPS0[12]/gp_patient_GPS0[12]_20261115_01.csv")):
        with path.open(newline="", encoding="utf-8") as handle:
            rows += csv.DictReader(handle)
    current = Counter(
        row["PracticeCode"]
        for row in {(r["PracticeCode"], r["PatientID"]): r for r in rows if _is_first_list(r["PatientID"])}.values()
        if is_valid(row["NHSNumber"])
        and row["RegistrationStartDate"] <= str(AS_OF)
        and not row["RegistrationEndDate"]
        and not row["DateOfDeath"]
    )
    assert dict(current) == {code: size for code, size in LISTS.items() if code != "F85065"}
    assert sum(bool(row["DateOfDeath"]) for row in rows) > 100
    assert sum(bool(row["RegistrationEndDate"]) for row in rows) > 500


def test_smaller_regions_keep_all_five_practices_and_larger_ones_add_whole_practices() -> None:
    small, demo, large = (load_frame(people) for people in (2_000, 20_000, 60_000))
    assert [p.code for p in small.practices] == list(LISTS)
    assert abs(sum(p.list_size for p in small.practices) - 2_000) <= 5
    assert {p.code: p.list_size for p in demo.practices} == LISTS
    assert [p.code for p in large.practices][:5] == list(LISTS)
    assert abs(sum(p.list_size for p in large.practices) - 60_000) < 10_000
    assert all(p.is_whole for p in large.practices)


def test_people_are_unmistakable(whole_region: Path) -> None:
    people = pq.read_table(whole_region / "_truth" / "people.parquet")
    numbers = people["nhs_number"].to_pylist()
    assert len(set(numbers)) == len(numbers)
    assert all(is_valid(number) and number.startswith("999") for number in numbers)
    assert all(re.fullmatch(r"[A-Z]{1,2}\d{1,2} \d[CIKMOV]{2}", code) for code in people["postcode"].to_pylist())
    families = set(people["family_name"].to_pylist())
    assert len(families) >= 300
    assert all(len(name) >= 7 and name[0].isupper() for name in families)


@pytest.fixture(scope="module")
def core() -> Block:
    """The people of the demo as they are drawn, before anything is told of them."""
    return draw_block(load_frame(20_000), 0, seed=1, as_of=AS_OF)


def test_one_in_fourteen_is_admitted_within_a_year_more_when_old_or_deprived(core: Block) -> None:
    """SPARRA v4's proportions at the level of everyone registered; bands are about three standard errors wide."""
    index_day = int(core.lives.starts[INDEX_STEP])
    who = np.flatnonzero(core.people.registered_on(index_day - 1))
    admitted = core.admitted_within(index_day, core.today + 1)[who]
    assert 0.06 <= admitted.mean() <= 0.09
    band = np.minimum((index_day - core.people.birth[who]) / 365.25 // 20, 4)
    rate = [admitted[band == one].mean() for one in range(5)]
    assert 0.035 <= rate[0] <= 0.065  # under 20: 4.9% there
    assert 0.035 <= rate[1] <= 0.065  # 20 to 39: about 5.3%
    assert rate[4] >= 0.22  # over 80: 32.9%
    assert rate[1:] == sorted(rate[1:])
    # Deprived areas are younger: rates are compared as if both had everyone's ages.
    deprived, share = core.people.decile[who] <= 3, np.bincount(band.astype(int)) / len(band)
    more, less = (
        sum(share[one] * admitted[there & (band == one)].mean() for one in range(5)) for there in (deprived, ~deprived)
    )
    assert 1.15 <= more / less <= 2.2


def test_the_oracle_is_calibrated_and_as_good_as_can_be(core: Block) -> None:
    """On every second person and with fewer replays than the truth folder gets: the suite has little time."""
    from sklearn.metrics import roc_auc_score

    index_day = int(core.lives.starts[INDEX_STEP])
    who = np.flatnonzero(core.people.registered_on(index_day - 1))[::2]
    expected = expected_admission(core, who, replays=20)
    happened = core.admitted_within(index_day, core.today + 1)[who]
    assert abs(expected.mean() - happened.mean()) < 0.01
    assert 0.79 <= roc_auc_score(happened, expected) <= 0.88


def test_the_truth_tells_the_oracle_only_when_asked(region: Path, small_region: Path) -> None:
    assert not (region / "_truth" / "oracle.parquet").exists()
    oracle = pq.read_table(small_region / "_truth" / "oracle.parquet").to_pylist()
    assert {str(row["index_date"]) for row in oracle} == {"2025-11-16"}
    assert all(0 < row["probability_12m"] < 1 for row in oracle)
    mean = sum(row["probability_12m"] for row in oracle) / len(oracle)
    assert 0.5 * mean < sum(row["was_admitted"] for row in oracle) / len(oracle) < 2 * mean


def test_conditions_are_recorded_about_as_often_as_published(whole_region: Path) -> None:
    """Ever recorded, share of people; published: three million Greater Manchester records, a somewhat older place."""
    of_code = {row["snomed_code"]: row["condition"] for row in read_reference("record_condition_codes")}
    has: set[tuple[str, str]] = set()
    for path in sorted(whole_region.glob("GPS0[12]/gp_event_GPS0[12]_20261114_01.csv")):
        lines = (line.split(",", 6) for line in path.read_text(encoding="utf-8").splitlines()[1:])
        has |= {(of_code[fields[5]], fields[2]) for fields in lines if fields[5] in of_code}
    people = pq.read_table(whole_region / "_truth" / "people.parquet").to_pylist()
    here = {p["nhs_number"] for p in people if p["is_registered"] and p["practice_code"] != "F85065"}
    share = {
        name: sum(number in here for condition, number in has if condition == name) / len(here)
        for name in set(of_code.values())
    }
    published = {"hypertension": 0.138, "diabetes": 0.067, "asthma": 0.128, "depression": 0.264, "cancer": 0.049}
    for name, level in published.items():
        assert 0.6 * level <= share[name] <= 1.4 * level, name
    assert 0.003 <= share["dementia"] <= 0.015
    assert 0.01 <= share["severe_mental_illness"] <= 0.025


def test_the_generator_reads_neither_features_nor_sql() -> None:
    """Risk must come from the latent state: importing or opening what the pipeline computes is forbidden."""
    allowed = {"pipeline.synthetic", "pipeline.errors", "pipeline.rules", "pipeline.contracts"}
    for path in Path("pipeline/synthetic").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                if name.split(".")[0] == "pipeline":
                    assert ".".join(name.split(".")[:2]) in allowed, f"{path.name} imports {name}"
        assert "sql/" not in text and "/work" not in text, path.name


def test_the_truth_says_how_many_dissent_and_how(whole_region: Path) -> None:
    summary = json.loads((whole_region / "_truth" / "summary.json").read_text())
    kinds = summary["type_1"]
    assert kinds["dissents"] >= 5
    assert (kinds["withdrawn"], kinds["same_day"], kinds["second_week"]) == (1, 1, 1)
    assert summary["living_outside_the_councils"] > 100
    assert 0.02 <= summary["registered_elsewhere"] / summary["people"] <= 0.04
