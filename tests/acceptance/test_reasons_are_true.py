"""Every number and date in every sentence about a listed person, recomputed from the landed files by other code.

Once as published: the reasons, what speaks against and what the GP record may not show, as the register's CSV has them.
And once for everything that any topic would say of the people listed, whatever the model weighed.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import pytest
from faults import AS_OF
from landed_lives import Landed, read_landed, renamed_numbers
from life_facts import Life
from reason_claims import agrees, checked
from reason_claims import number as number_of
from told_outside import not_in_gp_record

from pipeline.contracts.policy import load_policy
from pipeline.ledger.runs import first_finished
from pipeline.rules.pseudonym import person_key
from pipeline.rules.reasons_concepts import only_shown
from pipeline.rules.reasons_context import AGAINST
from pipeline.rules.reasons_sentences import FOR_RISK
from pipeline.rules.times import day_in_words
from pipeline.steps.at_hand.context import Context
from pipeline.steps.publish.pack_reach import reach_of, records_to
from pipeline.store import layout, tables

pytestmark = pytest.mark.acceptance

INDEX_DATE = AS_OF + timedelta(days=1)
Row = Mapping[str, str]


@pytest.fixture(scope="module")
def listed(demo_home: Context) -> dict[str, Row]:
    """Rows of every register, by NHS number; without those whose number changed, who are linkage's to prove."""
    rows: dict[str, Row] = {}
    for path in demo_home.settings.home.glob("registers/*/*/*_r[0-9].csv"):
        with path.open(newline="", encoding="utf-8-sig") as handle:
            rows |= {row["nhs_number"]: row for row in csv.DictReader(handle)}
    changed = renamed_numbers(layout.landing(demo_home.settings.home))
    kept = {number: row for number, row in rows.items() if number not in changed}
    assert len(kept) > 0.9 * len(rows) > 50
    return kept


@pytest.fixture(scope="module")
def landed(demo_home: Context, listed: dict[str, Row]) -> Landed:
    found = read_landed(layout.landing(demo_home.settings.home), as_of=AS_OF, numbers=set(listed))
    found.people.update({number: dict(row) for number, row in listed.items()})
    return found


def published(row: Row) -> Iterator[str]:
    for column in ("reason_1", "reason_2", "reason_3", "reason_4", "reason_5", "against", "not_in_gp_record"):
        yield from (clause for clause in row[column].split("; ") if clause)


def test_what_was_published_is_what_was_landed(landed: Landed, listed: dict[str, Row]) -> None:
    counts, wrong = told_wrongly(landed, {number: list(published(row)) for number, row in listed.items()})
    assert wrong == []
    assert counts["number"] > 400 and counts["day"] > 150 and counts["words"] > 100, counts


def test_whatever_any_topic_would_say_is_what_was_landed(
    demo_home: Context, landed: Landed, listed: dict[str, Row]
) -> None:
    said = {
        number: [clause for sentence in everything(values) for clause in sentence.split("; ")]
        for number, values in values_of(demo_home, list(listed)).items()
    }
    counts, wrong = told_wrongly(landed, said)
    assert wrong == []
    assert counts["number"] > 1_500 and counts["day"] > 500 and counts["words"] > 300, counts


def test_the_check_can_fail(landed: Landed, listed: dict[str, Row]) -> None:
    """One more admission, a day later, another diagnosis: each is found; so is a claim that nobody recomputes."""
    number, sentence = next(
        (number, clause)
        for number, row in listed.items()
        for clause in published(row)
        if re.search(r"emergency admissions in 12 months, last admitted .* 2026 .*nights", clause)
    )
    for broken in (
        sentence.replace(sentence.split(" ")[0], "Seven" if not sentence.startswith("Seven") else "Eight"),
        sentence.replace(" 2026", " 2025"),
        sentence.replace(" nights", " days").replace(" days", " nights, a made-up illness"),
    ):
        assert broken != sentence
        assert told_wrongly(landed, {number: [broken]})[1]
    with pytest.raises(LookupError):
        told_wrongly(landed, {number: ["Likes the colour blue"]})


def test_the_plain_questions_can_fail(landed: Landed, listed: dict[str, Row]) -> None:
    """Of somebody who was seen lately, that nobody came; of a package of care, that it began at its review."""
    reach = max(day for (extract, _), day in landed.reach.items() if extract == "community_contact")
    earlier = reach - timedelta(days=120)
    seen = next(
        number
        for number in listed
        if any(
            when > earlier and row["SERVICE OR TEAM TYPE REFERRED TO (COMMUNITY CARE)"] == "12"
            for when, row in Life(landed, number, INDEX_DATE).community("attended")
        )
    )
    visit = "No visit by a district nurse or community matron known since"
    told = f"{visit} {day_in_words(earlier)} (records reach {day_in_words(reach)})"
    assert "somebody may have come since" in str(told_wrongly(landed, {seen: [told]})[1])
    reviewed = [
        (number, clause.replace("package changed", "from the council since"))
        for number, row in listed.items()
        for clause in published(row)
        if clause.casefold().startswith("home care package changed")
    ]
    assert reviewed and all(told_wrongly(landed, {number: [clause]})[1] for number, clause in reviewed)


def test_every_condition_that_is_counted_is_listed(listed: dict[str, Row]) -> None:
    """The sentence names four or five and counts the rest; the row lists them all."""
    compared = 0
    for row in listed.values():
        for clause in published(row):
            said = re.fullmatch(r"(.+?)(?: and (\w+) more conditions)? on the GP record", clause)
            if said and not re.search("frail|deficit|long-term", clause):
                names = re.split(r", | and ", said[1])
                more = number_of(said[2]) if said[2] else 0
                kept = [name for name in row["long_term_conditions"].split("; ") if name]
                assert len(names) + more == len(kept)
                assert {name.casefold() for name in names} <= {name.casefold() for name in kept}
                compared += 1
    assert compared > 30


def test_nobody_was_discharged_from_a_day_case(landed: Landed, listed: dict[str, Row]) -> None:
    compared = 0
    for number, row in listed.items():
        if row["discharged_on"]:
            clause = f"Discharged from hospital {day_in_words(date.fromisoformat(row['discharged_on']))}"
            assert told_wrongly(landed, {number: [clause]})[1] == []
            compared += 1
    assert compared > 20


def told_wrongly(landed: Landed, said: Mapping[str, list[str]]) -> tuple[Counter[str], list[tuple[object, ...]]]:
    """How many numbers, days and words were compared, and those that differ, without saying about whom."""
    counts: Counter[str] = Counter()
    wrong: list[tuple[object, ...]] = []
    for number, clauses in said.items():
        life = Life(landed, number, INDEX_DATE)
        for clause in clauses:
            try:
                claims = checked(life, clause)
            except AssertionError as error:
                wrong.append((clause, str(error).splitlines()[0]))
                continue
            for group, text, found in claims:
                kind = "day" if isinstance(found, date) else "number" if isinstance(found, int) else "words"
                counts[kind] += 1
                if not agrees(text, found):
                    wrong.append((clause, group, text, found))
    return counts, wrong


def values_of(context: Context, numbers: list[str]) -> dict[str, dict[str, object]]:
    """Features and facts of these people, as far as the practice may be told, by NHS number."""
    home = context.settings.home
    policy = load_policy(context.settings.policy_file)
    number_of = {person_key(one, key=context.keys.person, key_id=context.keys.person_id): one for one in numbers}
    known: dict[str, dict[str, object]] = {one: {} for one in numbers}
    for name in ("feature", "fact"):
        for row in tables.read(layout.table(home, name)).to_pylist():
            if row["person_key"] in number_of:
                known[number_of[row["person_key"]]].update(row)
    run = first_finished(context.ledger, as_of=AS_OF)
    assert run is not None
    reach = reach_of(context, run)
    for values in known.values():
        values.update(records_to(reach, values))
    sources, withheld = policy.usable_sources("show", INDEX_DATE), policy.not_shown(INDEX_DATE)
    return {one: only_shown(values, sources=sources, withheld=withheld) for one, values in known.items()}


def everything(values: Mapping[str, object]) -> Iterator[str]:
    told = [words(values, INDEX_DATE) for words in FOR_RISK.values()]
    # Ages are told from the day of birth, which the store does not hold; the published sentences prove them.
    told += [words(values) for topic, words in AGAINST.items() if topic != "demographics"]
    told += not_in_gp_record(values, index_date=INDEX_DATE)
    yield from (sentence for sentence in told if sentence)
