"""What a corrected edition says of the one it replaces: who was added, whose rank moved, who went and may be named."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from small_home import ANN, BEN, CAT, DAN, PRACTICE, deliver, keys, patient, small_context
from test_recall import AT, SECOND, a_run

from pipeline.contracts.reference import load_reference
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.ledger import registers
from pipeline.ledger.registers import Edition, Entry
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.steps.link.link import link
from pipeline.steps.publish.pack_correction import correction_of
from pipeline.store.vault import open_vault

REPLACED = f"practice.{PRACTICE}.{SECOND}.r1"
REASON = "a ward was missing"


@pytest.fixture
def context(home: Settings) -> Context:
    """Ann, Ben and Dan are the practice's; Cat has moved to another since she stood on the edition."""
    context = small_context(home.model_copy(update={"now": AT}))
    lists = [patient(ANN, "1"), patient(BEN, "2"), patient(CAT, "3", practice_code="F83039"), patient(DAN, "4")]
    deliver(context, "gp_patient", lists)
    link(context)
    return context


def key(context: Context, number: str) -> str:
    return keys(context, number)[0]


def replaced(context: Context, *numbers: str, people: int | None = None) -> None:
    """The edition that was wrong, with these people by rank; `people` stood on it when it was published."""
    entries = [
        Entry(key(context, number), "by_rank", rank, Decimal("0.5"), "x", SECOND, 1, 0)
        for rank, number in enumerate(numbers, start=1)
    ]
    counts = {"people": len(entries) if people is None else people}
    edition = Edition(REPLACED, a_run(context, "01", SECOND).run_key, "current", "practice", SECOND, PRACTICE, 1,
                      "0" * 64, "x", counts, AT)  # fmt: skip
    registers.record_edition(context.ledger, edition=edition, entries=entries)


def corrected(context: Context, *numbers: str, run: Run | None = None, supersedes: str | None = REPLACED) -> Any:
    """What the corrected edition with these people by rank says."""
    night = SimpleNamespace(
        run=run or a_run(context, "02", SECOND, correction=REASON),
        reference=load_reference(PROJECT),
        vault=open_vault(context.settings.vault_url, keys=context.keys),
    )
    people = [
        SimpleNamespace(nhs_number=number, rank=rank, family_name="Canary", given_name="C")
        for rank, number in enumerate(numbers, start=1)
    ]
    listed = [{"person_key": key(context, number)} for number in numbers]
    found = correction_of(context, night, code=PRACTICE, supersedes=supersedes, listed=listed, people=people)
    night.vault.close()
    return found


def test_who_was_added_who_went_and_whose_rank_moved(context: Context) -> None:
    replaced(context, ANN, BEN)
    found = corrected(context, DAN, ANN)
    assert (found.replaces, found.reason) == (REPLACED, REASON)
    assert found.added == (DAN,)
    assert [(one.nhs_number, one.rank_before, one.rank) for one in found.moved] == [(ANN, 1, 2)]
    assert [(one.nhs_number, one.rank_before, one.rank) for one in found.gone] == [(BEN, 2, None)]
    assert found.counts() == {"added": 1, "gone": 1, "moved": 1}


def test_who_is_elsewhere_now_is_counted_and_never_named(context: Context) -> None:
    replaced(context, ANN, CAT)
    found = corrected(context, ANN)
    assert (found.gone, found.gone_other, found.moved, found.added) == ((), 1, (), ())


def test_whom_the_ledger_had_to_forget_is_counted_as_gone(context: Context) -> None:
    replaced(context, ANN, people=3)
    found = corrected(context, ANN)
    assert (found.gone, found.gone_other) == ((), 2)
    assert found.counts()["gone"] == 2


def test_nobody_differs_where_the_same_people_stand_in_the_same_order(context: Context) -> None:
    replaced(context, ANN, BEN)
    assert corrected(context, ANN, BEN).counts() == {"added": 0, "gone": 0, "moved": 0}


def test_without_a_reason_or_an_edition_it_says_nothing(context: Context) -> None:
    replaced(context, ANN)
    assert corrected(context, ANN, run=a_run(context, "03", SECOND)) is None
    assert corrected(context, ANN, supersedes=None) is None
    assert corrected(context, ANN, supersedes=f"practice.{PRACTICE}.{SECOND}.r9") is None
