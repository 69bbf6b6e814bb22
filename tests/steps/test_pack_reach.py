"""How far records reach: of a person's own senders, the one that has told least; nothing where one is not known."""

from datetime import date

from pipeline.steps.publish.pack_reach import records_to

OCTOBER, SEPTEMBER, JUNE = date(2026, 10, 31), date(2026, 9, 30), date(2026, 6, 30)
REACH = {
    ("community_contact", "RAA"): OCTOBER,
    ("community_contact", "RBB"): SEPTEMBER,
    ("social_care_event", "E09000001"): JUNE,
}


def test_of_several_senders_the_one_that_has_told_least() -> None:
    assert records_to(REACH, {"community_senders": "RAA"}) == {"community_records_date": OCTOBER}
    assert records_to(REACH, {"community_senders": "RAA RBB"}) == {"community_records_date": SEPTEMBER}
    told = records_to(REACH, {"care_councils": None, "reablement_councils": "E09000001"})
    assert told == {"care_records_date": JUNE}


def test_nothing_is_told_of_a_sender_that_is_not_known() -> None:
    assert records_to(REACH, {}) == {}
    assert records_to(REACH, {"community_senders": "RAA RCC"}) == {}
