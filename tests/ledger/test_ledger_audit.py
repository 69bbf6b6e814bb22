"""The audit chain: whatever is changed, removed or swapped afterwards shows."""

import hashlib
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pipeline.errors import PipelineError
from pipeline.ledger import audit
from pipeline.ledger.connect import MIGRATIONS, Ledger, open_ledger, writing

AT = datetime(2026, 11, 16, 2, tzinfo=timezone(timedelta(hours=1)))


def fill(ledger: Ledger, rows: int = 4) -> None:
    for number in range(rows):
        audit.append(
            ledger,
            at=AT + timedelta(minutes=number),
            who="publish",
            action="reidentify",
            run_key="r1" if number else None,
            subject=f"practice F8300{number}",
            counts={"people": number},
        )


def tamper(ledger: Ledger, *statements: str) -> list[str]:
    """As somebody who owns the database can: the guard off, the rows changed, the guard on again."""
    with ledger.engine.begin() as connection:
        guards = []
        if connection.dialect.name == "sqlite":
            asked = text("select name, sql from sqlite_master where type = 'trigger'")
            guards = [(row.name, row.sql) for row in connection.execute(asked)]
        for name, _ in guards:
            connection.exec_driver_sql(f"drop trigger {name}")
        if not guards:
            connection.exec_driver_sql("alter table audit_entry disable trigger user")
        put_back = [sql for _, sql in guards] or ["alter table audit_entry enable trigger user"]
        statements = (*statements, *put_back)
        for statement in statements:
            connection.exec_driver_sql(statement)
    return audit.verify(ledger)


def test_an_untouched_chain_is_sound(ledger: Ledger) -> None:
    assert audit.verify(ledger) == []
    fill(ledger)
    assert audit.verify(ledger) == []


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("update audit_entry set who = 'somebody else' where sequence = 2", "row 2 was changed"),
        ("update audit_entry set counts = '{\"people\":0}' where sequence = 3", "row 3 was changed"),
        ("delete from audit_entry where sequence = 2", "rows 2 to 2 are missing"),
        ("delete from audit_entry where sequence = 1", "row 2 does not continue"),
    ],
)
def test_tampering_shows(ledger: Ledger, statement: str, problem: str) -> None:
    fill(ledger)
    assert any(problem in told for told in tamper(ledger, statement))


def test_swapped_rows_show(ledger: Ledger) -> None:
    fill(ledger)
    problems = tamper(
        ledger,
        "update audit_entry set sequence = 99 where sequence = 2",
        "update audit_entry set sequence = 2 where sequence = 3",
        "update audit_entry set sequence = 3 where sequence = 99",
    )
    assert "audit row 2 does not continue from the row before it" in problems


@pytest.mark.parametrize("subject", ["9990000018", "person 999 000 0018"])
def test_an_nhs_number_never_enters(ledger: Ledger, subject: str) -> None:
    with pytest.raises(PipelineError, match="looks like an NHS number") as caught:
        audit.append(ledger, at=AT, who="a", action="b", run_key=None, subject=subject, counts={})
    assert "0018" not in str(caught.value)
    assert audit.verify(ledger) == []


def test_the_digest_covers_the_row_and_the_digest_before_it_alike_on_both_databases(ledger: Ledger) -> None:
    """Written out here, so that a change of the chain's definition cannot pass unnoticed: old chains would break."""
    fill(ledger, rows=2)
    first = (
        '{"action":"reidentify","at":"2026-11-16T01:00:00+00:00","counts":{"people":0},'
        f'"previous_digest":"{"0" * 64}","run_key":null,"sequence":1,"subject":"practice F83000","who":"publish"}}'
    )
    second = (
        '{"action":"reidentify","at":"2026-11-16T01:01:00+00:00","counts":{"people":1},'
        f'"previous_digest":"{hashlib.sha256(first.encode()).hexdigest()}","run_key":"r1","sequence":2,'
        '"subject":"practice F83001","who":"publish"}'
    )
    with ledger.engine.connect() as connection:
        last = connection.execute(text("select digest from audit_entry where sequence = 2")).scalar_one()
    assert last == hashlib.sha256(second.encode()).hexdigest()


def test_processes_that_append_at_once_make_one_chain(tmp_path: Path) -> None:
    """On SQLite; two writers must not continue from the same row."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    ledger = open_ledger(url)
    program = (
        "import sys, datetime as d\n"
        "from pipeline.ledger import audit\nfrom pipeline.ledger.connect import open_ledger\n"
        "ledger = open_ledger(sys.argv[1])\n"
        "for n in range(20):\n"
        "    audit.append(ledger, at=d.datetime(2026, 11, 16, tzinfo=d.UTC), who='w', action='a',\n"
        "                 run_key=None, subject='s', counts={'n': n})\n"
    )
    started = [subprocess.Popen([sys.executable, "-c", program, url]) for _ in range(2)]
    assert [process.wait(60) for process in started] == [0, 0]
    with ledger.engine.connect() as connection:
        assert connection.execute(text("select count(*) from audit_entry")).scalar_one() == 40
    assert audit.verify(ledger) == []


def test_threads_that_append_at_once_make_one_chain(ledger: Ledger) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def one(number: int) -> None:
        audit.append(
            ledger,
            at=datetime(2026, 11, 16, tzinfo=UTC),
            who="w",
            action="a",
            run_key=None,
            subject="s",
            counts={"n": number},
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(24)))
    assert audit.verify(ledger) == []


@pytest.fixture
def anchored(ledger: Ledger, tmp_path: Path) -> Ledger:
    return Ledger(engine=ledger.engine, anchor=tmp_path / "elsewhere" / "anchor.jsonl")


def test_a_tail_cut_off_shows_against_the_anchor(anchored: Ledger) -> None:
    fill(anchored, rows=5)
    assert audit.verify(anchored) == []
    told = tamper(anchored, "delete from audit_entry where sequence > 3")
    assert told == ["audit rows 4 to 5 were cut off at the end"]
    fill(anchored, rows=3)
    assert audit.verify(anchored) == [f"audit row {n} is not the one that was anchored" for n in (4, 5)]


def test_a_chain_written_anew_shows_against_the_anchor(anchored: Ledger) -> None:
    """Whoever recomputes every digest has a sound chain, and another head."""
    fill(anchored, rows=2)
    tamper(anchored, "delete from audit_entry")
    audit.append(anchored, at=AT, who="x", action="y", run_key=None, subject="z", counts={})
    audit.append(anchored, at=AT, who="x", action="y", run_key=None, subject="z", counts={})
    assert audit.verify(Ledger(engine=anchored.engine)) == []
    assert "audit row 1 is not the one that was anchored" in audit.verify(anchored)


def test_a_head_noted_elsewhere_must_still_be_there(ledger: Ledger) -> None:
    fill(ledger)
    noted = audit.head(ledger)
    assert audit.verify(ledger, known=[noted]) == []
    assert tamper(ledger, "delete from audit_entry where sequence = 4") == []
    assert audit.verify(ledger, known=[noted]) == ["audit rows 4 to 4 were cut off at the end"]


def test_an_anchor_that_is_gone_or_spoilt_is_told(anchored: Ledger) -> None:
    fill(anchored)
    path = anchored.anchor
    assert path is not None
    path.write_text(path.read_text() + "nonsense\n")
    assert audit.verify(anchored) == ["line 5 of the anchor anchor.jsonl is not one of ours"]
    path.unlink()
    assert ["is gone" in told for told in audit.verify(anchored)] == [True]


def test_what_is_not_kept_is_not_anchored(anchored: Ledger) -> None:
    fill(anchored, rows=1)
    with pytest.raises(RuntimeError), writing(anchored) as connection:
        audit.append_within(connection, at=AT, who="a", action="b", run_key=None, subject="c", counts={})
        raise RuntimeError
    assert anchored.anchor is not None and len(anchored.anchor.read_text().splitlines()) == 1
    fill(anchored, rows=1)
    assert audit.verify(anchored) == []


def test_a_ledger_from_before_anchors_begins_one(tmp_path: Path) -> None:
    url, path = f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path / "anchor.jsonl"
    ledger = open_ledger(url)
    fill(ledger, rows=2)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with ledger.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0002")
    opened = open_ledger(url, anchor=path)
    assert len(path.read_text().splitlines()) == 1 and audit.verify(opened) == []


@pytest.mark.parametrize(
    "statement", ["update audit_entry set who = 'x'", "delete from audit_entry", "truncate audit_entry"]
)
def test_the_database_itself_refuses(ledger: Ledger, statement: str) -> None:
    if statement.startswith("truncate") and ledger.engine.dialect.name == "sqlite":
        statement = "delete from audit_entry where sequence > 1"
    fill(ledger)
    with pytest.raises(DBAPIError, match="only grows"), ledger.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    assert audit.verify(ledger) == [] and audit.head(ledger).sequence == 4


def test_on_postgresql_a_role_that_may_read_and_add_can_do_no_more(postgresql_database: str) -> None:
    """As docs/runbooks/restore.md sets it up: the owner migrates, the night's role reads and adds."""
    owner = open_ledger(postgresql_database)
    fill(owner)
    with owner.engine.begin() as connection:
        connection.exec_driver_sql("drop role if exists audit_night")
        connection.exec_driver_sql("create role audit_night")
        connection.exec_driver_sql("grant select, insert on audit_entry to audit_night")
    for statement in (
        "update audit_entry set who = 'x'",
        "delete from audit_entry",
        "truncate audit_entry",
        "alter table audit_entry disable trigger user",
        "drop trigger audit_entry_no_change on audit_entry",
    ):
        with pytest.raises(DBAPIError, match="permission denied|must be owner"), owner.engine.begin() as connection:
            connection.exec_driver_sql("set local role audit_night")
            connection.exec_driver_sql(statement)
    with owner.engine.begin() as connection:
        connection.exec_driver_sql("set local role audit_night")
        assert connection.execute(text("select count(*) from audit_entry")).scalar_one() == 4
    with owner.engine.begin() as connection:
        connection.exec_driver_sql("drop owned by audit_night")
        connection.exec_driver_sql("drop role audit_night")
    owner.engine.dispose()


def test_rows_are_listed_by_action_and_time(ledger: Ledger) -> None:
    fill(ledger)
    assert [one.sequence for one in audit.list_entries(ledger)] == [1, 2, 3, 4]
    since, before = AT + timedelta(minutes=1), AT + timedelta(minutes=3)
    assert [one.sequence for one in audit.list_entries(ledger, since=since, before=before)] == [2, 3]
    assert audit.list_entries(ledger, action="promote") == []
