"""The nightly DAG: it runs real nights, a practice that fails stops no other, and the orchestrator learns no name.

One process loads and runs it (run_night.py), since Airflow reads its settings once; the tests ask what it saw.
"""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from dag_homes import FIRST, airflow_environment, make_closed_home, make_home

from pipeline.__main__ import main
from pipeline.contracts.settings import read_settings
from pipeline.ledger import registers, runs
from pipeline.ledger.connect import open_ledger
from pipeline.steps.scheduled import tasks

SECOND = FIRST + timedelta(days=7)
STAGES = ["features", "score", "segment", "register", "watch"]
EVERY = ["intake", "freeze", *STAGES, "packs", "publish", "finish", "notify"]


@dataclass(frozen=True)
class Nights:
    """Where the DAG ran and what came of it."""

    home: Path
    airflow: Path
    seen: dict[str, Any]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    """A small home whose two nights the DAG ran, and an empty one whose policy closes the gate."""
    folder = tmp_path_factory.mktemp("dag")
    home, closed, airflow = (folder / name for name in ("home", "closed", "airflow"))
    environment = airflow_environment(airflow)
    with (folder / "migrate.log").open("w") as log:
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        migrating = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        make_home(home)
        make_closed_home(closed)
        assert migrating.wait(timeout=300) == 0, (folder / "migrate.log").read_text()[-2000:]
    arguments = [str(home), str(closed), str(folder / "seen.json")]
    # What tasks say goes beside Airflow's database, to be searched with it.
    with (airflow / "tasks.log").open("w") as log:
        script = Path(__file__).with_name("run_night.py")
        ended = subprocess.run([sys.executable, str(script), *arguments], env=environment, stdout=log, stderr=log)
    assert ended.returncode == 0, (airflow / "tasks.log").read_text()[-3000:]
    yield Nights(home=home, airflow=airflow, seen=json.loads((folder / "seen.json").read_text()))


def asked(nights: Nights, question: str, *values: str) -> list[tuple[Any, ...]]:
    """Rows of Airflow's own database."""
    with closing(sqlite3.connect(nights.airflow / "airflow.db")) as connection:
        return connection.execute(question, values).fetchall()


def test_every_task_of_both_nights_succeeds(nights: Nights) -> None:
    for night in ("night", "second"):
        assert nights.seen[night]["state"] == "success"
        states = {name: state for name, (state, _) in nights.seen[night]["tasks"].items()}
        assert states.pop("publish_group[0]") == "success"
        assert states == dict.fromkeys(EVERY, "success")


def test_a_practice_that_fails_stops_no_other_and_the_run_fails_in_words(nights: Nights) -> None:
    """Tried twice with its group and twice at the end; what is run again publishes it alone."""
    tasks = nights.seen["in_part"]["tasks"]
    assert nights.seen["in_part"]["state"] == "failed"
    assert tasks["publish_group[0]"] == ["failed", 2] and tasks["publish"] == ["failed", 2]
    assert tasks["finish"][0] == "upstream_failed" and tasks["notify"] == ["success", 1]
    (groups,) = [returned(nights, "in_part", "packs")]
    codes = [code for group in groups for code in group["codes"]]
    said = (nights.airflow / "tasks.log").read_text()
    assert (
        f"1 of tonight's packs could not be published; the others are. {min(codes)}: a fault inside (OSError)" in said
    )
    left = returned(nights, "second", "packs")
    assert [group["codes"] for group in left] == [[min(codes)]] and len(codes) >= 4
    assert returned(nights, "in_part", "freeze") == returned(nights, "second", "freeze")
    counts = returned(nights, "second", "publish")
    # The lists of its network and its borough had waited for it.
    assert counts["published"] == 2 and counts["already_there"] >= len(codes)


def test_a_night_takes_in_all_that_has_landed_but_is_made_of_its_own(nights: Nights) -> None:
    counts = returned(nights, "night", "intake")
    assert counts["accepted"] > 0 and counts["received"] == counts["accepted"] + counts["refused"]
    assert returned(nights, "second", "intake")["received"] == 0
    ledger = open_ledger(read_settings({"RISKSTRAT_HOME": str(nights.home)}).ledger_url)
    made_of = [set(runs.run_deliveries(ledger, returned(nights, night, "freeze"))) for night in ("night", "second")]
    assert made_of[0] < made_of[1]


def test_the_registers_are_there_and_the_runs_finished(nights: Nights) -> None:
    ledger = open_ledger(read_settings({"RISKSTRAT_HOME": str(nights.home)}).ledger_url)
    for day, night in ((FIRST, "night"), (SECOND, "second")):
        (run,) = runs.list_runs(ledger, as_of=day, kind="nightly")
        assert run.state == "finished" and run.knowledge == "then"
        assert returned(nights, night, "freeze") == returned(nights, night, "finish") == run.run_key
        editions = [e for e in registers.list_editions(ledger) if e.as_of == day and e.plane == "practice"]
        packs = sorted(path.name for path in (nights.home / "registers" / day.isoformat()).iterdir())
        assert packs == sorted(edition.code for edition in editions) and len(packs) >= 4
        for pack in packs:
            assert list((nights.home / "registers" / day.isoformat() / pack).glob("RISKREG_*.csv"))
    ledger.engine.dispose()


def test_the_command_finds_the_run_of_the_dag_and_adds_no_edition(
    nights: Nights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    shutil.copytree(nights.home, home)
    before = published(home)
    monkeypatch.setenv("RISKSTRAT_HOME", str(home))
    assert main(["nightly", "--as-of", SECOND.isoformat()]) == 0
    assert f"run {returned(nights, 'second', 'freeze')}" in capsys.readouterr().out
    assert published(home) == before


def test_only_a_person_begins_a_finished_night_anew(nights: Nights, tmp_path: Path) -> None:
    environment, key = changed_copy(nights, tmp_path), returned(nights, "second", "freeze")
    for by in ("scheduled", "asset_triggered"):
        assert tasks.freeze_night(environment, as_of=SECOND.isoformat(), by=by) == key
    assert tasks.packs_due(environment, run_key=key) == []
    assert tasks.freeze_night(environment, as_of=SECOND.isoformat(), by="manual") != key


def changed_copy(nights: Nights, folder: Path) -> dict[str, str]:
    """The environment of a copy of the home in which more people may be listed than on the night."""
    home = folder / "home"
    shutil.copytree(nights.home, home, ignore=shutil.ignore_patterns("landing"))
    policy = (home / "policy.yml").read_text()
    (home / "policy.yml").write_text(re.sub(r"capacity_pct: [0-9.]+", "capacity_pct: 3.0", policy))
    assert (home / "policy.yml").read_text() != policy
    return {"RISKSTRAT_HOME": str(home), "RISKSTRAT_THREADS": "1"}


def test_a_backfill_takes_in_nothing_and_leaves_every_edition(nights: Nights, tmp_path: Path) -> None:
    """The tasks of a run of Airflow's type `backfill`, one after another, as the DAG has them."""
    environment = changed_copy(nights, tmp_path)
    home, day = Path(environment["RISKSTRAT_HOME"]), SECOND.isoformat()
    before = published(home)
    given = {"as_of": day, "by": "backfill"}
    assert tasks.take_in_night(environment, **given) == {"received": 0, "accepted": 0, "refused": 0}
    key = tasks.freeze_night(environment, **given, knowledge="then", series="airflow")
    assert key != returned(nights, "second", "freeze")
    for stage in STAGES:
        tasks.run_night_stage(environment, run_key=key, stage=stage)
    groups = tasks.packs_due(environment, run_key=key)
    for group in groups:
        tasks.publish_packs(environment, **group)
    counts = tasks.publish_night(environment, run_key=key, packs=groups)
    assert counts is not None and counts["already_there"] == sum(len(group["codes"]) for group in groups) >= 4
    assert tasks.finish_night(environment, run_key=key, by="backfill", series="airflow", send="False") == key
    editions, files = published(home)
    assert {name: data for name, data in files.items() if "/replays/" not in name} == before[1]
    assert any(name.startswith(f"registers/replays/{key}/") for name in files) and editions > before[0]


def published(home: Path) -> tuple[int, dict[str, bytes]]:
    """How many editions the ledger knows, and every published file."""
    ledger = open_ledger(read_settings({"RISKSTRAT_HOME": str(home)}).ledger_url)
    editions = len(registers.list_editions(ledger))
    ledger.engine.dispose()
    files = [path for plane in ("registers", "localities") for path in (home / plane).rglob("*") if path.is_file()]
    return editions, {path.relative_to(home).as_posix(): path.read_bytes() for path in files}


def test_a_refusal_is_not_tried_again(nights: Nights) -> None:
    closed = nights.seen["closed"]
    assert closed["state"] == "failed"
    assert closed["tasks"]["freeze"] == ["failed", 1]
    assert {closed["tasks"][name][0] for name in [*STAGES, "packs", "publish_group", "finish"]} == {"upstream_failed"}
    assert closed["tasks"]["publish"][0] == "skipped" and closed["tasks"]["notify"][0] == "success"
    assert "GateClosed: The policy holds no valid basis" in (nights.airflow / "tasks.log").read_text()


def test_a_run_without_a_date_fails_at_once_and_says_why(nights: Nights) -> None:
    assert nights.seen["dateless"]["tasks"]["intake"] == ["failed", 1]
    assert "This run has no as-of date" in (nights.airflow / "tasks.log").read_text()


def test_a_fault_of_the_moment_is_tried_again(nights: Nights) -> None:
    """The planted fault in the first attempt at intake, and nothing else, needed a second."""
    attempts = {name: attempt for name, (_, attempt) in nights.seen["night"]["tasks"].items()}
    assert attempts == dict.fromkeys([*EVERY, "publish_group[0]"], 1) | {"intake": 2}


def test_between_tasks_go_only_ids_and_counts(nights: Nights) -> None:
    rows = asked(nights, "select task_id, key, value from xcom")
    assert {task for task, _, _ in rows} == {*EVERY, "publish_group"}
    for task, key, stored in rows:
        # SQLite hands back a JSON column that holds nothing but a whole number as that number.
        for value in leaves(json.loads(str(stored))):
            named = isinstance(value, str) and re.fullmatch(r"[0-9a-f]{16}|[A-Z][0-9]{5}", value)
            assert named or type(value) is int, f"{task} hands on {key}"


def leaves(value: Any) -> Iterator[Any]:
    """Everything within lists and dictionaries."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if inner is None:
        yield value
    else:
        for one in inner:
            yield from leaves(one)


def test_airflow_learns_no_number_and_no_name(nights: Nights) -> None:
    """Its database with every log row and rendered field, its files, and all that tasks said."""
    people = pq.read_table(nights.home / "landing" / "_truth" / "people.parquet").to_pylist()
    numbers = {person["nhs_number"] for person in people}
    names = {f"{person['given_name']} {person['family_name']}".casefold() for person in people}
    names |= {person["family_name"].casefold() for person in people}
    assert len(numbers) > 500
    for path in sorted(path for path in nights.airflow.rglob("*") if path.is_file()):
        assert told_in(path.read_bytes(), numbers=numbers, names=names) == set(), path.name


def test_the_search_finds_what_is_planted_in_airflows_database(nights: Nights, tmp_path: Path) -> None:
    person = pq.read_table(nights.home / "landing" / "_truth" / "people.parquet").to_pylist()[0]
    number, name = person["nhs_number"], person["family_name"]
    copy = tmp_path / "airflow.db"
    shutil.copyfile(nights.airflow / "airflow.db", copy)
    with closing(sqlite3.connect(copy)) as connection, connection:
        planted = json.dumps({"seen": f"{number[:3]} {number[3:6]} {number[6:]}", "who": name.upper()})
        connection.execute("update xcom set value = ? where task_id = 'freeze'", [planted])
    found = told_in(copy.read_bytes(), numbers={number}, names={name.casefold()})
    assert found == {number, name.casefold()}


def told_in(data: bytes, *, numbers: set[str], names: set[str]) -> set[str]:
    """Those of these numbers (in one piece or in three) and names (whole words, in any case) that stand here."""
    text = data.decode("utf-8", errors="replace")
    digits = {re.sub(r"\D", "", found) for found in re.findall(r"(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)", text)}
    words = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", text.casefold())
    pairs = {f"{one} {other}" for one, other in zip(words, words[1:], strict=False)}
    return (digits & numbers) | ((set(words) | pairs) & names)


def returned(nights: Nights, night: str, task: str) -> Any:
    """What a task of this night handed on."""
    question = "select value from xcom where run_id = ? and task_id = ? and key = 'return_value'"
    ((stored,),) = asked(nights, question, nights.seen[night]["run_id"], task)
    return json.loads(stored)
