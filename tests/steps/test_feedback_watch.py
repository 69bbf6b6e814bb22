"""Status tells of a file that was refused, by practice, rule and day, until a good one follows or it is too old."""

from dataclasses import replace
from datetime import timedelta

import pytest
from answering import LISTED, STAMP, register, send
from returned_files import as_csv
from small_home import PRACTICE

from pipeline.contracts.receipt import RefusedByRule
from pipeline.steps.at_hand.context import Context
from pipeline.steps.feedback.watch import refused_by_id
from pipeline.steps.tell.status import status


def refuse(context: Context, *, hours: int = 0) -> None:
    with pytest.raises(RefusedByRule):
        send(context, b"nothing of a register", name="back.doc", at=STAMP + timedelta(hours=hours))


def test_a_refused_file_needs_a_look_until_a_good_one_follows(answering: Context) -> None:
    assert refused_by_id(answering) == {}
    refuse(answering)
    ((says, next_step),) = refused_by_id(answering).values()
    assert says.startswith(f"What {PRACTICE} sent back on 18 November 2026 was refused (BACK-002: ")
    assert f"reports/feedback/feedback.{PRACTICE}.20261118T090000Z" in next_step
    assert says in [finding.says for finding in status(answering).findings]
    # One finding a practice, however often it tries.
    refuse(answering, hours=1)
    assert len(refused_by_id(answering)) == 1
    send(answering, as_csv(register(answering, status="accepted")), at=STAMP + timedelta(hours=2))
    assert refused_by_id(answering) == {}


def test_it_ends_when_what_was_answered_is_too_old_to_be_answered(answering: Context) -> None:
    refuse(answering)
    for days, is_told in ((62, True), (63, False)):
        now = answering.settings.model_copy(update={"now": STAMP + timedelta(days=days)})
        assert bool(refused_by_id(replace(answering, settings=now))) == is_told


def test_nobody_is_named(answering: Context) -> None:
    refuse(answering)
    assert not any(number in " ".join(*refused_by_id(answering).values()) for number in LISTED)
