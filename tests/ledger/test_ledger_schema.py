"""Tables and migrations say the same, on both databases, and opening twice or at once does no harm."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, select, text
from sqlalchemy.exc import IntegrityError

from pipeline.errors import PipelineError
from pipeline.ledger.columns import canonical_json
from pipeline.ledger.connect import MIGRATIONS, Ledger, newest_revision, open_ledger, writing
from pipeline.ledger.steps import list_steps, start_step
from pipeline.ledger.tables import audit_entry, metadata, step


def test_migrations_make_what_the_tables_declare(ledger: Ledger) -> None:
    with ledger.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_drift_test_sees_a_planted_difference(ledger: Ledger) -> None:
    with ledger.engine.begin() as connection:
        connection.execute(text("alter table step add column planted integer"))
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert len(compare_metadata(context, metadata)) == 1
        connection.execute(text("alter table step drop column planted"))


def test_checks_and_keys_are_the_same_too(tmp_path: Path) -> None:
    """Alembic does not compare checks; the text of the tables does, once order and quoting are levelled."""
    migrated = open_ledger(f"sqlite:///{tmp_path / 'migrated.db'}")
    declared = create_engine(f"sqlite:///{tmp_path / 'declared.db'}")
    metadata.create_all(declared)
    assert _statements(migrated.engine) == _statements(declared)


def _statements(engine: Engine) -> dict[str, list[str]]:
    with engine.connect() as connection:
        rows = connection.execute(
            text("select name, sql from sqlite_master where sql is not null and type <> 'trigger'")
        ).all()
    # A table that a migration copied has its name in quotation marks.
    found = {name: re.split(r",\s*\n|\(\n", sql.replace('"', "")) for name, sql in rows if name != "alembic_version"}
    return {name: sorted(" ".join(part.split()).rstrip(" )") for part in parts) for name, parts in found.items()}


def test_the_newest_revision_is_what_alembic_says() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [newest_revision()]
    assert [Path(one.path).stem.split("_")[0] for one in script.walk_revisions()] == [
        one.revision for one in script.walk_revisions()
    ]


def test_an_older_ledger_is_brought_to_the_newest_revision(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with open_ledger(url).engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(text(f"drop table {table.name}"))
        connection.execute(text("delete from alembic_version"))
    assert set(inspect(open_ledger(url).engine).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_a_ledger_of_the_first_revision_keeps_its_deliveries_and_what_refers_to_them(
    tmp_path: Path, postgresql_database: str
) -> None:
    for url in (f"sqlite:///{tmp_path / 'ledger.db'}", postgresql_database):
        engine = create_engine(url)
        _migrate_to(engine, "0001")
        with engine.begin() as connection:
            connection.execute(text(FIRST_DELIVERY))
            connection.execute(
                text(
                    "insert into run (run_key, kind, as_of, knowledge, state, inputs, started_at, counts) values "
                    "('r1', 'nightly', '2026-11-15', 'then', 'started', '{}', '2026-11-16 02:00:00', '{}')"
                )
            )
            connection.execute(text("insert into run_delivery values ('r1', 'd1')"))
        opened = open_ledger(url)
        with opened.engine.connect() as connection:
            assert connection.execute(text("select delivery_id, state, format_name from delivery")).all() == [
                ("d1", "accepted", None)
            ]
            assert connection.execute(text("select delivery_id from run_delivery")).all() == [("d1",)]
        with pytest.raises(IntegrityError), writing(opened) as connection:
            connection.execute(text("delete from delivery"))
        with writing(opened) as connection:
            connection.execute(text("update delivery set state = 'held'"))
        _migrate_to(opened.engine, "0001")
        with opened.engine.connect() as connection:
            assert connection.execute(text("select state from delivery")).all() == [("received",)]
        opened.engine.dispose()
        engine.dispose()


FIRST_DELIVERY = (
    "insert into delivery values ('d1', 'gp_event', 'F83004', 'regular', 'a.csv', 'aa', '2026-11-01', '2026-11-02', "
    "'2026-11-03 01:00:00', 'accepted', null, null, 'cc', 3, 3, 0, 0, 0, 0, 0, 0, '2026-11-02')"
)


def _migrate_to(engine: Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    # As the program does it: SQLite lets no referred-to table be copied otherwise.
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        if engine.dialect.name == "sqlite":
            driver.execute("pragma foreign_keys = off")
        with connection.begin():
            config.attributes["connection"] = connection
            current = MigrationContext.configure(connection).get_current_revision()
            move = command.downgrade if current and current > revision else command.upgrade
            move(config, revision)
        if engine.dialect.name == "sqlite":
            driver.execute("pragma foreign_keys = on")


def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'deep' / 'ledger.db'}"
    start_step(open_ledger(url), scope="r1", step="score", at=datetime(2026, 11, 16, 2, tzinfo=UTC))
    again = open_ledger(url)
    assert [one.step for one in list_steps(again, scope="r1")] == ["score"]
    assert set(inspect(again.engine).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_processes_that_open_a_new_ledger_at_once_all_succeed(tmp_path: Path) -> None:
    program = "import sys; from pipeline.ledger.connect import open_ledger; open_ledger(sys.argv[1])"
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    started = [subprocess.Popen([sys.executable, "-c", program, url]) for _ in range(3)]
    assert [process.wait(60) for process in started] == [0] * 3


def test_sqlite_is_opened_with_wal_and_foreign_keys(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    with ledger.engine.connect() as connection:
        told = [connection.execute(text(f"pragma {name}")).scalar() for name in ("journal_mode", "foreign_keys")]
    assert told == ["wal", 1]


def test_foreign_keys_and_checks_hold_on_both(ledger: Ledger) -> None:
    with pytest.raises(IntegrityError), writing(ledger) as connection:
        connection.execute(text("insert into run_delivery values ('no-run', 'no-delivery')"))
    row = {"scope": "a", "step": "b", "state": "maybe", "started_at": datetime.now(UTC), "counts": {}}
    with pytest.raises(IntegrityError), writing(ledger) as connection:
        connection.execute(step.insert(), [row])


def test_moments_come_back_aware_and_in_utc(ledger: Ledger) -> None:
    summer = timezone(timedelta(hours=1))
    row = {
        "sequence": 1,
        "at": datetime(2026, 7, 1, 2, 30, tzinfo=summer),
        "who": "a",
        "action": "b",
        "subject": "c",
        "counts": {"z": 1, "a": {"ü": None}},
        "previous_digest": "",
        "digest": "",
    }
    with writing(ledger) as connection:
        connection.execute(audit_entry.insert(), [row])
    with ledger.engine.connect() as connection:
        found = connection.execute(select(audit_entry)).one()
        stored = connection.execute(text("select counts from audit_entry")).scalar_one()
    assert found.at.isoformat() == "2026-07-01T01:30:00+00:00"
    assert stored == '{"a":{"ü":null},"z":1}'
    assert found.counts == row["counts"]


def test_a_moment_without_zone_is_refused(ledger: Ledger) -> None:
    naive = datetime(2026, 7, 1, 2, 30)  # noqa: DTZ001 - the mistake under test
    with pytest.raises(Exception, match="no time zone"), writing(ledger) as connection:
        connection.execute(select(step).where(step.c.started_at == naive))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_refuses_what_is_no_number(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"auc": value})


@pytest.mark.parametrize("score", [Decimal("0.1234567"), Decimal("1.000001"), Decimal("-0.1")])
def test_a_score_that_is_no_rounded_probability_is_refused(score: Decimal) -> None:
    from pipeline.ledger.columns import SixPlaces

    with pytest.raises(PipelineError, match="six places"):
        SixPlaces().process_bind_param(score, create_engine("sqlite://").dialect)
