"""Answers outlive what happens to a home: new keys, a restore from a backup; and they are the same on PostgreSQL."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from answering import (
    FULL,
    LISTED,
    NEXT,
    OTHERS,
    SAID,
    STAMP,
    make_answering_home,
    nomination,
    register,
    row,
    send,
    settings_of,
    stands,
    tonight,
)
from answering import publish as publish_edition
from returned_files import as_csv, as_workbook
from small_home import PRACTICE

from pipeline.contracts.settings import read_settings
from pipeline.ledger import feedback as ledger_feedback
from pipeline.ledger import registers, runs
from pipeline.rules.answers import Answers
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.at_hand.vault_use import audited_vault
from pipeline.steps.opt_out.erasure import erase, key_of
from pipeline.steps.upkeep.backup import backup
from pipeline.steps.upkeep.restore import restore
from pipeline.steps.upkeep.rotate_keys import rotate_keys

TOLD = {name: value.isoformat() if isinstance(value, date) else value for name, value in FULL.items()}


def answered(context: Context) -> None:
    """Everything about the first person, in a workbook, with somebody nominated."""
    book = as_workbook(register(context, **FULL), nominations=[nomination(OTHERS[0])])
    assert send(context, book, name="back.xlsx").file.counts["nominated"] == 1


def is_whole(context: Context, key: str) -> bool:
    found = stands(context, tonight(context, key))
    nominated = found.pop(OTHERS[0]).nomination
    assert nominated is not None and (nominated.reason, nominated.by) == ("Two falls last week", "Dr Nom-Canary")
    return found == {LISTED[0]: Answers(practice_code=PRACTICE, answered_on=STAMP.date(), **FULL)}


def test_under_new_keys_every_answer_stands_and_an_edition_of_before_is_still_answered(answering: Context) -> None:
    answered(answering)
    shown = [row(answering, LISTED[0], **TOLD | {"review_date": "2027-03-01"}), *register(answering)[1:]]
    before = {one.person_key for one in registers.entries(answering.ledger, edition_id=_edition(answering))}
    runs.finish_run(answering.ledger, run_key="0123", at=STAMP, counts={})
    answering.ledger.engine.dispose()
    rotate_keys(answering.settings, who="A. Operator", reason="the yearly rotation")
    under = open_context(answering.settings)
    after = {one.person_key for one in registers.entries(under.ledger, edition_id=_edition(under))}
    assert len(after) == len(before) and not after & before
    assert ledger_feedback.people_with_answers(under.ledger) == {key_of(under, one) for one in (LISTED[0], OTHERS[0])}
    assert is_whole(under, "4567")
    # Its practice keys are of before, so numbers and birth dates alone say whose rows they are.
    later = send(under, as_csv(shown), at=STAMP + timedelta(days=1))
    assert (later.file.state, later.file.counts["rejected"]) == ("accepted", 0)
    under.ledger.engine.dispose()


def test_after_a_restore_every_answer_stands_and_the_same_bytes_are_known(answering: Context, tmp_path: Path) -> None:
    answered(answering)
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse battery staple")
    backup(answering, to=tmp_path / "b", who="A. Operator", passphrase_file=passphrase, without_keys=False)
    now = {"RISKSTRAT_HOME": str(tmp_path / "restored"), "RISKSTRAT_NOW": "2026-11-25T12:00:00+00:00"}
    restored = read_settings(now)
    restore(restored, source=tmp_path / "b", who="A. Operator", passphrase_file=passphrase)
    context = open_context(restored)
    (file,) = ledger_feedback.list_files(context.ledger)
    assert file == ledger_feedback.list_files(answering.ledger)[0]
    assert is_whole(context, "4567")
    more = [row(context, LISTED[1], status="accepted"), *register(context)[2:]]
    assert send(context, as_csv(more), at=STAMP + timedelta(hours=1)).is_new
    assert not send(context, as_csv(more), at=STAMP + timedelta(hours=2)).is_new
    context.ledger.engine.dispose()


@pytest.fixture
def on_postgresql(postgresql_database: str, tmp_path: Path) -> Iterator[Context]:
    """The home whose practice answers, its ledger in a database of PostgreSQL."""
    settings = settings_of(tmp_path / "home").model_copy(update={"ledger_url": postgresql_database})
    make_answering_home(settings.home, settings=settings)
    context = open_context(settings)
    yield context
    context.ledger.engine.dispose()


def test_on_postgresql_files_are_answered_disputed_replaced_and_erased_as_on_sqlite(on_postgresql: Context) -> None:
    context = on_postgresql
    answered(context)
    assert is_whole(context, "4567")
    other = as_csv([row(context, LISTED[0], status="done"), row(context, LISTED[1], status_note=SAID)])
    assert send(context, other, at=STAMP + timedelta(hours=1)).file.counts["changed"] == 2
    found = stands(context, tonight(context, "89ab"))
    assert [one.name for one in found[LISTED[0]].conflicts] == ["status", "status_date"]
    assert found[LISTED[1]].status_note == SAID
    publish_edition(context, tonight(context, "cdef"), listed=LISTED)
    settled = as_csv([row(context, LISTED[0], "cdef", **TOLD | {"status": "done"})])
    assert send(context, settled, at=STAMP + timedelta(days=6)).is_new
    assert not send(context, settled, at=STAMP + timedelta(days=7)).is_new
    later = stands(context, tonight(context, "0f0f", as_of=NEXT + timedelta(days=7)))[LISTED[0]]
    assert (later.status, later.conflicts) == ("done", ())
    vault = audited_vault(context, purpose="test")
    erase(context, person_keys=[key_of(context, LISTED[0])], extracts=[], vault=vault)
    vault.close()
    assert ledger_feedback.people_with_answers(context.ledger) == {
        key_of(context, one) for one in (LISTED[1], OTHERS[0])
    }


def _edition(context: Context) -> str:
    return registers.list_editions(context.ledger, plane="practice", code=PRACTICE)[-1].edition_id
