"""The practice's page: what it says, that hostile text stays text, that nothing outside is asked for."""

import base64
import hashlib
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from invented_packs import empty_pack, practice_pack
from page_reader import PACKS, Reader, read, with_first

from pipeline.channels.page import practice_page
from pipeline.channels.page_answers import is_without_contact
from pipeline.channels.page_text import in_100

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", PACKS)
def test_the_page_is_well_formed_and_says_no_none(name: str) -> None:
    page = read(PACKS[name])
    assert not re.search(r"\b(None|nan|NaN|Undefined|True|False)\b", page.text)
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    targets = [href[1:] for href in page.attributes("href")]
    assert set(targets) <= set(ids)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
    labelled = {attrs["for"] for tag, attrs in page.tags if tag == "label"}
    assert {attrs["id"] for tag, attrs in page.tags if tag in ("input", "select")} == labelled
    tables = [tag for tag, _ in page.tags if tag in ("table", "caption")]
    assert tables == ["table", "caption"] * (len(tables) // 2)
    assert all(attrs.get("scope") in ("col", "row") for tag, attrs in page.tags if tag == "th")


@pytest.mark.parametrize("name", PACKS)
def test_nothing_is_asked_for_from_outside(name: str) -> None:
    text = practice_page(PACKS[name]).decode("utf-8")
    page = Reader(text)
    assert "http" not in text.replace("http-equiv", "") and "//" not in text.replace("  // ", "")
    assert "url(" not in text and "@import" not in text
    assert not {"link", "img", "iframe", "object", "embed", "form", "base"} & {tag for tag, _ in page.tags}
    assert not {"src", "style", "action", "srcset"} & {key for _, attrs in page.tags for key in attrs}
    assert not [key for _, attrs in page.tags for key in attrs if key.startswith("on")]
    assert all(href.startswith("#") for href in page.attributes("href"))


def test_the_policy_names_the_digests_of_the_one_style_and_the_one_script() -> None:
    page = read(practice_pack(3))
    policy = next(attrs["content"] for _, attrs in page.tags if attrs.get("http-equiv"))
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    for tag in ("style", "script"):
        assert sum(name == tag for name, _ in page.tags) == 1
        digest = base64.b64encode(hashlib.sha256(page.held[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style></script><h1>owned",
    "{{ 7 * 7 }}{% raw %}",
    "<!--",
    "javascript:alert(1)",
    "&lt;b&gt;",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_wherever_it_stands(text: str) -> None:
    harmless, pack = read(practice_pack(4)), practice_pack(4)
    pack = with_first(
        pack,
        family_name=text,
        given_name=text,
        segment=text,
        segment_title=text,
        segment_before_title=text,
        need_tier_title=text,
        against=text,
        reasons=(text,) * len(pack.people[0].reasons),
        long_term_conditions=(text,),
        data_gaps=pack.people[0].data_gaps and (text,),
    )
    pack = replace(
        pack,
        practice_name=text,
        pcn_name=text,
        model_id=text,
        model_says=text,
        policy_name=text,
        run_key=text,
        notices=(text,) * len(pack.notices),
        sources=tuple(replace(source, title=text, says=text) for source in pack.sources),
        left=tuple(replace(person, name=text) for person in pack.left),
    )
    page = read(pack)
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in harmless.tags]
    assert page.held == harmless.held
    assert page.text.count(text) >= 10


def test_characters_that_control_or_reorder_do_not_reach_the_page() -> None:
    text = practice_page(with_first(practice_pack(1, kept=0), given_name="A\u202eB\x00C\x1b[1mD")).decode("utf-8")
    assert "OKAFOR, AB C [1mD" in text
    assert not {"\u202e", "\x00", "\x1b"} & set(text)


def test_the_same_pack_makes_the_same_bytes_whatever_its_order() -> None:
    pack = practice_pack(30)
    assert practice_page(pack) == practice_page(replace(pack, people=pack.people[::-1], left=pack.left[::-1]))


def test_a_hundred_people_fit_in_four_hundred_kilobytes() -> None:
    assert len(practice_page(practice_pack(100, kept=0))) < 400_000


def test_the_order_is_follow_up_then_changes_then_list_then_how_far_to_trust_it() -> None:
    ids = read(practice_pack(40)).attributes("id")
    places = [ids.index(name) for name in ("todo", "chase", "changes", "list", "p1", "sources", "reading", "misses")]
    assert places == sorted(places)


def test_one_person_is_as_reviewed() -> None:
    text = practice_page(practice_pack(40)).decode("utf-8")
    row = re.search(r'<tr id="p5".*?</tr>\n', text, re.DOTALL)
    assert row and row[0] == (GOLDEN / "person.html").read_text(encoding="utf-8")


def test_everyone_is_on_the_page_once_in_the_list_and_kept_people_apart() -> None:
    pack = practice_pack(200, kept=12)
    page = read(pack)
    assert [name for name in page.attributes("id") if re.fullmatch(r"p\d+", name)] == [
        f"p{person.rank}" for person in pack.people
    ]
    assert "By rank: 200 people" in page.text and "Kept: 12 people" in page.text
    assert "Exactly 200 people by rank" in page.text and "Counted apart: 12 kept from earlier editions." in page.text


def test_changes_name_the_new_the_rising_and_who_left_and_why() -> None:
    pack = practice_pack(40)
    changes = read(pack).text.split("Changes since 15 November 2026", 1)[1].split("The ranked list", 1)[0]
    for person in pack.people:
        number = person.nhs_number
        spaced = f"{number[:3]} {number[3:6]} {number[6:]}"
        is_home = person.discharged_on is not None and person.discharged_on > pack.previous_as_of
        # Whoever has had no contact since is to be followed up, and is not told twice.
        is_home = is_home and not is_without_contact(pack, person)
        assert (spaced in changes) == (person.change in ("new", "returned", "rising") or is_home)
    assert "HOLLOWAY, Bertram" in changes and "Died" in changes and "No longer registered here" in changes
    assert "1 further person left and may not be named here: 1 opted out" in changes
    several = read(replace(pack, left_count_other=3)).text
    assert "3 further people left and may not be named here: 1 opted out" in several
    assert "2 no longer yours, or confidential." in several


def test_a_first_edition_says_so_and_lists_nobody_as_a_change() -> None:
    page = read(replace(practice_pack(5, kept=0), previous_as_of=None, edition_number=1, left=(), left_count_other=0))
    assert "This is your first edition, so everyone is new" in page.text
    assert "Changes since" not in page.text and "There is no earlier edition to compare with" in page.text
    page = practice_page(replace(practice_pack(5, kept=0), previous_as_of=None)).decode()
    changes = page.split('id="changes"', 1)[1].split('id="list"', 1)[0]
    assert 'href="#p1"' not in changes


def test_nobody_listed_is_said() -> None:
    page = read(empty_pack())
    assert "Nobody is listed in this edition" in page.text
    assert "filter-text" not in page.attributes("id")


def test_unused_sources_notices_and_corrections_are_said_at_the_top_and_in_full() -> None:
    text = read(replace(practice_pack(3), revision=2, supersedes="revision 1 of 22 November 2026 (wrong PCN)")).text
    top, rest = text.split("What to do", 1)
    assert "1 source is not used in this edition (Community services); 2 notices" in top
    assert "It replaces revision 1 of 22 November 2026 (wrong PCN)" in top and "revision 2" in top
    assert "No lawful basis is in force" in rest and "delivery of 21 November was refused" in rest


def test_a_fictitious_policy_is_said_loudly_and_only_then() -> None:
    assert read(practice_pack(2)).text.count("FICTITIOUS") == 2
    assert "FICTITIOUS" not in read(replace(practice_pack(2), is_fictitious=False)).text


def test_the_limits_are_always_said() -> None:
    for pack in PACKS.values():
        text = read(pack).text
        assert "Not on this list does not mean safe" in text
        assert "Nobody has reviewed it clinically" in text
        assert text.count("OFFICIAL-SENSITIVE: contains patient information") == 2


@pytest.mark.parametrize(
    ("risk", "words"),
    [
        ("0", "fewer than 1 in 100"),
        ("0.004999", "fewer than 1 in 100"),
        ("0.005", "about 1 in 100"),
        ("0.624", "about 62 in 100"),
        ("0.625", "about 63 in 100"),
        ("0.994", "about 99 in 100"),
        ("1", "more than 99 in 100"),
    ],
)
def test_a_risk_in_words_is_never_nought_or_certain(risk: str, words: str) -> None:
    assert in_100(Decimal(risk)) == words
