"""A quarter over twenty practices: registers, answers, nominations, deaths and moves go as the docs say, every week.

Thirteen weekly editions of each practice are held against what quarter_expect.py makes of the landed and the returned
files. What it came to in figures stands in docs/quarter.md, and is held against it here.
"""

import re
from collections import Counter
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal

import pytest
from quarter_expect import DECLINES, cut_off
from quarter_facts import Facts, figures
from quarter_region import NIGHTS, capacity_pct, practices
from quarter_run import run_quarter

from pipeline.contracts.settings import PROJECT
from pipeline.contracts.watching import load_watching

pytestmark = pytest.mark.acceptance
ANSWERS = ("status", "status_date", "lead_professional", "consent", "care_plan_date", "contact_date", "review_date",
           "mdt_date", "decline_reason", "answered_by")  # fmt: skip
NOTICEABLE = Decimal(5)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """The quarter, lived once."""
    return Facts(run_quarter(tmp_path_factory.mktemp("quarter")))


def test_every_register_is_what_scores_lists_and_answers_make_it(facts: Facts) -> None:
    assert len(facts.places) == len(NIGHTS) * len(practices()) == 260
    wrong = [
        (place.week, place.code, number)
        for place in facts.places
        for number in {*place.published, *place.expected}
        if number not in place.published
        or number not in place.expected
        or (place.published[number]["listing"], int(place.published[number]["rank"]))
        != (place.expected[number].listing, place.expected[number].rank)
    ]
    assert wrong == []
    assert {row["listing"] for place in facts.places for row in place.published.values()} == {
        "by_rank", "kept", "nominated", "declined",
    }  # fmt: skip


def test_every_register_has_exactly_its_length_whoever_is_counted_apart(facts: Facts) -> None:
    for place in facts.places:
        adults = len(facts.lists[place.week].adults[place.code])
        k = int((adults * Decimal(capacity_pct(place.code)) / 100).to_integral_value(ROUND_CEILING))
        assert sum(row["listing"] == "by_rank" for row in place.published.values()) == k
    apart = [sum(row["listing"] != "by_rank" for row in place.published.values()) for place in facts.places]
    assert min(apart) == 0 and max(apart) > 2


def test_everybody_scored_is_a_patient_who_may_be_used_and_nobody_is_missing(facts: Facts) -> None:
    for number, week in enumerate(facts.quarter.weeks):
        may = {one for people in facts.lists[number].may_be_listed.values() for one in people}
        assert may == set(week.scores)


def test_each_row_continues_the_last_edition(facts: Facts) -> None:
    once: dict[str, set[str]] = {code: set() for code in practices()}
    seen: Counter[str] = Counter()
    for place in facts.places:
        night = facts.quarter.weeks[place.week].night
        for number, row in place.published.items():
            last = place.before.get(number)
            seen[row["change"]] += 1
            if last is None:
                assert row["change"] == ("returned" if number in once[place.code] else "new")
                assert (row["risk_before_pct"], row["rank_before"]) == ("", "")
                assert (row["editions_on_register"], row["first_listed_on"]) == ("1", night.isoformat())
                continue
            assert (row["risk_before_pct"], row["rank_before"]) == (last["risk_pct"], last["rank"])
            assert row["editions_on_register"] == str(int(last["editions_on_register"]) + 1)
            assert row["first_listed_on"] == last["first_listed_on"]
            assert row["change"] == _change(Decimal(row["risk_pct"]) - Decimal(last["risk_pct"]), row["change"])
        # Of who opts out no entry is held: should they come back, they are new.
        once[place.code] = {*once[place.code], *place.published} - _opted_out(facts, place.week)
    assert {"new", "returned", "rising", "falling", "steady"} <= set(seen), seen


def _change(gained: Decimal, told: str) -> str:
    """As the page says, from five in a hundred on; at the limit rounding decides, so what is told holds."""
    if abs(abs(gained) - NOTICEABLE) <= Decimal("0.1"):
        return told
    return "rising" if gained >= NOTICEABLE else "falling" if gained <= -NOTICEABLE else "steady"


def _opted_out(facts: Facts, week: int) -> set[str]:
    return {number for number in facts.lists[week].numbers() if facts.lists[week].dissents(number)}


def test_who_left_is_named_with_the_reason_or_counted(facts: Facts) -> None:
    told: Counter[str] = Counter()
    for place in facts.places:
        lists, left = facts.lists[place.week], facts.quarter.weeks[place.week].left[place.code]
        gone = place.before.keys() - place.published.keys()
        named, others, opted_out = {}, 0, 0
        for number in gone:
            if lists.dissents(number):
                others, opted_out = others + 1, opted_out + 1
            elif lists.died(number):
                named[number] = "Died"
            elif lists.practice(number) != place.code:
                others += 1
            else:
                was_nominated = place.before[number]["listing"] == "nominated"
                named[number] = "Taken off the list" if was_nominated else "Risk fell"
        assert (dict(left.named), left.others, left.opted_out) == (named, others, opted_out), (place.week, place.code)
        told.update([*named.values(), *(["not named"] * others)])
    assert {"Died", "Risk fell", "Taken off the list", "not named"} <= set(told)


def test_answers_stand_on_every_later_edition_unedited_and_nowhere_else(facts: Facts) -> None:
    stood: Counter[str] = Counter()
    for place in facts.places:
        for number, row in place.published.items():
            said = place.stands.get(number)
            for name in ANSWERS:
                holds = "" if said is None or name in said.disputed else said.columns.get(name, "")
                assert row[name] == holds, (place.week, place.code, name)
                stood[name] += bool(holds)
            assert bool(row["answers_disagree"]) == bool(said and said.disputed)
    assert all(stood[name] > 10 for name in ANSWERS)


def test_two_copies_that_disagree_are_told_until_somebody_says_which_holds(facts: Facts) -> None:
    torn = [place for place in facts.places for row in place.published.values() if row["answers_disagree"]]
    assert {place.week for place in torn} == {1} and len({place.code for place in torn}) == 1
    settled = facts.register(2, torn[0].code)
    for number, row in torn[0].published.items():
        if row["answers_disagree"] and number in settled:
            assert row["status"] == "" and settled[number]["status"] == "accepted"


def test_who_was_declined_is_set_aside_until_the_day_and_comes_back_as_somebody_known(facts: Facts) -> None:
    back = 0
    for _code, _number, rows in facts.episodes():
        for week, (last, row) in enumerate(zip(rows, rows[1:], strict=False), start=1):
            if last is None or row is None or last["listing"] != "declined":
                continue
            day = facts.quarter.weeks[week].night + timedelta(days=1)
            if row["listing"] == "declined":
                until = row["review_date"] or (date.fromisoformat(row["status_date"]) + timedelta(182)).isoformat()
                assert day < date.fromisoformat(until)
            else:
                assert date.fromisoformat(row["review_date"]) <= day
                assert row["change"] in ("rising", "falling", "steady")
                back += 1
    assert back > 3


def test_who_was_nominated_stays_until_it_is_answered_or_they_go(facts: Facts) -> None:
    ended: Counter[str] = Counter()
    for sent in facts.quarter.sent:
        for number in sent.nominated:
            first = next(week for week, night in enumerate(NIGHTS) if cut_off(night) > sent.received_at)
            for week in range(first, len(NIGHTS)):
                row, lists = facts.register(week, sent.practice).get(number), facts.lists[week]
                said = facts.standing(sent.practice, week).get(number)
                if lists.dissents(number) or lists.practice(number) != sent.practice:
                    assert row is None
                    ended["gone"] += 1
                    break
                if said is not None and said.columns.get("status") in ("done", *DECLINES):
                    assert row is None or row["listing"] != "nominated"
                    ended["answered"] += 1
                    break
                assert row is not None
                assert (
                    row["nomination"].startswith("Nominated by Dr N on ") and "Two falls at home" in row["nomination"]
                )
                ended["weeks listed"] += 1
    assert ended["gone"] >= 2 and ended["answered"] >= 2 and ended["weeks listed"] > 30


def test_answers_do_not_follow_who_moves_and_stand_again_for_who_comes_back(facts: Facts) -> None:
    met = returned = 0
    for one in facts.quarter.happened:
        if one.what != "moves":
            continue
        back = [
            other.week
            for other in facts.quarter.happened
            if other.what == "moves_back" and other.nhs_number == one.nhs_number
        ]
        until = back[0] if back else len(NIGHTS)
        for week in range(one.week, until):
            assert one.nhs_number not in facts.register(week, one.practice)
            row = facts.register(week, str(one.to)).get(one.nhs_number)
            own = facts.standing(str(one.to), week).get(one.nhs_number)
            if row is not None:
                met += 1
                assert row["nomination"] == "" or own is not None
                assert row["status"] == (own.columns.get("status", "") if own else "")
        for week in range(until, len(NIGHTS)):
            assert one.nhs_number not in facts.register(week, str(one.to))
            returned += one.nhs_number in facts.register(week, one.practice)
    assert met > 5 and returned > 0


def test_who_opts_out_stands_on_no_register_from_then_on_and_begins_anew_when_they_take_it_back(facts: Facts) -> None:
    began = 0
    for one in facts.quarter.happened:
        if one.what != "opts_out":
            continue
        taken_back = [
            other.week
            for other in facts.quarter.happened
            if other.what == "withdraws" and other.nhs_number == one.nhs_number
        ]
        for week in range(one.week, taken_back[0] if taken_back else len(NIGHTS)):
            assert not any(one.nhs_number in facts.register(week, code) for code in practices())
        for week in taken_back:
            row = facts.register(week, one.practice).get(one.nhs_number)
            if row is not None:
                assert (row["change"], row["editions_on_register"], row["status"]) == ("new", "1", "")
                began += 1
    assert began == 1


def test_files_that_may_not_count_change_nothing_and_the_others_of_a_file_with_a_slip_do(facts: Facts) -> None:
    became = Counter(str(one.became.get("refused")) for one in facts.quarter.sent if "refused" in one.became)
    assert became == {"BACK-010": 1}
    assert sum(one.became.get("is_new") is False for one in facts.quarter.sent) == 1
    slips = [one for one in facts.quarter.sent if one.slips]
    assert [one.became["rejected"] for one in slips] == [["ROW-001"]]
    # Of people who had gone by the time their row was read; every other row counted.
    rest = [rule for one in facts.quarter.sent if not one.slips for rule in one.became.get("rejected", ())]
    assert set(rest) <= {"ROW-004", "ROW-005"}


def test_the_list_changes_less_than_one_cut_off_by_rank_and_within_the_declared_bounds(facts: Facts) -> None:
    watching = load_watching(PROJECT, "emergency_admission_12m")
    for week in range(1, len(NIGHTS)):
        one, other = facts.listed(week - 1), facts.listed(week)
        churn = facts.quarter.weeks[week].churn
        shared = len(one & other) / len(one | other)
        assert shared >= watching.churn.jaccard.notice
        assert churn is not None
        # Watching counts persons by rank alone, and of those who have opted out since knows nothing.
        before, now = (
            {row["nhs_number"] for rows in facts.quarter.weeks[at].registers.values() for row in rows
             if row["listing"] == "by_rank"}
            for at in (week - 1, week)
        )  # fmt: skip
        before -= {number for number in before if facts.lists[week].dissents(number)}
        assert churn["registers_jaccard"] == pytest.approx(len(before & now) / len(before | now), abs=1e-4)
    found = figures(facts)
    assert found["left and were listed again"] < found["the same of lists cut off by rank alone"]


def test_the_page_says_what_it_came_to(facts: Facts) -> None:
    """Within a tenth or three: what is trained anew moves a person or two, what is broken moves more."""
    text = (PROJECT / "docs" / "quarter.md").read_text(encoding="utf-8")
    told = {
        name.strip(): float(value) for name, value in re.findall(r"^\| ([^|]+) \| ([0-9.]+) \|$", text, re.MULTILINE)
    }
    found = {name: round(value, 1) for name, value in figures(facts).items()}
    table = "\n".join(f"| {name} | {value:g} |" for name, value in found.items())
    assert told.keys() == found.keys(), f"docs/quarter.md should hold\n{table}"
    off = {name: (told[name], value) for name, value in found.items() if abs(told[name] - value) > max(3, 0.1 * value)}
    assert off == {}, f"docs/quarter.md is behind; it should hold\n{table}"
