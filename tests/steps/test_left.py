"""Who left a practice's list: named if the vault still knows them as its own, counted otherwise."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

from small_home import ANN, BEN, CAT, DAN, PRACTICE, deliver, keys, patient, small_context

from pipeline.contracts.reference import load_reference
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.ledger.registers import Entry
from pipeline.steps.at_hand.previous import Previous
from pipeline.steps.link.link import link
from pipeline.steps.publish.pack_left import people_who_left
from pipeline.store.vault import open_vault


def test_the_dead_and_those_whose_risk_fell_are_named_and_the_others_counted(home: Settings) -> None:
    context = small_context(home)
    died, moved, private = (
        {"death_date": "2026-11-10"},
        {"registration_end_date": "2026-11-10"},
        {"is_confidential": "1"},
    )
    lists = [patient(ANN, "1", **died), patient(BEN, "2", **moved), patient(CAT, "3", **private), patient(DAN, "4")]
    deliver(context, "gp_patient", lists)
    link(context)
    (ann,), (dan,) = keys(context, ANN), keys(context, DAN)
    night = SimpleNamespace(
        vault=open_vault(context.settings.vault_url, keys=context.keys),
        run=SimpleNamespace(as_of=date(2026, 11, 15)),
        reference=load_reference(PROJECT),
        deaths={ann: date(2026, 11, 10)},
        people={dan: {"practice_code": PRACTICE}},
    )
    before = {
        key: Entry(key, "by_rank", rank, Decimal("0.5"), "x", date(2026, 11, 8), 1, 0)
        for rank, key in enumerate(keys(context, ANN, BEN, CAT, DAN), start=1)
    }
    previous = Previous(SimpleNamespace(counts={"people": 4}), before, {}, {})
    gone = people_who_left(night, code=PRACTICE, listed=[], before=previous)
    assert sorted((one.nhs_number, one.reason) for one in gone.named) == [(ANN, "died"), (DAN, "risk_fell")]
    assert (gone.others, gone.opted_out) == (2, 0)
    # One more stood on the edition whom the ledger has had to forget; and a lost source leaves nobody's risk fallen.
    previous = Previous(SimpleNamespace(counts={"people": 5}), before, {}, {})
    gone = people_who_left(night, code=PRACTICE, listed=[], before=previous, is_source_lost=True)
    assert sorted((one.nhs_number, one.reason) for one in gone.named) == [(ANN, "died"), (DAN, "source_missing")]
    assert (gone.others, gone.opted_out) == (3, 1)
    # An edition whose entries have all gone with their time tells nothing of anybody's wish.
    assert (
        people_who_left(
            night, code=PRACTICE, listed=[], before=Previous(SimpleNamespace(counts={"people": 5}), {}, {}, {})
        ).opted_out
        == 0
    )
