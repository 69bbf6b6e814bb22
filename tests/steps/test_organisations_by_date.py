"""Organisations by date: the newest delivered snapshot holds, and a merged practice's people and history go on."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pyarrow as pa
import pytest
from run_home import write_policy
from small_home import ANN, BEN, CAT, PRACTICE, deliver, keys, patient, small_context

from pipeline.contracts.policy import load_policy
from pipeline.contracts.reference import Organisation, load_reference
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.engines import shapes
from pipeline.errors import ContractError, GateClosed, PipelineError
from pipeline.ledger import registers, runs
from pipeline.ledger.deliveries import list_deliveries
from pipeline.ledger.registers import Edition, Entry
from pipeline.ledger.runs import Run
from pipeline.rules.times import intake_cut_off
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.previous import merger_notices, previous, previous_editions, reference_of
from pipeline.steps.at_hand.reference_data import newest_snapshot, reference_as_known
from pipeline.steps.at_hand.relations import View
from pipeline.steps.features.events import events
from pipeline.steps.features.features import look
from pipeline.steps.link.link import link
from pipeline.steps.publish.pack_check import _elsewhere
from pipeline.steps.publish.pack_identities import reidentified, still_here
from pipeline.steps.publish.pack_left import people_who_left
from pipeline.steps.register.register import _placed
from pipeline.store import layout, tables
from pipeline.store.vault import open_vault

CLOSED, SUCCESSOR = PRACTICE, "F83039"
LAST_DAY, NIGHT = date(2026, 11, 12), date(2026, 11, 15)
AT = datetime(2026, 11, 16, 6, tzinfo=UTC)
SNAPSHOT = "reference_organisation.ODS.20261114T200000Z"


@pytest.fixture
def context(home: Settings) -> Context:
    """Ann and Ben at the practice that closes, Cat at the one that takes over."""
    context = small_context(home)
    write_policy(home, lambda policy: None)
    lists = [patient(ANN, "1"), patient(BEN, "2"), patient(CAT, "3", practice_code=SUCCESSOR)]
    deliver(context, "gp_patient", lists)
    link(context)
    events(context)
    return context


def organisations(*, merged: bool = True) -> list[Organisation]:
    """The shipped practices, one of them closed."""
    rows = load_reference(PROJECT).organisations
    if not merged:
        return list(rows)
    return [
        replace(row, valid_to=LAST_DAY, successor_code=SUCCESSOR) if row.practice_code == CLOSED else row
        for row in rows
    ]


def arrive(context: Context, rows: Iterable[Organisation], *, delivery_id: str = SNAPSHOT) -> None:
    """A snapshot as linkage leaves it in the store."""
    table = shapes.relation(shapes.ORGANISATION, [vars(row) for row in rows])
    numbers = pa.array(range(1, table.num_rows + 1), type=pa.int64())
    table = table.append_column("source_row_number", numbers)
    path = layout.table(context.settings.home, "reference_organisation")
    tables.replace_slice(path, table, column="delivery_id", value=delivery_id)


def a_run(context: Context, *, deliveries: Iterable[str] = ()) -> Run:
    return runs.freeze_run(
        context.ledger, run_key="0123", kind="nightly", as_of=NIGHT, knowledge="then", model_id="m", inputs={},
        delivery_ids=list(deliveries), at=AT,
    )  # fmt: skip


def published(context: Context, code: str, as_of: date, *people: str) -> None:
    """An edition that lists these people, the first ranked highest."""
    edition = Edition(
        f"practice.{code}.{as_of}.r1", a_run(context).run_key, "current", "practice", as_of, code, 1, "0" * 64, "x",
        {"people": len(people)}, AT,
    )  # fmt: skip
    entries = [
        Entry(keys(context, number)[0], "by_rank", rank, Decimal("0.5"), "x", as_of, 1, 0)
        for rank, number in enumerate(people, start=1)
    ]
    registers.record_edition(context.ledger, edition=edition, entries=entries)


def known(context: Context, delivery_id: str = SNAPSHOT) -> list[Organisation]:
    return list(
        reference_as_known(context, delivery_ids=["gp_patient.GPS01.20261115T200000Z", delivery_id]).organisations
    )


def test_the_shipped_file_holds_until_a_snapshot_arrives(context: Context) -> None:
    shipped = load_reference(PROJECT)
    assert reference_as_known(context, delivery_ids=["gp_patient.GPS01.20261115T200000Z"]) == shipped
    arrive(context, organisations())
    assert known(context) == organisations()
    assert reference_as_known(context, delivery_ids=[SNAPSHOT]).supplies == shipped.supplies


def test_of_several_snapshots_the_one_received_last_holds() -> None:
    older, newer = SNAPSHOT, "reference_organisation.ODS2.20261114T200001Z"
    assert newest_snapshot([newer, older, "gp_event.GPS01.20261115T200000Z"]) == newer
    assert newest_snapshot(["gp_event.GPS01.20261115T200000Z"]) is None


def test_an_empty_snapshot_takes_back_nothing(context: Context) -> None:
    arrive(context, organisations())
    empty = deliver(context, "reference_organisation", [], sender="ODS", at="2026-11-15T20:00:00")
    assert list(reference_as_known(context, delivery_ids=[SNAPSHOT, empty]).organisations) == organisations()


def test_a_snapshot_that_contradicts_itself_is_refused_by_its_rows(context: Context) -> None:
    rows = organisations(merged=False)[:3]
    arrive(context, [*rows, replace(rows[1], pcn_code="U9", valid_from=date(2026, 1, 1))])
    with pytest.raises(ContractError, match=rf"{SNAPSHOT}: rows 2 and 4: {rows[1].practice_code} is two things"):
        known(context)


def test_a_snapshot_that_was_never_linked_is_a_fault(context: Context) -> None:
    with pytest.raises(PipelineError, match="link it first"):
        known(context)


def cohort_of(context: Context, as_of: date) -> dict[str, tuple[str, str]]:
    """Practice and PCN by person key, on a night that knows the snapshot."""
    day = as_of + timedelta(days=1)
    ids = [delivery.delivery_id for delivery in list_deliveries(context.ledger)]
    policy = load_policy(context.settings.policy_file)
    view = View(
        policy=policy,
        delivery_ids=[*ids, SNAPSHOT],
        index_date=day,
        known_before=intake_cut_off(NIGHT),
        policy_day=day,
    )
    cohort, _ = look(context, view=view)
    return {row["person_key"]: (row["practice_code"], row["pcn_code"]) for row in cohort.to_pylist()}


def test_a_past_night_shows_the_organisation_as_it_was(context: Context) -> None:
    """As-of the day before the last, the index date is the last day itself; a day later it is merged."""
    arrive(context, organisations())
    shipped = load_reference(PROJECT)
    (ann,) = keys(context, ANN)
    day_before = LAST_DAY - timedelta(days=1)
    assert cohort_of(context, day_before)[ann] == (CLOSED, shipped.practice(CLOSED, LAST_DAY).pcn_code)
    assert cohort_of(context, LAST_DAY)[ann] == (SUCCESSOR, shipped.practice(SUCCESSOR, LAST_DAY).pcn_code)


def a_night(context: Context) -> SimpleNamespace:
    arrive(context, organisations())
    reference = reference_as_known(context, delivery_ids=[SNAPSHOT])
    people = {key: {"practice_code": SUCCESSOR} for key in keys(context, ANN, BEN, CAT)}
    listed = [{"person_key": key} for key in keys(context, ANN, CAT)]
    return SimpleNamespace(
        vault=open_vault(context.settings.vault_url, keys=context.keys),
        run=SimpleNamespace(as_of=NIGHT, inputs={}),
        reference=reference,
        deaths={},
        people=people,
        listed={SUCCESSOR: listed},
    )


def test_the_successor_is_named_its_new_patients_and_nobody_else_is(context: Context) -> None:
    night = a_night(context)
    assert len(still_here(night, SUCCESSOR)) == 2
    found = reidentified(night, code=SUCCESSOR, person_keys=keys(context, ANN, CAT))
    assert {one.nhs_number for one in found.values()} == {ANN, CAT}
    with pytest.raises(GateClosed, match="1 belong to another practice"):
        reidentified(night, code="E83003", person_keys=keys(context, CAT))


def test_before_the_merger_the_other_practice_is_named_nobody(context: Context) -> None:
    night = a_night(context)
    night.run = SimpleNamespace(as_of=LAST_DAY - timedelta(days=1))
    assert [row["person_key"] for row in still_here(night, SUCCESSOR)] == keys(context, CAT)
    with pytest.raises(GateClosed):
        reidentified(night, code=SUCCESSOR, person_keys=keys(context, ANN, CAT))


def test_the_last_check_knows_the_merger_too(context: Context) -> None:
    assert _elsewhere(context, a_run(context), [ANN, CAT], practice_code=SUCCESSOR) == 1
    arrive(context, organisations())
    run = SimpleNamespace(run_key="other", as_of=NIGHT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.steps.at_hand.previous.runs.run_deliveries", lambda ledger, run_key: [SNAPSHOT])
        assert _elsewhere(context, run, [ANN, CAT], practice_code=SUCCESSOR) == 0
        assert reference_of(context, run).practice(SUCCESSOR, NIGHT).practice_code == SUCCESSOR


def test_the_next_register_goes_on_where_both_lists_were(context: Context) -> None:
    """Ann's history moves with her; who left is told to the practice that knows them now, without the other's rank."""
    night = a_night(context)
    published(context, CLOSED, date(2026, 11, 8), ANN, BEN)
    published(context, SUCCESSOR, date(2026, 11, 8), CAT)
    before = previous(context.ledger, night.reference, code=SUCCESSOR, run=night.run)
    assert set(_placed(before.entries)) == set(keys(context, ANN, BEN, CAT))
    assert _placed(before.entries)[keys(context, ANN)[0]].first_listed_on == date(2026, 11, 8)
    assert set(before.merged_entries) == set(keys(context, ANN, BEN))
    assert before.people == 3
    gone = people_who_left(night, code=SUCCESSOR, listed=night.listed[SUCCESSOR], before=before)
    assert [(one.nhs_number, one.reason, one.rank_before) for one in gone.named] == [(BEN, "risk_fell", None)]
    assert (gone.others, gone.opted_out) == (0, 0)
    [says] = merger_notices(night.reference, before, as_of=NIGHT)
    assert f"({CLOSED}) closed on 12 November 2026" in says


def test_the_merged_list_is_continued_once(context: Context) -> None:
    """After the successor's first edition with everyone, the closed practice's last one says no more."""
    night = a_night(context)
    published(context, CLOSED, date(2026, 11, 8), ANN, BEN)
    published(context, SUCCESSOR, LAST_DAY, ANN)
    own, merged = previous_editions(context.ledger, night.reference, code=SUCCESSOR, as_of=NIGHT)
    assert own is not None
    assert merged == {}
