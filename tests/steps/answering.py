"""A home whose practice answers: eight people on an edition, two more patients, one of another practice, and a child.

A file is read when it is received, unless a test says otherwise; nobody here exists.
"""

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from returned_files import Row
from small_home import PRACTICE, deliver, numbers, patient, small_context

from pipeline.contracts.answers import Answers
from pipeline.contracts.settings import Settings, read_settings
from pipeline.ledger import registers, runs
from pipeline.ledger.registers import Edition, Entry
from pipeline.ledger.runs import Run
from pipeline.rules.pseudonym import practice_key
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.at_hand.feedback_state import answers_of, with_words
from pipeline.steps.feedback.feedback import Read, feedback
from pipeline.steps.link.link import link
from pipeline.steps.opt_out.erasure import key_of
from pipeline.store import layout, tables

NIGHT, NEXT = date(2026, 11, 15), date(2026, 11, 22)
STAMP = datetime(2026, 11, 18, 9, tzinfo=UTC)
PEOPLE = numbers(12)
LISTED, OTHERS = PEOPLE[:8], PEOPLE[8:]
ELSEWHERE, CHILD = OTHERS[2], OTHERS[3]
SAID = "Rang the daughter, Mrs Canary-Note"


def born(number: str) -> str:
    if number == CHILD:
        return "2012-03-09"
    return f"19{40 + PEOPLE.index(number)}-03-09" if number in PEOPLE else "1940-01-01"


def make_answering_home(home: Path, *, settings: Settings | None = None) -> Path:
    """Made once, and copied by each test; with other settings where its ledger is to lie elsewhere."""
    context = small_context(settings or settings_of(home))
    lists = [
        patient(number, str(at), birth_date=born(number), practice_code="F83039" if number == ELSEWHERE else PRACTICE)
        for at, number in enumerate(PEOPLE)
    ]
    deliver(context, "gp_patient", lists)
    link(context)
    publish(context, a_run(context, "0123", as_of=NIGHT), listed=LISTED)
    context.ledger.engine.dispose()
    return home


def open_copy(made: Path, target: Path) -> Context:
    """A copy of that home; the clock stands on the 25th."""
    shutil.copytree(made, target)
    return open_context(settings_of(target))


def settings_of(home: Path) -> Settings:
    return read_settings({"RISKSTRAT_HOME": str(home), "RISKSTRAT_NOW": "2026-11-25T12:00:00+00:00"})


def a_run(context: Context, run_key: str, *, as_of: date, kind: str = "nightly") -> Run:
    """A frozen run, started at its cut-off, with everybody of the practice in its cohort."""
    run = runs.freeze_run(
        context.ledger, run_key=run_key, kind=kind, as_of=as_of, knowledge="then", model_id="m",
        inputs={"keys": context.keys.ids}, delivery_ids=[],
        at=datetime(as_of.year, as_of.month, as_of.day, 6, tzinfo=UTC) + timedelta(days=1),
    )  # fmt: skip
    rows = pa.table(
        {
            "person_key": [key_of(context, number) for number in PEOPLE],
            "practice_code": ["F83039" if number == ELSEWHERE else PRACTICE for number in PEOPLE],
        }
    )
    tables.replace_slice(layout.table(context.settings.home, "cohort"), rows, column="run_key", value=run_key)
    return run


def publish(context: Context, run: Run, *, listed: list[str], practice: str = PRACTICE, revision: int = 1) -> None:
    entries = [
        Entry(key_of(context, number), "by_rank", rank, Decimal("0.5"), "x", run.as_of, 1, 0)
        for rank, number in enumerate(listed, start=1)
    ]
    edition = Edition(
        f"practice.{practice}.{run.as_of}.r{revision}", run.run_key, "replay" if run.kind == "replay" else "current",
        "practice", run.as_of, practice, revision, "0" * 64, "x", {"people": len(entries)}, run.started_at,
    )  # fmt: skip
    registers.record_edition(context.ledger, edition=edition, entries=entries)


def row(context: Context, number: str, run_key: str = "0123", **answers: Any) -> Row:
    key = practice_key(key_of(context, number), practice_code=PRACTICE, key=context.keys.practice)
    return {
        "nhs_number": number,
        "birth_date": born(number),
        "practice_code": PRACTICE,
        "run_key": run_key,
        "practice_key": key,
        "rank": "1",
        "family_name": "CANARYNAME",
        **answers,
    }


def register(context: Context, **first: Any) -> list[Row]:
    """The whole register, with answers about its first person."""
    return [row(context, LISTED[0], **first), *(row(context, number) for number in LISTED[1:])]


def send(
    context: Context,
    content: bytes,
    *,
    name: str = "back.csv",
    at: datetime = STAMP,
    read_at: datetime | None = None,
    practice: str = PRACTICE,
) -> Read:
    then = replace(context, settings=context.settings.model_copy(update={"now": read_at or at}))
    return feedback(then, content=content, file_name=name, practice_code=practice, who="operator", received_at=at)


def tonight(context: Context, run_key: str = "4567", *, as_of: date = NEXT) -> Run:
    """The next night's run."""
    return a_run(context, run_key, as_of=as_of)


def stands(context: Context, run: Run | None = None) -> dict[str, Answers]:
    """What stands for a night a week on, by NHS number, free text included."""
    run = run or tonight(context)
    found = with_words(context, run, answers_of(context, run))
    by_key = {key_of(context, number): number for number in PEOPLE}
    return {by_key[key]: one for key, one in found.items()}


FULL = {
    "status": "accepted",
    "status_date": date(2026, 11, 16),
    "status_note": SAID,
    "lead_professional": "Nurse Lead-Canary",
    "consent": "given",
    "assessment_date": date(2026, 11, 17),
    "care_plan_date": date(2026, 11, 17),
    "review_date": date(2027, 2, 1),
    "mdt_date": date(2026, 12, 3),
    "contact_date": date(2026, 11, 17),
    "answered_by": "Dr By-Canary",
}


def nomination(number: str, **changes: Any) -> Row:
    said = {"nomination_reason": "Two falls last week", "nominated_by": "Dr Nom-Canary"}
    return {"nhs_number": number, "birth_date": born(number), **said, **changes}
