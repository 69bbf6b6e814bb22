"""Who sends what when: bulk loads in parts, cadence, formats by date, accidents, a declared plan of dirt."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.errors import UserError
from pipeline.synthetic.deliveries.accidents import with_accidents
from pipeline.synthetic.deliveries.days import day_number, day_of, is_working, month_of, quarter_of, working_days_after
from pipeline.synthetic.deliveries.dirt_plan import DirtPlan, Kind, read_dirt_plan, with_dirt
from pipeline.synthetic.deliveries.planned import Planned
from pipeline.synthetic.deliveries.schedule import schedule
from pipeline.synthetic.deliveries.senders import GP, HOSPITAL
from pipeline.synthetic.population.frame import blocks, load_frame

AS_OF = date(2026, 11, 15)
TODAY = day_number(AS_OF)
CONTRACTS = load_extracts(Path())


def planned(people: int = 20_000, *, weeks: int = 1, today: int = TODAY) -> list[Planned]:
    frame = load_frame(people)
    return schedule(frame, blocks(frame), CONTRACTS, today=today, weeks=weeks)


@pytest.fixture(scope="module")
def demo() -> list[Planned]:
    return planned()


@pytest.fixture(scope="module")
def quarter() -> list[Planned]:
    return planned(weeks=12)


@pytest.mark.parametrize("people", [600, 20_000, 200_000, 1_000_000])
def test_no_two_deliveries_share_an_id_and_all_come_before_midnight(people: int) -> None:
    plan = planned(people, weeks=2)
    assert max(Counter(one.delivery_id for one in plan).values()) == 1
    assert all(10 <= one.received[1] <= 23 for one in plan)
    assert plan == sorted(plan, key=lambda one: one.received)


def test_every_extract_comes_on_the_first_night_and_all_but_the_councils_again_within_the_week(
    demo: list[Planned],
) -> None:
    assert {one.extract for one in demo if one.received[0] <= TODAY} == set(CONTRACTS)
    again = {one.extract for one in demo if one.received[0] > TODAY}
    assert again == set(CONTRACTS) - {"social_care_event", "reference_organisation", "nhs_number_change"}


@pytest.mark.parametrize("people", [200_000, 1_000_000])
def test_a_supplier_sends_its_history_in_parts_of_about_fifty_thousand_patients(people: int) -> None:
    frame = load_frame(people)
    for extract in GP:
        own = [one for one in planned(people) if one.extract == extract and one.is_first]
        for supplier in ("GPS01", "GPS02"):
            parts = [one.blocks for one in own if one.sender == supplier]
            assert all(parts) and sorted(b for part in parts for b in part) == list(range(len(blocks(frame))))
            sizes = [_patients(frame, part, supplier) for part in parts]
            assert sum(sizes) == sum(p.list_size for p in frame.practices if p.supplier == supplier)
            assert max(sizes) <= 52_000 and len(sizes) >= 2


def _patients(frame: object, part: frozenset[int] | None, supplier: str) -> int:
    listed = [frame.practices[i] for block in part or () for i in blocks(frame)[block]]
    return sum(practice.list_size for practice in listed if practice.supplier == supplier)


def test_all_but_general_practice_comes_in_one_file_whatever_the_size() -> None:
    plan = [one for one in planned(1_000_000) if one.is_first and one.extract not in GP]
    several = Counter((one.extract, one.sender, one.form) for one in plan)
    assert max(several.values()) == 1


def test_history_ends_where_the_reporting_lag_begins(demo: list[Planned]) -> None:
    for one in demo:
        if one.is_first and one.extract != "gp_patient" and one.reported is None:
            assert TODAY - one.period_end == CONTRACTS[one.extract].reporting_lag_days == TODAY - one.ask.known


def test_older_reporting_periods_come_under_the_older_field_names(demo: list[Planned]) -> None:
    loads = [one for one in demo if one.extract == "community_contact" and one.is_first]
    assert [one.form for one in loads] == [
        form.name for form in sorted(CONTRACTS["community_contact"].formats, key=lambda f: f.valid_from or date.min)
    ]
    older, newer = loads
    assert older.reported is not None and newer.reported is not None
    assert older.reported[1] + 1 == newer.reported[0]
    assert newer.reported[1] >= newer.period_end


def test_councils_send_twelve_quarters_of_twelve_months_in_the_format_of_the_day(demo: list[Planned]) -> None:
    own = [one for one in demo if one.extract == "social_care_event"]
    sent = Counter(one.sender for one in own)
    assert sent == {"E09000019": 12, "E09000014": 12, "E09000007": 2, "E09000003": 2, "E09000010": 2}
    assert {one.form for one in own} == {form.name for form in CONTRACTS["social_care_event"].formats}
    for one in own:
        start, end = day_of(one.period_start), day_of(one.period_end)
        assert 364 <= (end - start).days <= 365 and (end + timedelta(days=1)).day == 1
        assert one.form == CONTRACTS["social_care_event"].format_for(end).name
        cadence = CONTRACTS["social_care_event"].cadence
        assert one.received[0] == working_days_after(one.period_end, cadence.due_working_days)


def test_deltas_follow_one_another_without_a_gap(quarter: list[Planned]) -> None:
    for extract, contract in CONTRACTS.items():
        if contract.cadence.every != "day":
            continue
        for sender in {one.sender for one in quarter if one.extract == extract}:
            own = [one for one in quarter if one.extract == extract and one.sender == sender]
            known = [one.ask.known for one in own if one.is_first][-1]
            for one in own:
                if not one.is_first:
                    assert one.ask.changed_after == known, one.delivery_id
                    known = one.ask.known


def test_monthly_submissions_come_on_the_declared_working_day_and_hospitals_freeze_a_month_later(
    quarter: list[Planned],
) -> None:
    monthly = [one for one in quarter if CONTRACTS[one.extract].cadence.every == "month" and not one.is_first]
    assert len({month_of(one.received[0]) for one in monthly}) >= 3
    for one in monthly:
        assert is_working(one.received[0])
        back = 2 if one.extract in HOSPITAL and one.period_end < month_of(one.received[0], back=1)[0] else 1
        assert (one.period_start, one.period_end) == month_of(one.received[0], back=back)
    stays = [one for one in monthly if one.extract == "acute_apc" and one.sender == "RKE"]
    assert {one.period_end for one in stays[::2]} & {one.period_end for one in stays[1::2]}


def test_public_holidays_and_weekends_are_no_working_days() -> None:
    closed = [date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1), date(2026, 11, 21), date(2026, 4, 3)]
    assert not any(is_working(day_number(day)) for day in closed)
    assert day_of(working_days_after(day_number(date(2026, 12, 24)), 1)) == date(2026, 12, 29)
    assert day_of(quarter_of(TODAY, back=1)[1]) == date(2026, 9, 30)


def test_the_first_live_week_has_one_of_each_accident(demo: list[Planned]) -> None:
    plan, accidents = with_accidents(demo, today=TODAY)
    assert Counter(entry["what"] for entry in accidents.diary) == {
        "delivery_late": 1,
        "delivery_cut": 1,
        "delivery_twice": 1,
    }
    assert {what for what, _ in accidents.changes.values()} == {
        "entry_corrected",
        "entry_withdrawn",
        "stay_corrected",
        "stay_withdrawn",
        "stay_corrected_after_cut_off",
    }
    assert {name for name in accidents.touched} <= {one.delivery_id for one in plan}
    assert len(plan) == len(demo) + 3


def test_a_dirt_plan_damages_as_many_deliveries_as_it_says_and_no_touched_one(quarter: list[Planned]) -> None:
    plan, accidents = with_accidents(quarter, today=TODAY)
    daily = tuple(name for name, contract in CONTRACTS.items() if contract.cadence.every == "day")
    kinds = ("latin_1", "nothing_sent", "wrong_month", "half_volume")
    dirt = DirtPlan(
        files=tuple(Kind(kind=kind, extracts=daily, count=20) for kind in kinds),
        rows=(Kind(kind="exact_duplicate", extracts=("acute_ecds",), count=25),),
    )
    rng = np.random.default_rng(1)
    damaged, plants = with_dirt(plan, dirt, today=TODAY, taken=accidents.touched, rng=rng)
    assert Counter(one["kind"] for one in plants.files) == dict.fromkeys(kinds, 20)
    names = {one["delivery_id"] for one in plants.files}
    assert len(names) == 80 and not names & accidents.touched
    assert len(damaged) == len(plan) - 20
    before = {one.delivery_id: one for one in plan}
    for one in damaged:
        if one.damage == "wrong_month":
            assert one.ask.known == before[one.delivery_id].ask.known - 35
            assert one.period_end == before[one.delivery_id].period_end
    assert sum(kinds["exact_duplicate"] for kinds in plants.rows.values()) == 25
    assert not set(plants.rows) & names


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("files: [{kind: melted, extracts: [gp_event], count: 1}]", "no kind melted"),
        ("rows: [{kind: latin_1, extracts: [gp_event], count: 1}]", "no kind latin_1"),
        ("files: [{kind: bom}]", "cannot be used"),
        ("files: [", "cannot be used"),
    ],
)
def test_a_dirt_plan_that_makes_no_sense_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "dirt.yml").write_text(text)
    with pytest.raises(UserError, match=told):
        read_dirt_plan(tmp_path / "dirt.yml")


def test_a_dirt_plan_that_wants_more_than_there_is_is_refused(demo: list[Planned]) -> None:
    dirt = DirtPlan(files=(Kind(kind="bom", extracts=("acute_apc",), count=50),))
    with pytest.raises(UserError, match="deliveries are left for it"):
        with_dirt(demo, dirt, today=TODAY, taken=frozenset(), rng=np.random.default_rng(1))


def test_every_contract_is_scheduled_by_its_own_cadence() -> None:
    """An extract whose cadence changes is sent otherwise: nothing is known of cadences but what contracts say."""
    contract: ExtractContract = CONTRACTS["acute_daily"]
    quiet = contract.model_copy(update={"cadence": contract.cadence.model_copy(update={"on": "working_day"})})
    frame = load_frame(600)
    plan = schedule(frame, blocks(frame), {"acute_daily": quiet}, today=TODAY, weeks=2)
    days = [day_of(one.received[0]).weekday() for one in plan if not one.is_first]
    assert set(days) == {0, 1, 2, 3, 4}
    monday = [one for one in plan if not one.is_first and day_of(one.received[0]) == date(2026, 11, 23)][0]
    assert monday.ask.known - (monday.ask.changed_after or 0) == 3
