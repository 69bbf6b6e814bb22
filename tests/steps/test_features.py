"""Features: everyone the deliveries speak of is scored, opted out or not registered; what comes later is not seen."""

from datetime import date

import pytest
from run_home import enter_model, write_policy
from small_home import ANN, BEN, CAT, DAN, DISSENT, deliver, entry, keys, patient, people_in, small_context

from pipeline.contracts.settings import Settings
from pipeline.engines.wide import BrokenCheck
from pipeline.errors import PipelineError
from pipeline.ledger import audit
from pipeline.steps.at_hand import relations
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.features.deaths import visible_deaths
from pipeline.steps.features.events import events
from pipeline.steps.features.features import features
from pipeline.steps.link.link import link
from pipeline.steps.run.run import open_run
from pipeline.store import layout, tables
from pipeline.store.vault import open_vault

NIGHT = date(2026, 11, 15)


@pytest.fixture
def context(home: Settings) -> Context:
    """Ann and Ben registered, Cat without a registration, Dan of a practice without an agreement."""
    context = small_context(home)
    write_policy(home, lambda policy: None)
    enter_model(context, "model")
    lists = [patient(ANN, "1"), patient(BEN, "2"), patient(DAN, "4", practice_code="F85065")]
    deliver(context, "gp_patient", lists)
    deliver(context, "gp_event", [entry(ANN, "O-1", "11429006", effective_date="2026-11-02")])
    deliver(context, "gp_medication", [{"nhs_number": CAT}])
    deliver(context, "acute_apc", [{"nhs_number": CAT}], sender="RKE")
    return context


def made(context: Context, *, knowledge: str = "then") -> StepResult:
    link(context)
    events(context)
    return features(context, run=open_run(context, as_of=NIGHT, knowledge=knowledge))


def row_of(context: Context, nhs_number: str, *, knowledge: str = "then") -> dict[str, object]:
    run = open_run(context, as_of=NIGHT, knowledge=knowledge)
    path = layout.table(context.settings.home, "feature")
    rows = tables.read(path, column="run_key", values=[run.run_key]).to_pylist()
    (row,) = [row for row in rows if row["person_key"] == keys(context, nhs_number)[0]]
    return row


def test_everyone_is_accounted_for(context: Context) -> None:
    counts = made(context).counts
    names = ("people", "people_scored", "people_opted_out", "people_not_registered")
    assert [counts[name] for name in names] == [4, 2, 0, 2]


def test_who_dissents_is_counted_apart_and_has_no_row(context: Context) -> None:
    deliver(context, "gp_event", [entry(BEN, "O-2", DISSENT)], at="2026-11-15T21:00:00")
    counts = made(context).counts
    assert [counts[name] for name in ("people_scored", "people_opted_out", "people_not_registered")] == [1, 1, 2]
    cohort = tables.read(layout.table(context.settings.home, "cohort"))
    assert cohort["person_key"].to_pylist() == keys(context, ANN)


def test_a_dissent_validated_after_people_were_linked_counts_before_they_are_scored(context: Context) -> None:
    """A delivery may be validated between a night's linking and its scoring: in Airflow by a task of another DAG."""
    link(context)
    events(context)
    run = open_run(context, as_of=NIGHT, knowledge="then")
    deliver(context, "gp_event", [entry(BEN, "O-2", DISSENT)], at="2026-11-16T03:00:00")
    counts = features(context, run=run).counts
    names = ("people", "people_scored", "people_opted_out", "people_not_registered")
    assert [counts[name] for name in names] == [4, 1, 1, 2]
    home, (ben,) = context.settings.home, keys(context, BEN)
    for path in (layout.table(home, "cohort"), layout.table(home, "feature"), layout.linked(home, "gp_patient")):
        assert ben not in people_in(context, path)
    assert ben not in open_vault(context.settings.vault_url, keys=context.keys).practices([ben])
    assert [one.counts["people"] for one in audit.list_entries(context.ledger, action="erase")] == [1]
    # Linked after all there is nothing left of them to erase.
    assert link(context).counts["rows_erased"] == 0


def test_the_day_itself_counts_and_the_next_does_not(context: Context) -> None:
    contacts = [
        entry(ANN, "O-2", "11429006", effective_date="2026-11-15"),
        entry(ANN, "O-3", "11429006", effective_date="2026-11-16"),
    ]
    deliver(context, "gp_event", contacts, at="2026-11-15T22:00:00")
    made(context)
    row = row_of(context, ANN)
    assert (row["gp_contacts_3m"], row["gp_contact_days_since"]) == (2, 1)


def test_what_arrives_at_the_cut_off_is_not_seen_then_and_is_now(context: Context) -> None:
    for hour, number, day in (("01:59:59", "O-2", "2026-11-09"), ("02:00:00", "O-3", "2026-11-10")):
        rows = [entry(ANN, number, "11429006", effective_date=day)]
        deliver(context, "gp_event", rows, at=f"2026-11-16T{hour}")
    made(context)
    assert row_of(context, ANN)["gp_contacts_3m"] == 2
    made(context, knowledge="now")
    assert row_of(context, ANN, knowledge="now")["gp_contacts_3m"] == 3


def test_uncovered_is_unknown_and_covered_without_events_is_zero(context: Context) -> None:
    """Ann's council supplies what it knows of her; Ben lives where none does. Hospitals supply both."""
    elsewhere = [patient(BEN, "2", lsoa_code="E01000001")]
    deliver(context, "gp_patient", elsewhere, at="2026-11-15T22:00:00")
    deliver(context, "social_care_event", [{"nhs_number": CAT}], sender="E09000007")
    made(context)
    for number, has_home_care in ((ANN, False), (BEN, None)):
        row = row_of(context, number)
        assert (row["emergency_admissions_12m"], row["gp_contacts_12m"] is None) == (0, False)
        assert row["has_home_care"] is has_home_care


def test_a_council_that_never_sent_anything_covers_nobody(context: Context) -> None:
    made(context)
    assert row_of(context, ANN)["has_home_care"] is None
    assert row_of(context, ANN)["emergency_attendances_12m"] is None


def test_the_same_slice_is_written_again_not_twice(context: Context) -> None:
    first, second = made(context), made(context)
    assert first.digest == second.digest
    assert tables.read(layout.table(context.settings.home, "feature")).num_rows == 2


def test_features_written_bucket_by_bucket_are_those_of_one(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = made(context)
    monkeypatch.setattr(relations, "ROWS_PER_BUCKET", 1)
    assert made(context) == whole
    written = tables.read(layout.table(context.settings.home, "feature"))
    assert whole.digest == tables.digest(written, leave_out=("run_key",))


def test_a_bound_that_stops_the_line_leaves_no_features(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = BrokenCheck("gp_contacts", "gp_contacts_3m", "minimum 0", "stop", 1)
    monkeypatch.setattr("pipeline.steps.features.features.broken_checks", lambda table, concepts: (broken,))
    with pytest.raises(PipelineError, match="gp_contacts_3m: 1 rows break minimum 0"):
        made(context)
    path = layout.table(context.settings.home, "feature")
    assert not tables.exists(path) or not tables.slices(path, column="run_key")


def deaths_of(context: Context, *, knowledge: str = "then") -> list[str]:
    return sorted(visible_deaths(context, run=open_run(context, as_of=NIGHT, knowledge=knowledge)))


def test_a_death_since_corrected_is_none(context: Context) -> None:
    """Ann was said to have died, which a later version of her row takes back; Ben's row is withdrawn whole."""
    said = [patient(ANN, "1", death_date="2026-11-01"), patient(BEN, "2", death_date="2026-11-01")]
    said.append(patient(CAT, "3", death_date="2026-11-01"))
    deliver(context, "gp_patient", said, at="2026-11-15T21:00:00")
    corrected = [patient(ANN, "1"), patient(BEN, "2", death_date="2026-11-01", is_deleted="1")]
    deliver(context, "gp_patient", corrected, at="2026-11-15T22:00:00")
    made(context)
    assert deaths_of(context) == keys(context, CAT)


@pytest.mark.parametrize("extract", ["acute_daily", "acute_apc"])
def test_who_died_in_hospital_is_scored_by_nobody_before_the_practice_has_entered_it(
    context: Context, extract: str
) -> None:
    """The next day's feed says so, the practice a week later: nobody is to be told that Ben came home from hospital."""
    stay = {"nhs_number": BEN, "spell_number": "S-2", "admission_date": "2026-11-10", "discharge_date": "2026-11-13"}
    stay |= {"discharge_method": "4"}
    more = {"message_type": "D"} if extract == "acute_daily" else {"episode_start_date": "2026-11-10"}
    deliver(context, extract, [stay | more], sender="RKE", at="2026-11-16T01:00:00")
    counts = made(context).counts
    assert [counts[name] for name in ("people", "people_scored", "people_not_registered")] == [4, 1, 3]
    assert deaths_of(context) == keys(context, BEN)
    cohort = tables.read(layout.table(context.settings.home, "cohort"))
    assert cohort["person_key"].to_pylist() == keys(context, ANN)


def test_a_death_in_hospital_that_comes_after_the_cut_off_is_seen_with_todays_knowledge(context: Context) -> None:
    stay = {"nhs_number": BEN, "spell_number": "S-2", "admission_date": "2026-11-10", "discharge_date": "2026-11-13"}
    stay |= {"discharge_method": "4"}
    deliver(context, "acute_daily", [stay | {"message_type": "D"}], sender="RKE", at="2026-11-16T02:00:00")
    made(context)
    assert deaths_of(context) == []
    made(context, knowledge="now")
    assert deaths_of(context, knowledge="now") == keys(context, BEN)


def test_a_death_is_seen_from_its_cut_off_and_its_day_on(context: Context) -> None:
    after = patient(BEN, "2", death_date="2026-11-16")
    deliver(context, "gp_patient", [patient(ANN, "1"), after], at="2026-11-15T21:00:00")
    deliver(context, "gp_patient", [patient(ANN, "1", death_date="2026-11-14")], at="2026-11-16T02:00:00")
    made(context)
    assert deaths_of(context) == []
    made(context, knowledge="now")
    assert deaths_of(context, knowledge="now") == keys(context, ANN)
