"""What the page says of each person, of those counted apart and of what is due."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from invented_packs import practice_pack, whole_pack
from page_reader import PACKS, read, row_of, with_first

from pipeline.channels.page import practice_page
from pipeline.channels.page_answers import is_plan_overdue, is_without_contact
from pipeline.contracts.register import Activity


@pytest.mark.parametrize(
    ("admissions", "last", "says"),
    [
        (0, date(2025, 7, 25), "In 12 months: no emergency admissions (the last was earlier, on 25 July 2025), "),
        (0, None, "In 12 months: no emergency admissions, "),
        (1, date(2026, 3, 4), "In 12 months: 1 emergency admission (last one 4 March 2026), "),
        (None, None, "In 12 months: emergency admissions not known, "),
    ],
)
def test_nought_admissions_and_an_older_date_do_not_contradict_each_other(admissions, last, says: str) -> None:
    one = practice_pack(1, kept=0)
    row = row_of(with_first(one, emergency_admissions_12m=admissions, emergency_admission_last_date=last))
    assert says in row


def test_living_in_a_care_home_is_a_badge_and_without_home_care() -> None:
    one = with_first(
        practice_pack(1, kept=0), lives_in="care_home", has_home_care=True, not_in_gp_record=(), activity=Activity()
    )
    row = row_of(one)
    assert row.count("Care home") == 1 and not re.search("home care|Lives in a care home", row)
    assert "Care home" not in row_of(with_first(one, lives_in="home"))


def test_the_need_group_is_told_with_the_help_needed_and_where_somebody_has_come_from() -> None:
    one = with_first(
        practice_pack(1, kept=0),
        segment_title="Frailty or dementia",
        need_tier_title="Needs more help",
        segment_before_title=None,
    )
    assert "Frailty or dementia; needs more help Key" in row_of(one)
    moved = with_first(one, segment_before_title="Long-term condition")
    assert "Frailty or dementia; needs more help (was: long-term condition) Key" in row_of(moved)


def test_a_fact_that_is_a_reason_already_is_marked_there_and_not_repeated() -> None:
    pack = with_first(
        practice_pack(1, kept=0),
        reasons=("COPD on the GP record", "Housebound; two requests to adult social care in 12 months"),
        not_in_gp_record=("Two requests to adult social care in 12 months", "Home care from the council"),
    )
    row = row_of(pack)
    assert row.lower().count("two requests to adult social care") == 1 and "Home care from the council" in row
    assert "in 12 months from outside your record" in row and "GP record from" not in row
    row = row_of(with_first(pack, not_in_gp_record=("Two requests to adult social care in 12 months",)))
    assert row.count("from outside your record") == 1 and "Nothing from other services" in row


def test_five_facts_from_outside_are_shown_and_the_rest_is_counted() -> None:
    facts = tuple(f"Fact number {place}" for place in range(7))
    row = row_of(with_first(practice_pack(1, kept=0), not_in_gp_record=facts, reasons=()))
    assert "Fact number 4" in row and "Fact number 5" not in row and "2 more in the spreadsheet" in row
    assert "in the spreadsheet" not in row_of(with_first(practice_pack(1, kept=0), not_in_gp_record=facts[:5]))


def test_the_filter_finds_what_is_new_and_what_is_pressing_and_nothing_else() -> None:
    one = with_first(practice_pack(1, kept=0), not_in_gp_record=("Home care from the council",), news=())
    tags = re.search(r'<tr id="p1" [^>]*data-tags="([^"]*)"', practice_page(one).decode("utf-8"))
    assert tags and not {"beyond", "news"} & set(tags[1].split())
    text = practice_page(with_first(one, is_pressing=True, news=("A&E attendance 20 November 2026",))).decode("utf-8")
    tags = re.search(r'<tr id="p1" [^>]*data-tags="([^"]*)"', text)
    assert tags and {"beyond", "news"} <= set(tags[1].split())


def test_what_is_new_is_told_among_the_changes_and_with_the_person() -> None:
    news = ("Emergency admission 18 November 2026", "Referred to community services 28 October 2026, told to us since")
    pack = with_first(practice_pack(1, kept=0), change="rising", news=news)
    assert read(pack).text.count(f"Since last time: {'; '.join(news)}") == 2
    assert f"Since last time: {'; '.join(news)}" in row_of(pack)


def test_of_whose_risk_rose_without_news_it_is_said_what_weighs_more_and_the_filter_does_not_call_it_new() -> None:
    pack = with_first(practice_pack(1, kept=0), change="rising", news=(), weighs_more="Two falls recorded in 12 months")
    says = "Since last time: No new event known; weighs more than last time: Two falls recorded in 12 months"
    assert says in row_of(pack)
    assert not re.search(r'<tr id="p1" [^>]*data-tags="[^"]*news', practice_page(pack).decode("utf-8"))


def test_whom_to_phone_comes_first_the_longest_ago_first_with_links_to_their_rows() -> None:
    pack = practice_pack(40)
    waiting = [person for person in pack.people if is_without_contact(pack, person)]
    first = practice_page(pack).decode("utf-8").split('<ol class="todo"><li>', 1)[1].split("</li>", 1)[0]
    assert f"Phone these {len(waiting)}" in first
    links = [int(rank) for rank in re.findall(r'href="#p(\d+)"', first)]
    days = {person.rank: person.discharged_on for person in waiting}
    assert sorted(links) == sorted(days) and links == sorted(links, key=lambda rank: (days[rank], rank))
    nobody = replace(pack, people=tuple(replace(person, discharged_on=None) for person in pack.people))
    assert "Phone th" not in read(nobody).text


def test_who_is_in_hospital_is_told_beside_the_name() -> None:
    pack = with_first(
        practice_pack(1, kept=0), in_hospital_since=date(2026, 11, 12), discharged_on=None, change="rising"
    )
    assert "999 000 0018 In hospital since 12 November 2026" in row_of(pack).replace("\u00a0", " ")
    assert read(pack).text.count("In hospital since 12 November 2026") == 3  # among the rising and to follow up as well
    assert "In hospital since" not in read(with_first(pack, in_hospital_since=None)).text


def test_predictions_are_expected_and_only_tested_evidence_had() -> None:
    text = read(practice_pack(5)).text
    assert "of 100 people like this, about 62 are expected to have an emergency admission" in text
    before, evidence = text.split("What happened to people like these", 1)
    assert before.count("had an emergency admission") == before.count("of those listed had an emergency admission") == 1
    assert "Highest People tested 11" in evidence and "too few to say" in evidence.split("Extremely high")[0]
    assert re.search(r"Low People tested 21,430 Of 100, had an emergency admission 2\b", evidence)
    assert "What happened to people like these" not in read(replace(practice_pack(2), observed_like_these=None)).text


def test_what_happened_to_people_like_these_is_the_pcns_own_where_enough_were_tested() -> None:
    pack = practice_pack(1, kept=0)
    risk = {"very high": "0.6", "high": "0.4", "highest": "0.95"}
    rows = {name: row_of(with_first(pack, risk_score=Decimal(value))) for name, value in risk.items()}
    assert "In Canal Side PCN, 61 in 100 such people were admitted (44 tested)" in rows["very high"]
    assert "In the whole region, 37 in 100 such people were admitted (410 tested)" in rows["high"]
    assert "such people" not in rows["highest"]
    assert "such people" not in row_of(replace(pack, observed_like_these=None, observed_in_pcn=()))


def test_the_length_and_what_it_finds_and_misses_are_said() -> None:
    page = read(whole_pack(40))
    assert "Exactly 40 people by rank" in page.text
    assert (
        "Counted apart: 3 kept from earlier editions, 1 nominated by you, 1 set aside by your answer, 1 under 18."
        in (page.text)
    )
    says = "70 in 100 of those listed had an emergency admission within 12 months, 30 did not. They were 15 in 100"
    assert says in page.text and "85 in 100 of the people admitted were on no list" in page.text
    assert "on no list" not in read(replace(whole_pack(40), cut=None)).text


def test_those_counted_apart_stand_under_their_own_headings() -> None:
    text = practice_page(whole_pack(40)).decode("utf-8")
    apart = text.split("Nominated by your practice", 1)[1]
    nominated, rest = apart.split("Set aside by your answer</h3>", 1)
    declined, children = rest.split("Children and young people", 1)
    assert "Nominated by Dr Shah on 18 November 2026: wife died in October" in nominated
    assert "already well supported" in declined and "ooked at again on" in declined
    assert '<tr id="c3"' in children and "ranked among the 812 children" in children


def test_what_is_due_is_a_view_of_its_own() -> None:
    pack = practice_pack(40)
    chase = read(pack).text.split("To follow up", 2)[2].split("Changes since")[0]
    contact, rest = chase.split("Care plan overdue", 1)
    plan, inside = rest.split("In hospital", 1)
    for person in pack.people:
        number = person.nhs_number
        spaced = f"{number[:3]} {number[3:6]} {number[6:]}"
        assert (spaced in contact) == is_without_contact(pack, person)
        assert (spaced in plan) == is_plan_overdue(pack, person)
        assert (spaced in inside) == (person.in_hospital_since is not None)
    assert "Care plan of 1 October 2025, review due 1 November 2026" in plan


def test_answers_and_what_files_disagree_about_stand_with_the_person() -> None:
    row = row_of(practice_pack(40), rank=8)
    assert "Already in hand since 1 September 2026; led by District nurse, west team; consent given" in row
    assert "In hand" in row and "note Daughter visits daily" in row
    disputed = row_of(practice_pack(40), rank=11)
    assert "Your files disagree about status: accepted (received 16 November 2026)" in disputed
    assert "In hand" not in disputed


def test_missing_words_are_said_to_be_not_known_and_a_no_is_not_said() -> None:
    row = row_of(PACKS["all fields unknown"])
    assert "Not known: palliative care, carer, interpreter, frailty, home or care home." in row
    assert "last contact with you not known" in row and "Hospital stays not known" in row
    one = with_first(practice_pack(1, kept=0), is_palliative=False, is_carer=False, needs_interpreter=False)
    assert "Not known" not in row_of(one) and not re.search(r"Palliative|carer|interpreter", row_of(one))


def test_every_strip_has_a_name_and_words() -> None:
    page = read(practice_pack(12))
    strips = [attrs for tag, attrs in page.tags if tag == "svg" and attrs.get("role") == "img"]
    ids = set(page.attributes("id"))
    assert len(strips) == 15
    assert all(set(attrs["aria-labelledby"].split()) <= ids for attrs in strips)
