"""A row is its person's when the GP lists agree with its number and birth date; what they contradict is kept apart."""

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from run_home import write_policy
from small_home import ANN, BEN, CAT, DAN, DISSENT, PRACTICE, deliver, entry, keys, patient, people_in, small_context

from pipeline.contracts.policy import load_policy
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.ledger import profiles, steps
from pipeline.ledger.deliveries import get_delivery
from pipeline.rules.times import index_date, intake_cut_off
from pipeline.steps.at_hand import relations
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.relations import View, in_buckets
from pipeline.steps.features.events import events
from pipeline.steps.link import rows as link_rows
from pipeline.steps.link.link import link
from pipeline.steps.opt_out.erasure import current_erasure
from pipeline.steps.run.run import delivery_set
from pipeline.store import layout, tables
from pipeline.store.vault import open_vault

VISIBLE = load_query(PROJECT / "sql" / "knowledge" / "visible_event.sql")
LISTS_AT, AT, LATER = "2026-11-15T20:00:00", "2026-11-15T21:00:00", "2026-11-17T20:00:00"
FIRST, SECOND = date(2026, 11, 15), date(2026, 11, 18)
WRONG_BIRTH = "1948-09-03"
OTHER_PERSON = {"birth_date": "1980-05-05", "family_name": "ELM", "given_name": "Ada"}
ELSEWHERE = {"practice_code": "F83039"}


@pytest.fixture
def context(home: Settings, monkeypatch: pytest.MonkeyPatch) -> Context:
    """Ann and Ben on a list; nights look at hardly more than one person at a time."""
    monkeypatch.setattr(relations, "ROWS_PER_BUCKET", 1)
    context = small_context(home)
    write_policy(home, lambda policy: None)
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2")], at=LISTS_AT)
    return context


def take_in(context: Context) -> dict[str, int]:
    counts = link(context).counts
    events(context)
    return counts


def seen(context: Context, *, as_of: date, without: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Person keys of the visible events and registrations of a night, sorted; one entry for each row."""
    chosen = [one.delivery_id for one in delivery_set(context, as_of=as_of, knowledge="then")]
    view = View(
        policy=load_policy(context.settings.policy_file),
        delivery_ids=[name for name in chosen if name not in without],
        index_date=index_date(as_of),
        known_before=intake_cut_off(as_of),
        policy_day=index_date(as_of),
    )
    with Engine(threads=1, memory_limit="1GB") as engine:
        events_seen: list[str] = []
        for _ in in_buckets(engine, context, views={"": view}):
            # `event` leaves out whom no list knows, and these tests ask after them as well.
            day, before = view.index_date, view.known_before.replace(tzinfo=None)
            engine.keep(VISIBLE, name="visible", known_before=before, index_date=day)
            events_seen += engine.table("visible")["person_key"].to_pylist()
        registered = engine.table("registration")["person_key"].to_pylist()
    return {"event": sorted(events_seen), "registration": sorted(registered)}


def measures(context: Context, delivery_id: str) -> dict[str, float]:
    extract, sender, _ = delivery_id.split(".")
    found = profiles.read_profiles(context.ledger, extract=extract, sender=sender).get(delivery_id, {})
    return {name: float(value) for name, value in found.items()}


def test_a_birth_date_that_disagrees_keeps_the_row_apart_and_counted(context: Context) -> None:
    lines = [{"nhs_number": ANN}, {"nhs_number": BEN, "birth_date": WRONG_BIRTH}, {"nhs_number": CAT}]
    stays = deliver(context, "acute_apc", lines, sender="RKE", at=AT)
    counts = take_in(context)
    assert (counts["rows_linked"], counts["rows_conflict"], counts["rows_unlinked"]) == (4, 1, 0)
    delivery = get_delivery(context.ledger, stays)
    assert (delivery.rows_kept, delivery.rows_conflict, delivery.rows_quarantined) == (2, 1, 1)
    assert delivery.balances()
    told = measures(context, stays)
    assert (told["link.LINK-006"], told["linkage.rows"]) == (1, 3)
    assert (told["linkage.conflict"], told["linkage.unlisted"]) == (0.333333, 0.333333)
    # Ann's stay makes an admission and its diagnoses; Cat's too, and she is on no list; of Ben there is nothing.
    assert set(seen(context, as_of=FIRST)["event"]) == set(keys(context, ANN, CAT))


def test_a_version_in_conflict_hides_the_one_it_replaces(context: Context) -> None:
    deliver(context, "gp_event", [entry(ANN, "O-1"), entry(BEN, "O-2")], at=AT)
    deliver(context, "gp_event", [entry(ANN, "O-1", birth_date=WRONG_BIRTH)], at="2026-11-15T22:00:00")
    take_in(context)
    assert seen(context, as_of=FIRST)["event"] == keys(context, BEN)


def test_someone_on_no_list_is_judged_when_a_list_first_names_them(context: Context) -> None:
    stays = deliver(
        context, "acute_apc",
        [{"nhs_number": CAT}, {"nhs_number": DAN, "birth_date": WRONG_BIRTH, "cds_unique_identifier": "BX"}],
        sender="RKE", at=AT,
    )  # fmt: skip
    take_in(context)
    assert get_delivery(context.ledger, stays).rows_conflict == 0
    before = seen(context, as_of=FIRST)
    deliver(context, "gp_patient", [patient(CAT, "3"), patient(DAN, "4")], at=LATER)
    counts = take_in(context)
    assert (counts["deliveries"], counts["rows_conflict"]) == (2, 1)
    assert set(seen(context, as_of=SECOND)["event"]) == set(keys(context, CAT))
    # The night before knew neither as anybody's patient, and still does not.
    assert before["registration"] == seen(context, as_of=FIRST)["registration"] == keys(context, ANN, BEN)


def test_nothing_is_linked_again_for_someone_who_agrees_from_the_first(context: Context) -> None:
    stays = deliver(context, "acute_apc", [{"nhs_number": CAT}], sender="RKE", at=AT)
    take_in(context)
    before = steps.find_step(context.ledger, scope=stays, step="link")
    deliver(context, "gp_patient", [patient(CAT, "3")], at=LATER)
    take_in(context)
    assert steps.find_step(context.ledger, scope=stays, step="link") == before


def test_a_list_put_right_lets_rows_in_from_its_own_moment_on(context: Context) -> None:
    """And the nights before it are told as they were told."""
    deliver(context, "gp_event", [entry(BEN, "O-1", birth_date=WRONG_BIRTH)], at=AT)
    take_in(context)
    first = seen(context, as_of=FIRST)
    assert first["event"] == []
    deliver(context, "gp_patient", [patient(BEN, "2", birth_date=WRONG_BIRTH)], at=LATER)
    take_in(context)
    assert seen(context, as_of=SECOND)["event"] == keys(context, BEN)
    assert seen(context, as_of=FIRST) == first


def test_a_list_put_right_takes_nothing_out(context: Context) -> None:
    deliver(context, "gp_event", [entry(BEN, "O-1")], at=AT)
    deliver(context, "gp_patient", [patient(BEN, "2", birth_date=WRONG_BIRTH)], at=LATER)
    take_in(context)
    assert seen(context, as_of=SECOND)["event"] == seen(context, as_of=FIRST)["event"] == keys(context, BEN)


def test_what_a_refused_list_decided_is_decided_anew(context: Context) -> None:
    wrong = deliver(context, "gp_patient", [patient(BEN, "2", birth_date=WRONG_BIRTH)], at="2026-11-15T20:30:00")
    entries = deliver(context, "gp_event", [entry(BEN, "O-1")], at=AT)
    take_in(context)
    assert get_delivery(context.ledger, entries).rows_conflict == 1
    with context.ledger.engine.begin() as connection:
        connection.exec_driver_sql(f"update delivery set state = 'refused' where delivery_id = '{wrong}'")
    take_in(context)
    assert get_delivery(context.ledger, entries).rows_conflict == 0
    assert seen(context, as_of=FIRST)["event"] == keys(context, BEN)


def change(context: Context, superseded: str, current: str, *, at: str, changed_on: str = "2026-05-04") -> str:
    row = {"superseded_nhs_number": superseded, "current_nhs_number": current, "changed_on": changed_on}
    return deliver(context, "nhs_number_change", [row], sender="PDS", at=at)


def test_a_superseded_number_is_replaced_by_the_current_one(context: Context) -> None:
    deliver(context, "gp_event", [entry(DAN, "O-1"), entry(DAN, "O-2", birth_date=WRONG_BIRTH)], at=AT)
    change(context, DAN, BEN, at=AT)
    assert take_in(context)["rows_conflict"] == 1
    assert seen(context, as_of=FIRST)["event"] == keys(context, BEN)


def test_a_change_learnt_later_leaves_the_night_before_as_it_was(context: Context) -> None:
    deliver(context, "gp_event", [entry(DAN, "O-1"), entry(BEN, "O-2")], at=AT)
    take_in(context)
    before = seen(context, as_of=FIRST)
    linked = tables.digest(tables.read(layout.linked(context.settings.home, "gp_event")))
    change(context, DAN, BEN, at=LATER)
    take_in(context)
    assert seen(context, as_of=SECOND)["event"] == keys(context, BEN) * 2
    assert seen(context, as_of=FIRST) == before
    assert tables.digest(tables.read(layout.linked(context.settings.home, "gp_event"))) == linked


def test_a_number_is_replaced_from_the_day_of_the_change_on_and_chains_are_followed(context: Context) -> None:
    deliver(context, "gp_event", [entry(CAT, "O-1")], at=AT)
    rows = [
        {"superseded_nhs_number": CAT, "current_nhs_number": DAN, "changed_on": "2026-05-04"},
        {"superseded_nhs_number": DAN, "current_nhs_number": BEN, "changed_on": "2026-11-16"},
    ]
    deliver(context, "nhs_number_change", rows, sender="PDS", at=AT)
    take_in(context)
    assert seen(context, as_of=FIRST)["event"] == keys(context, DAN)
    assert seen(context, as_of=SECOND)["event"] == keys(context, BEN)


def test_somebody_listed_under_a_superseded_number_is_told_by_their_practice_under_the_current_one(
    context: Context,
) -> None:
    deliver(context, "gp_patient", [patient(CAT, "3", **ELSEWHERE)], at=AT)
    change(context, CAT, DAN, at=AT)
    take_in(context)
    assert seen(context, as_of=FIRST)["registration"] == keys(context, ANN, BEN, DAN)
    vault = open_vault(context.settings.vault_url, keys=context.keys)
    assert set(vault.practices(keys(context, CAT, DAN)).values()) == {"F83039"}
    (found,) = vault.reidentify(practice_code="F83039", person_keys=keys(context, DAN)).values()
    assert found.nhs_number == CAT


def test_numbers_of_two_people_are_not_made_one(context: Context) -> None:
    """A list of changes says so, and GP lists know different people under the two."""
    deliver(context, "gp_patient", [patient(CAT, "3", **OTHER_PERSON)], at=AT)
    deliver(context, "gp_event", [entry(CAT, "O-1", birth_date="1980-05-05"), entry(CAT, "O-2")], at=AT)
    change(context, CAT, BEN, at="2026-11-15T22:00:00")
    take_in(context)
    assert seen(context, as_of=FIRST)["registration"] == keys(context, ANN, BEN, CAT)
    assert seen(context, as_of=FIRST)["event"] == keys(context, CAT)


def test_two_people_under_one_number_are_shown_as_neither(context: Context) -> None:
    lists = deliver(context, "gp_patient", [patient(BEN, "9", **OTHER_PERSON, **ELSEWHERE)], at=AT)
    deliver(context, "gp_event", [entry(BEN, "O-1"), entry(ANN, "O-2")], at=AT)
    take_in(context)
    assert seen(context, as_of=FIRST)["registration"] == keys(context, ANN)
    assert measures(context, lists)["link.LINK-007"] == get_delivery(context.ledger, lists).rows_conflict == 1
    vault = open_vault(context.settings.vault_url, keys=context.keys)
    assert vault.practices(keys(context, BEN)) == {keys(context, BEN)[0]: ""}
    # Put right by the other practice, Ben is back; the night before is told as it was.
    deliver(context, "gp_patient", [patient("", "9", **OTHER_PERSON, **ELSEWHERE, is_deleted="1")], at=LATER)
    take_in(context)
    assert vault.practices(keys(context, BEN)) == {keys(context, BEN)[0]: PRACTICE}


@pytest.mark.parametrize(
    ("other", "is_one"),
    [
        ({}, True),
        ({"family_name": "Else"}, True),
        ({"birth_date": WRONG_BIRTH, "family_name": "FAMILY2"}, True),
        ({"birth_date": WRONG_BIRTH, "family_name": "Else"}, False),
        ({"birth_date": WRONG_BIRTH, "family_name": "FAMILY2", "given_name": "Tom"}, False),
        ({"birth_date": WRONG_BIRTH, "family_name": ""}, False),
        ({"birth_date": WRONG_BIRTH, "family_name": "Else", "registration_end_date": "2026-01-31"}, True),
    ],
    ids=["same", "married", "mistyped", "another", "of one family", "without a name", "long ago"],
)
def test_two_listings_are_one_person_where_birth_date_or_name_agrees(
    context: Context, other: dict[str, str], is_one: bool
) -> None:
    deliver(context, "gp_patient", [{**patient(BEN, "9", **ELSEWHERE), "family_name": "FAMILY2", **other}], at=AT)
    take_in(context)
    shown = set(seen(context, as_of=FIRST)["registration"])
    assert (keys(context, BEN)[0] in shown) == is_one
    vault = open_vault(context.settings.vault_url, keys=context.keys)
    assert (vault.practices(keys(context, BEN))[keys(context, BEN)[0]] != "") == is_one


def test_who_dissents_under_one_number_dissents_under_the_other(context: Context) -> None:
    deliver(context, "gp_event", [entry(BEN, "O-1", DISSENT), entry(DAN, "O-2"), entry(ANN, "O-3")], at=AT)
    take_in(context)
    assert people_in(context, layout.linked(context.settings.home, "gp_event")) == keys(context, ANN, DAN)
    change(context, DAN, BEN, at=LATER)
    take_in(context)
    assert current_erasure(context).nhs_numbers == {BEN, DAN}
    for path in (layout.linked(context.settings.home, "gp_event"), layout.table(context.settings.home, "event")):
        assert people_in(context, path) == keys(context, ANN)
    assert people_in(context, layout.table(context.settings.home, "number_change")) == []


def test_many_rows_taken_in_batches_are_linked_as_when_taken_together(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [ANN, BEN, CAT, ""] * 6
    lines = [entry(number, f"O-{place}") for place, number in enumerate(numbers)]
    lines[5]["birth_date"] = WRONG_BIRTH
    delivery_id = deliver(context, "gp_event", lines, at=AT)
    link(context)
    home = context.settings.home
    zones = [layout.linked(home, "gp_event"), layout.unlinked(home, "gp_event"), layout.waiting(home, "gp_event")]
    together = [tables.digest(tables.read(path), leave_out=["rows"]) for path in zones]
    found, counted = measures(context, delivery_id), get_delivery(context.ledger, delivery_id)
    monkeypatch.setattr(link_rows, "BATCH_ROWS", 7)
    steps.start_step(context.ledger, scope=delivery_id, step="link", at=datetime(2026, 11, 16, tzinfo=UTC))
    link(context)
    assert tables.digest(tables.read(zones[0])) == together[0]
    assert tables.digest(tables.read(zones[1])) == together[1]
    assert (measures(context, delivery_id), get_delivery(context.ledger, delivery_id)) == (found, counted)


def test_what_the_policy_will_never_use_is_not_linked(context: Context) -> None:
    deliver(context, "acute_apc", [{"nhs_number": ANN}], sender="RZZ", at=AT)
    deliver(context, "acute_apc", [{"nhs_number": BEN}], sender="RKE", at=AT)
    assert link(context).counts["deliveries"] == 2
    assert people_in(context, layout.linked(context.settings.home, "acute_apc")) == keys(context, BEN)

    def joins(policy: dict[str, Any]) -> None:
        policy["providers"].append({"sender": "RZZ", "agreement": "DPA 9", "valid_from": date(2027, 1, 1)})

    write_policy(context.settings, joins)
    assert link(context).counts["deliveries"] == 1
    assert people_in(context, layout.linked(context.settings.home, "acute_apc")) == keys(context, ANN, BEN)


def test_organisations_refused_and_accepted_after_all_are_copied_as_they_then_are(context: Context) -> None:
    link(context)
    delivery_id = deliver(context, "reference_organisation", [{"practice_code": "F83004"}], sender="ODS", at=AT)
    link(context)
    path = layout.table(context.settings.home, "reference_organisation")
    assert tables.read(path)["practice_code"].to_pylist() == ["F83004"]
    again = deliver(context, "reference_organisation", [{"practice_code": "F83020"}], sender="ODS", at=LATER)
    rows = tables.read(
        layout.clean(context.settings.home, "reference_organisation"), column="delivery_id", values=[again]
    )
    slices = rows.drop_columns(["delivery_id"]).append_column("delivery_id", pa.array([delivery_id]))
    tables.replace_slices(
        layout.clean(context.settings.home, "reference_organisation"),
        slices,
        column="delivery_id",
        values=[delivery_id],
    )
    with context.ledger.engine.begin() as connection:
        connection.exec_driver_sql(
            f"update delivery set content_digest = '{'1' * 64}' where delivery_id = '{delivery_id}'"
        )
    link(context)
    kept = tables.read(path, column="delivery_id", values=[delivery_id])
    assert kept["practice_code"].to_pylist() == ["F83020"]
