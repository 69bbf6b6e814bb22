"""Every row and every person is accounted for, what was planted is found, and registers hold whom they should.

Read from the ledger and the published files of the finished home, and compared with the truth of the region.
"""

import csv
import json
from pathlib import Path

import pytest
from finished_home import FIRST, SECOND, Demo, Truth, practice_on
from homes import packs

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.policy import load_policy
from pipeline.contracts.settings import PROJECT
from pipeline.ledger import registers, runs, steps
from pipeline.ledger.connect import Ledger, open_ledger
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.rules.times import index_date
from pipeline.store import layout, tables

# Where each planted kind ends up. An impossible reading is let through and counted: the rest of the row is good.
SET_APART = ("future_date", "birth_after_event", "unknown_code")
NOBODY = ("invalid_check_digit", "missing_nhs_number")
# Reference files speak of organisations and numbers: nothing is planted in them.
NOBODY_IN = ("reference_", "nhs_number_")
NIGHTS = (FIRST, SECOND)


@pytest.fixture(scope="module")
def ledger(home: Demo) -> Ledger:
    return open_ledger(home.settings.ledger_url)


@pytest.fixture(scope="module")
def deliveries(ledger: Ledger) -> dict[str, Delivery]:
    return {delivery.delivery_id: delivery for delivery in list_deliveries(ledger)}


def test_rows_in_are_kept_duplicate_superseded_quarantined_or_refused(deliveries: dict[str, Delivery]) -> None:
    assert len(deliveries) > 100
    for one in deliveries.values():
        terms = (one.rows_kept, one.rows_duplicate, one.rows_superseded, one.rows_quarantined, one.rows_refused)
        assert one.rows_in == sum(terms), one.delivery_id
        assert min(terms) >= 0, one.delivery_id


def has_people(delivery: Delivery) -> bool:
    return load_extracts(PROJECT)[delivery.extract].person is not None


def somebodys(path: Path) -> list[str]:
    """The delivery of each row, but for bare versions of nobody that only hide what they replace."""
    has_person = path.parent.name == "linked"
    rows = tables.read(path, columns=["delivery_id", *(["person_key"] if has_person else [])])
    return (rows.filter(rows["person_key"].is_valid()) if has_person else rows)["delivery_id"].to_pylist()


def test_the_ledgers_rows_are_those_that_lie_in_the_store(home: Demo, deliveries: dict[str, Delivery]) -> None:
    """The counts are not only consistent: clean, set apart, linked and unlinked rows are really there."""
    zones = {
        layout.clean: lambda one: one.rows_valid,
        layout.quarantine: lambda one: one.rows_broken,
        layout.unlinked: lambda one: one.rows_unlinked,
        layout.linked: lambda one: one.rows_valid - one.rows_unlinked - one.rows_opted_out if has_people(one) else 0,
    }
    second_week = {name for name, one in deliveries.items() if one.received_at.date() > FIRST}
    for zone, expected in zones.items():
        for extract in {one.extract for one in deliveries.values()}:
            path = zone(home.home, extract)
            rows = somebodys(path) if tables.exists(path) else []
            ours = {name: one for name, one in deliveries.items() if one.extract == extract}
            for name, one in ours.items():
                there, counted = rows.count(name), expected(one)
                assert there == counted if name in second_week else there <= counted, (zone.__name__, name)
            assert set(rows) <= set(ours)


def test_every_planted_row_is_found_and_no_other(truth: Truth, deliveries: dict[str, Delivery]) -> None:
    for name, one in deliveries.items():
        planted = truth.history.get(name, {})
        if one.kind == "bulk" and one.rows_in and not one.extract.startswith(NOBODY_IN):
            assert planted, name
        if planted:
            assert one.rows_duplicate == planted["exact_duplicate"], name
            assert one.rows_broken == sum(planted.get(kind, 0) for kind in SET_APART), name
            assert one.rows_unlinked == sum(planted.get(kind, 0) for kind in NOBODY), name
        elif one.state == "accepted":
            assert (one.rows_broken, one.rows_unlinked) == (0, 0), name
    seen = {kind for planted in truth.history.values() for kind in planted}
    assert seen >= {*SET_APART, *NOBODY, "exact_duplicate", "impossible_pressure", "impossible_body_mass"}


def test_impossible_readings_are_counted_and_the_supplier_told(home: Demo, truth: Truth) -> None:
    """Under the rule about them, by their row numbers; rows that merely lack something may stand beside them."""
    seen: set[str] = set()
    for name, kinds in truth.rows.items():
        for kind, numbers in kinds.items():
            if not kind.startswith("impossible"):
                continue
            report = json.loads((layout.delivery_report(home.home, name) / "report.json").read_bytes())
            rule = truth.expected[report["extract"]][kind]["rule"]
            (told,) = [one for one in report["rules"] if one["rule"] == rule]
            assert told["level"] == "count" and told["rows_broken"] >= len(numbers)
            assert set(numbers) <= set(told["row_numbers"]), (name, kind)
            seen.add(kind)
    assert seen == {"impossible_pressure", "impossible_body_mass", "impossible_unit"}


def test_a_cut_file_is_refused_and_the_whole_one_used(truth: Truth, deliveries: dict[str, Delivery]) -> None:
    cut = truth.planted("delivery_cut")
    refused, whole = deliveries[cut["delivery_id"]], deliveries[cut["whole_in"]]
    assert (refused.state, refused.rows_refused) == ("refused", refused.rows_in)
    assert refused.reason_code == "FILE-012"
    assert (whole.state, whole.rows_kept) == ("accepted", whole.rows_in)
    assert [one.delivery_id for one in deliveries.values() if one.state == "refused"] == [refused.delivery_id]


def test_nothing_of_a_refused_file_is_in_the_store(home: Demo, truth: Truth) -> None:
    name = truth.planted("delivery_cut")["delivery_id"]
    for zone in (layout.clean, layout.quarantine, layout.linked, layout.unlinked):
        assert tables.files(zone(home.home, "gp_event"), column="delivery_id", values=[name]) == []


def test_a_file_sent_twice_counts_once(truth: Truth, deliveries: dict[str, Delivery], ledger: Ledger) -> None:
    twice = truth.planted("delivery_twice")
    first, again = deliveries[twice["first_in"]], deliveries[twice["delivery_id"]]
    assert (first.state, again.state) == ("accepted", "duplicate")
    assert again.rows_duplicate == again.rows_in == first.rows_in > 0
    (second_night,) = [run for run in runs.list_runs(ledger, as_of=SECOND) if run.kind == "nightly"]
    assert again.delivery_id not in runs.run_deliveries(ledger, second_night.run_key)


@pytest.mark.parametrize("night", [0, 1], ids=["first night", "second night"])
def test_people_scored_opted_out_and_not_registered_are_everyone(
    home: Demo, truth: Truth, ledger: Ledger, night: int
) -> None:
    record = steps.find_step(ledger, scope=home.nights[night].run.run_key, step="features")
    assert record is not None
    counts = record.counts
    terms = ("people_scored", "people_opted_out", "people_not_registered")
    assert counts["people"] == sum(counts[name] for name in terms)
    assert counts["people_opted_out"] == len(truth.dissenting(on=NIGHTS[night])) > 0
    assert counts["people_scored"] == len(_scorable(truth, home, night)) > 1_000


def _scorable(truth: Truth, home: Demo, night: int) -> set[str]:
    """Person keys of whom the truth says that they are on a participating list, do not dissent and are not hidden."""
    day = NIGHTS[night]
    practices = {entry.practice_code for entry in load_policy(home.settings.policy_file).practices}
    away = {person["nhs_number"] for person in truth.dissenting(on=day)}
    return {
        home.person_key(person["nhs_number"])
        for person in truth.people
        if practice_on(person, day) in practices and person["nhs_number"] not in away and not person["is_confidential"]
    }


@pytest.mark.parametrize("night", [0, 1], ids=["first night", "second night"])
def test_exactly_those_are_scored_whom_the_truth_names(home: Demo, truth: Truth, night: int) -> None:
    path = layout.table(home.home, "score")
    rows = tables.read(path, column="run_key", values=[home.nights[night].run.run_key], columns=["person_key"])
    scored = rows["person_key"].to_pylist()
    assert len(scored) == len(set(scored))
    # Who dissented later was erased from the first night as well.
    later = {home.person_key(truth.planted("type_1_dissent")["nhs_number"])}
    assert set(scored) == _scorable(truth, home, night) - later


def register_rows(pack: Path) -> list[dict[str, str]]:
    """The rows of a pack's CSV."""
    (path,) = pack.glob("RISK[RL]*_r[0-9].csv")
    return csv_rows(path)


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize("night", NIGHTS, ids=str)
def test_each_practice_gets_exactly_k_by_rank(home: Demo, truth: Truth, night: object) -> None:
    day = index_date(night)
    for code, pack in packs(home.home, night).items():
        rows = register_rows(pack)
        by_rank = [row for row in rows if row["listing"] == "by_rank"]
        manifest = json.loads((pack / "manifest.json").read_bytes())
        adults = manifest["counts"]["scored_adults"]
        assert len(by_rank) == -(-2 * adults // 100) > 0, code
        assert [int(row["rank"]) for row in by_rank] == list(range(1, len(by_rank) + 1)), code
        risks = [float(row["risk_pct"]) for row in rows]
        assert risks == sorted(risks, reverse=True), code
        assert len({row["nhs_number"] for row in rows}) == len(rows), code
        # Age is known to the month, so a birthday in the month of the index date has been had.
        grown_up = [p for p in truth.registered(code, on=night) if _months_old(p["birth_date"], day) >= 18 * 12]
        away = {p["nhs_number"] for p in truth.dissenting(on=night)}
        assert adults == sum(p["nhs_number"] not in away and not p["is_confidential"] for p in grown_up), code


def _months_old(born: object, day: object) -> int:
    return (day.year - born.year) * 12 + day.month - born.month


@pytest.mark.parametrize("night", NIGHTS, ids=str)
def test_a_register_names_only_living_patients_of_its_practice(home: Demo, truth: Truth, night: object) -> None:
    people = {person["nhs_number"]: person for person in truth.people}
    found = packs(home.home, night)
    assert set(found) == {entry.practice_code for entry in load_policy(home.settings.policy_file).practices}
    for code, pack in found.items():
        for row in register_rows(pack):
            person = people[row["nhs_number"]]
            assert practice_on(person, night) == code == row["practice_code"]
            assert (row["family_name"], row["given_name"]) == (person["family_name"], person["given_name"])
            assert row["birth_date"] == person["birth_date"].isoformat()


def test_a_practice_without_an_agreement_gets_nothing(home: Demo, truth: Truth, ledger: Ledger) -> None:
    agreed = {entry.practice_code for entry in load_policy(home.settings.policy_file).practices}
    others = {p["practice_code"] for p in truth.people if not p["is_elsewhere"]} - agreed
    assert others == {"F85065"}
    assert not any("F85065" in path.as_posix() for path in (home.home / "registers").rglob("*"))
    assert all(b"F85065" not in path.read_bytes() for path in (home.home / "localities").rglob("*.*"))
    assert registers.list_editions(ledger, code="F85065") == []


def test_locality_rows_are_pseudonymous_and_only_the_practice_can_resolve_them(home: Demo) -> None:
    keys = {
        row["practice_key"]: row["practice_code"]
        for pack in packs(home.home, SECOND).values()
        for row in register_rows(pack)
    }
    found = packs(home.home, SECOND, folder="localities")
    assert not list(found.pop("QMJ").glob("RISKLOC*"))
    for code, pack in found.items():
        rows = register_rows(pack)
        assert rows, code
        assert set(rows[0]) == {"practice_code", "rank", "rank_in_practice", "risk_band", "segment", "practice_key"}
        assert [int(row["rank"]) for row in rows] == list(range(1, len(rows) + 1))
        assert all(keys[row["practice_key"]] == row["practice_code"] for row in rows)
        # A meeting is one network's: a borough has none.
        assert len(list(pack.glob("RISKMDT*"))) == (2 if code.startswith("U") else 0)


def test_a_practice_finds_everyone_of_the_meetings_list_by_filtering_its_register(home: Demo) -> None:
    """The register of the practice that the row names, and that one alone, has one row under the key."""
    practices = packs(home.home, SECOND)
    for code in ("U02795", "U20036"):
        [path] = (home.home / "localities" / SECOND.isoformat() / code).glob("RISKMDT_*.csv")
        rows = csv_rows(path)
        assert rows
        assert set(rows[0]) == {"practice_code", "practice_key", "rank_in_practice", "risk_band", "segment", "why"}
        for row in rows:
            found = {
                practice: [one for one in register_rows(pack) if one["practice_key"] == row["practice_key"]]
                for practice, pack in practices.items()
            }
            [person] = found.pop(row["practice_code"])
            assert (person["rank"], person["risk_band"]) == (row["rank_in_practice"], row["risk_band"])
            assert not any(found.values())
            assert row["practice_key"] in path.with_suffix(".html").read_text(encoding="utf-8")
        assert any("New on the list" in row["why"] or "clearly higher" in row["why"] for row in rows)


def test_both_localities_of_each_practice_are_there(home: Demo) -> None:
    assert set(packs(home.home, SECOND, folder="localities")) == {"E09000014", "E09000019", "U02795", "U20036", "QMJ"}


def test_the_second_edition_follows_the_first(ledger: Ledger) -> None:
    for code in ("F83671", "F83039", "F85061", "F85675"):
        first, second = registers.list_editions(ledger, plane="practice", code=code)
        assert (first.as_of, second.as_of) == NIGHTS
        before = {e.person_key: e for e in registers.entries(ledger, edition_id=first.edition_id)}
        for entry in registers.entries(ledger, edition_id=second.edition_id):
            earlier = before.get(entry.person_key)
            assert entry.editions_on_register == (earlier.editions_on_register + 1 if earlier else 1)
            assert entry.first_listed_on == (earlier.first_listed_on if earlier else SECOND)
