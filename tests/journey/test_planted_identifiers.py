"""Planted people pushed through every error path leave no trace outside the identified places.

Numbers with a right and a wrong check digit, surnames, addresses with postcodes and births in five ways of writing. A
part of it on every change; every extract and a real orchestrator in the acceptance suite. byte_scan.py looks: it
proves itself at the end of this file, and never says what it found.
"""

import faulthandler
import gzip
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import traceback
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from byte_scan import Search, Trace
from library_faults import FAULTS
from planted_files import CONTRACTS, Deliveries, land
from planted_people import KINDS, Planted, planted_people
from sqlalchemy import text

from pipeline import log
from pipeline.__main__ import main
from pipeline.contracts.settings import PROJECT
from pipeline.engines.expectations import Checks
from pipeline.errors import PipelineError
from pipeline.ledger import audit
from pipeline.ledger.connect import Ledger, writing
from pipeline.ledger.tables import edition, register_entry
from pipeline.steps.scheduled import tasks
from pipeline.store import layout
from pipeline.store.keys import create_keys

EVERYONE = 2_000  # times five kinds of identifier
HERE = Path(__file__).parent
# On every change: the richest extracts, one in a standard of columns by key, one by submission.
SOME = ("gp_event",)
COMMANDS = ("receive", "validate", "link", "events", "status", "audit verify", "audit list", "originals")
COMMANDS += ("coverage --as-of 2026-11-22", "sources --as-of 2026-11-22", "nightly --as-of 2026-11-22")


def told(traces: Iterable[Trace]) -> str:
    return "\n".join(sorted(f"{one.kind} in {one.place}" for one in traces))


@pytest.fixture(scope="module")
def people() -> list[Planted]:
    return planted_people(EVERYONE)


@pytest.fixture(scope="module")
def search(people: list[Planted]) -> Search:
    return Search(people)


@pytest.fixture
def planted_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home with keys and the fictitious policy that the command line works on; not the finished demo."""
    folder = tmp_path / "home"
    create_keys(folder / "vault" / "keys")
    shutil.copyfile(PROJECT / "policy" / "demo.yml", folder / "policy.yml")
    monkeypatch.setenv("RISKSTRAT_HOME", str(folder))
    return folder


def test_ten_thousand_identifiers_are_planted(people: list[Planted]) -> None:
    found = {text for one in people for text in (one.nhs_number, one.failing_number, one.surname, one.address)}
    assert len(found | {one.birth_date.isoformat() for one in people}) == 5 * EVERYONE == 10_000


@pytest.mark.parametrize(
    ("extracts", "files"),
    [(SOME, 2), pytest.param(tuple(CONTRACTS), 6, marks=pytest.mark.acceptance)],
    ids=["some", "all"],
)
def test_bad_rows_and_broken_files_of_every_extract(
    planted_home: Path,
    people: list[Planted],
    search: Search,
    extracts: tuple[str, ...],
    files: int,
    capfd: pytest.CaptureFixture[str],
) -> None:
    deliveries = Deliveries(people)
    count = land([file for extract in extracts for file in deliveries.of(extract, files=files)], home=planted_home)
    codes = {command: main(command.split()) for command in COMMANDS}
    said = capfd.readouterr()
    assert codes["receive"] == codes["validate"] == codes["link"] == codes["events"] == 0
    assert said.out.count("accepted") >= len(extracts) and said.out.count("refused") >= 8 * len(extracts)
    assert told(search.text(said.out + said.err, place="what the commands said")) == ""
    assert told(search.folder(planted_home, leave_out=layout.IDENTIFIABLE)) == ""
    # They did come in: the search finds them where they may be, and the reports were written.
    assert search.folder(planted_home / "identified") != set()
    assert len(list((planted_home / "reports" / "deliveries").iterdir())) > count / 2


def test_an_error_of_every_kind_met_by_a_command(
    planted_home: Path,
    people: list[Planted],
    search: Search,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    quoted = " | ".join(one.line(turn) for turn, one in enumerate(people))
    met: list[str] = []

    def fail(*arguments: object, **options: object) -> None:
        met.append(name)
        FAULTS[name](quoted)

    for module, step in (("pipeline.steps.receive.receive", "receive"), ("pipeline.steps.night.nightly", "nightly")):
        monkeypatch.setattr(sys.modules[module], step, fail)
    for name in FAULTS:
        for command in ("receive", "nightly --as-of 2026-11-22"):
            assert main(command.split()) in (1, 2, 13)
            said = capfd.readouterr()
            assert len(said.err) > 20
            assert told(search.text(said.out + said.err, place=name)) == ""
    assert met == [name for name in FAULTS for _ in range(2)]
    assert told(search.folder(planted_home, leave_out=layout.IDENTIFIABLE)) == ""


def test_an_orchestrator_that_writes_down_whole_tracebacks_learns_nothing(
    planted_home: Path,
    people: list[Planted],
    search: Search,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Message, notes, cause and context of whatever leaves a task; and what it hands its own handlers."""
    quoted = " | ".join(one.line(turn) for turn, one in enumerate(people))
    monkeypatch.setattr(tasks, "take_in", lambda *_, **__: FAULTS[name](quoted))
    for name in FAULTS:
        with pytest.raises(PipelineError) as caught:
            tasks.take_in_night(os.environ, as_of="2026-11-22")
        error = caught.value
        assert error.__cause__ is error.__context__ is None
        whole = traceback.TracebackException.from_exception(error)
        said = capfd.readouterr()
        everything = "".join(whole.format()) + repr(error) + repr(error.args) + said.out + said.err
        assert type(error).__name__ in everything
        assert told(search.text(everything, place=name)) == ""


def test_every_fault_quotes_what_it_was_given(people: list[Planted], search: Search) -> None:
    """Else the tests above would find nothing in anything."""
    for name, fault in FAULTS.items():
        with pytest.raises(Exception, match=".") as caught:
            fault(people[0].line())
        error = caught.value
        whole = "".join(traceback.format_exception(error)) + repr(error) + repr(getattr(error, "params", ""))
        assert search.text(whole, place=name) != set(), name


def test_what_stands_in_a_log_line_or_a_line_of_progress(
    people: list[Planted], search: Search, capfd: pytest.CaptureFixture[str]
) -> None:
    """Numbers, right and wrong, and postcodes in any text; anything at all under a key that nobody allowed."""
    logger = log.step_log(step="link")
    for turn, one in enumerate(people):
        written = one.written(turn)
        text = f"row of {written['NHS number']}, {written['failing number']} at {one.postcode}"
        logger.info(text, where=[text], counts={text: 1}, surname=one.surname, born=one.birth_date)
        log.say(text)
    said = capfd.readouterr()
    assert said.out.count("withheld") == 3 * len(people) and said.err.count("withheld") >= 9 * len(people)
    assert told(search.text(said.out + said.err, place="log")) == ""


def statements(ledger: Ledger, people: list[Planted]) -> Iterator[Callable[[], None]]:
    """Statements that fail in the database, each with everybody among its parameters."""
    quoted = " | ".join(one.line(turn) for turn, one in enumerate(people))

    def run(statement: object, parameters: object) -> Callable[[], None]:
        def go() -> None:
            with writing(ledger) as connection:
                connection.execute(statement, parameters)

        return go

    yield run(text("insert into nothing values (:a)"), {"a": quoted})
    yield run(text("select * from run where :a"), [{"b": quoted}])
    yield run(edition.insert(), [{"edition_id": quoted}])
    yield run(register_entry.insert(), [{"edition_id": "none", "person_key": quoted, "listing": quoted, "rank": 1}])
    yield run(text("insert into promotion (promotion_id, name) values (1, :a)"), {"a": quoted})


def test_errors_of_the_database(
    ledger: Ledger,
    people: list[Planted],
    search: Search,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    planted_home: Path,
) -> None:
    """On SQLite and on PostgreSQL: parameters stay out of SQLAlchemy's message, and all of it out of ours."""
    count = 0
    for statement in statements(ledger, people):
        with pytest.raises(Exception, match=".") as caught:
            statement()
        if ledger.engine.dialect.name == "sqlite":
            # PostgreSQL's own message quotes the value it minds.
            assert told(search.text(str(caught.value), place="message")) == ""
        monkeypatch.setattr("pipeline.steps.receive.receive.receive", lambda *_, go=statement, **__: go())
        assert main(["receive"]) == 1
        count += 1
    said = capfd.readouterr()
    assert count == 5 and said.err.count("a fault inside") >= 5
    assert told(search.text(said.out + said.err, place="database error")) == ""
    assert told(search.folder(planted_home, leave_out=layout.IDENTIFIABLE)) == ""


def test_the_audit_takes_no_number(ledger: Ledger, people: list[Planted]) -> None:
    from datetime import UTC, datetime

    at = datetime(2026, 11, 22, tzinfo=UTC)
    for turn, one in enumerate(people[:60]):
        for said in (one.written(turn)["NHS number"], f"asked by {one.nhs_number}, who called"):
            with pytest.raises(PipelineError, match="name counts and ids instead") as caught:
                audit.append(ledger, at=at, who="me", action="x", run_key=None, subject=said, counts={})
            assert one.nhs_number not in str(caught.value)
    assert audit.list_entries(ledger) == []


def test_results_of_great_expectations_hold_row_numbers_alone(people: list[Planted], search: Search) -> None:
    contract, people = CONTRACTS["gp_patient"], people[:400]
    columns = {name: pa.array([one.line(turn) for turn, one in enumerate(people)]) for name in contract.names()}
    asked = {rule.kwargs["column"] for rule in contract.expectations if "column" in rule.kwargs}
    columns |= {name: columns["patient_id"] for name in asked - columns.keys()}
    checks = Checks(contract)
    numbers = pa.array(range(1, len(people) + 1), type=pa.int64())
    found = checks.look(pa.table({**columns, "source_row_number": numbers}))
    values = {"rows_on_receipt": 1, "minimum_rows": 10**9, "rows_on_header": 1}
    results = checks.results(values=values)
    assert sum(result.broken_count for result in results) >= len(people)
    assert told(search.text(repr(results) + repr(found), place="results")) == ""


CRASH = """
import gc, sys, threading, warnings, logging
sys.path[:0] = [{here!r}]
from library_faults import FAULTS
from planted_people import planted_people
import pipeline.steps.receive.receive as step
from pipeline import __main__ as edge
quoted = " | ".join(one.line(turn) for turn, one in enumerate(planted_people({count})))

class Lingering:
    def __del__(self):
        FAULTS["arrow_cast"](quoted)

def crash(*arguments, **options):
    logging.getLogger("deltalake").error("row %s", quoted)
    warnings.warn(quoted)
    lingering = Lingering()
    del lingering
    thread = threading.Thread(target=FAULTS["key"], args=(quoted,), name="reader")
    thread.start()
    thread.join()
    sys.stderr.flush()
    try:
        FAULTS["undecodable"](quoted)
    except ValueError:
        {ending}

step.receive = crash
import pipeline.commands.intake
sys.argv = ["riskstrat", "receive"]
sys.exit(edge.main())
"""
ENDINGS = {
    "interrupted": ("raise KeyboardInterrupt", 130),
    "out of memory": ("raise MemoryError(quoted)", 1),
    "asked to leave": ("raise SystemExit(3)", 3),
    "a fault no command catches": ("raise BaseException(quoted)", 1),
    "a crash of the interpreter": ("import faulthandler; faulthandler._sigsegv()", -11),
}

OFTEN = ("interrupted", "a crash of the interpreter")


@pytest.mark.parametrize(
    "ending", [pytest.param(one, marks=() if one in OFTEN else pytest.mark.acceptance) for one in ENDINGS]
)
def test_a_process_that_ends_badly_says_nothing(
    planted_home: Path, search: Search, ending: str, tmp_path: Path
) -> None:
    """Hooks for what nobody catches, threads, destructors, warnings and libraries' own logs; faulthandler on."""
    statement, code = ENDINGS[ending]
    script = tmp_path / "crash.py"
    script.write_text(CRASH.format(here=str(HERE), count=EVERYONE, ending=statement))
    ran = subprocess.run(
        [sys.executable, "-X", "faulthandler", str(script)],
        capture_output=True, cwd=tmp_path, check=False, env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    said = (ran.stdout + ran.stderr).decode()
    assert ran.returncode == code, said[-2000:]
    # The thread's fault, the destructor's and the warning were told of, and nothing else was.
    assert said.count('"event": "a fault inside"') >= 2 and '"event": "a library warns"' in said
    assert told(search.text(said, place=ending)) == ""
    assert told(search.folder(planted_home, leave_out=layout.IDENTIFIABLE)) == ""
    assert faulthandler.is_enabled() or threading.main_thread().is_alive()


@pytest.mark.acceptance
def test_tasks_of_an_orchestrator_that_fail(planted_home: Path, search: Search, tmp_path: Path) -> None:
    """A real Airflow: every fault in three places of a night; its logs, database (XCom, rendered fields) and files."""
    airflow = tmp_path / "airflow"
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "RISKSTRAT"))}
    environment = mine | {
        "AIRFLOW_HOME": str(airflow), "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "PYTHONPATH": f"{PROJECT}:{HERE}", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], env=environment, check=True, capture_output=True)
    ran = subprocess.run(
        [sys.executable, str(HERE / "failing_nights.py"), planted_home, str(EVERYONE), tmp_path / "seen.json"],
        env=environment, capture_output=True, check=False,
    )  # fmt: skip
    said = (ran.stdout + ran.stderr).decode()
    assert ran.returncode == 0, said[-3000:]
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert [one["state"] for one in seen] == ["failed"] * 3
    assert {name for one in seen for name in one["met"]} == set(FAULTS) and sum(len(one["met"]) for one in seen) == 39
    (airflow / "said.log").write_text(said)
    assert len(said) > 10_000 and "a fault inside (ArrowInvalid)" in said
    assert told(search.folder(airflow)) == ""
    assert told(search.folder(planted_home, leave_out=layout.IDENTIFIABLE)) == ""


def packed(value: str) -> dict[str, bytes]:
    """The value in every kind of file, as the search must find it."""
    data = f"before {value} after".encode()
    archive, book, table = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("inner.csv.gz", gzip.compress(data))
    workbook = openpyxl.Workbook()
    workbook.active["B2"] = value
    workbook.save(book)
    pq.write_table(pa.table({"a": pa.array([value, None]).dictionary_encode()}), table, compression="zstd")
    connection = sqlite3.connect(":memory:")
    connection.execute("create table thing (a, b)")
    connection.execute("insert into thing values (?, ?)", (value, gzip.compress(data)))
    return {
        "text": data,
        "utf-16": data.decode().encode("utf-16"),
        "json": json.dumps({"a": "".join(f"\\u{ord(sign):04x}" for sign in value)}).replace("\\\\", "\\").encode(),
        "html": "".join(f"&#{ord(sign)};" for sign in value).encode(),
        "gzip in zip": archive.getvalue(),
        "workbook": book.getvalue(),
        "parquet": table.getvalue(),
        "sqlite": connection.serialize(),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_search_finds_each_kind_in_each_kind_of_file(people: list[Planted], search: Search, kind: str) -> None:
    for turn in range(30):
        value = people[turn].written(turn)[kind]
        forms = packed(value) if turn < 6 else {"text": value.encode()}
        for form, data in forms.items():
            assert {one.kind for one in search.data(data, place=form)} == {kind}, (form, turn)


def test_the_search_finds_nothing_in_what_is_innocent(people: list[Planted], search: Search) -> None:
    mine = {word for one in people for word in (one.surname, one.road, one.postcode, one.birth_date)}
    neighbours = [str(int(number) + 10) for one in people for number in (one.nhs_number, one.failing_number)]
    strangers = [number for number in neighbours if number.encode() not in search.numbers]
    assert len(strangers) > EVERYONE and search.data("; ".join(strangers).encode(), place="strangers") == set()
    day = min(search.days).strftime("%Y%m%d")
    times = f"08:50:12.{day[:6]}{day[6:]}26-11-26 took 0.{day}51 run {day}-0d1c-4e5f-8a9b-0123456789ab"
    assert search.data(times.encode(), place="times") == set()
    typed = io.BytesIO()
    pq.write_table(pa.table({"born": [people[0].birth_date], "number": [int(people[0].nhs_number)]}), typed)
    assert {one.kind for one in search.data(typed.getvalue(), place="typed")} == {"birth date", "NHS number"}
    assert len(mine) == 4 * EVERYONE
