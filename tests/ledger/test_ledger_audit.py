"""The audit chain: whatever is changed, removed or swapped afterwards shows."""

import hashlib
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text

from pipeline.errors import PipelineError
from pipeline.ledger import audit
from pipeline.ledger.connect import Ledger, open_ledger

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
    with ledger.engine.begin() as connection:
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
    assert len(problems) >= 2


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
