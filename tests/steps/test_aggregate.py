"""Counts for planners: the gate, who is in them, the tree of areas, the last edition, and the check before they go out.

The rule itself is looked at in tests/rules/test_disclosure.py; here its attacker reads the published files.
"""

import csv
import io
import json
import random
import re
import runpy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from run_home import write_policy
from small_home import ANN, DISSENT, deliver, entry, keys, patient, small_context

from pipeline.channels.aggregate_files import aggregate_files
from pipeline.contracts.aggregate import AggregatePack
from pipeline.contracts.policy import SOURCES, load_policy
from pipeline.contracts.reference import load_reference
from pipeline.contracts.register import SourceState
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.ledger import audit, registers, runs
from pipeline.ledger.recalls import recalls, record_recall
from pipeline.ledger.registers import Edition, Entry
from pipeline.rules.disclosure import FEWEST_POSSIBLE, LARGEST_SUPPRESSED
from pipeline.rules.segments import GENERALLY_WELL, SEGMENTS
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.previous import last_counted
from pipeline.steps.publish.aggregate import Aggregates, counts_for_planners
from pipeline.steps.publish.counts_check import counts_problems
from pipeline.steps.publish.pack_night import Night
from pipeline.store import layout

NIGHT = date(2026, 11, 15)
AT = datetime(2026, 11, 16, 6, tzinfo=UTC)
ATTACKER = runpy.run_path(str(PROJECT / "tests" / "rules" / "disclosure_attacker.py"))
PRACTICES = ("F83671", "F83039", "F85061", "F85675")


def a_context(home: Settings) -> Context:
    context = small_context(home)
    deliver(context, "gp_patient", [patient(ANN, "1")])
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    return context


@pytest.fixture
def context(home: Settings) -> Context:
    return a_context(home)


def people(seed: str = "", *, each: int = 300) -> dict[str, dict[str, Any]]:
    """Invented people of four practices in two networks; the second network has few in any group."""
    rng = random.Random(f"people{seed}")
    segments = [one.code for one in SEGMENTS]
    found = {}
    for place, code in enumerate(PRACTICES):
        for number in range(each):
            is_well = rng.random() < (0.5, 0.5, 0.93, 0.97)[place]
            found[f"p_{code}_{number}"] = {
                "practice_code": code,
                "age_years": 25 if is_well else rng.randint(0, 99),
                "segment": GENERALLY_WELL.code if is_well else rng.choice(segments),
                "risk_score": Decimal("0.01") if is_well else Decimal(rng.randint(0, 99)) / 100,
                **{f"is_{source}_covered": source != "social_care" or number % 3 == 0 for source in SOURCES},
            }
    return found


def a_night(
    context: Context, *, as_of: date = NIGHT, known: dict[str, dict[str, Any]] | None = None, correction: str = ""
) -> Night:
    policy = load_policy(context.settings.policy_file)
    last = last_counted(context.ledger, code="QMJ")
    run = runs.freeze_run(
        context.ledger, run_key=f"{as_of:%Y%m%d}{correction}", kind="nightly", as_of=as_of, knowledge="then",
        model_id="m",
        inputs={
            "previous_editions": {"QMJ": last.edition_id if last else None}, "correction": correction or None,
            "recalled": sorted(recalls(context.ledger)),
        },
        delivery_ids=["gp_patient.GPS01.20261115T200000Z", "gp_event.GPS01.20261115T200000Z"], at=AT,
    )  # fmt: skip
    sources = tuple(
        SourceState(
            source=source, title=source, is_used=True, is_shown=True, latest_event_date=None, received_at=None, says=""
        )
        for source in SOURCES
    )
    return Night(
        run=run, policy=policy, reference=load_reference(PROJECT), shown=SOURCES, withheld=frozenset(),
        people=people() if known is None else known, listed={}, deaths={}, in_hospital={}, sources=sources, notices=(),
        details=cast(Any, None), earlier=cast(Any, None), model=cast(Any, None), vault=cast(Any, None), tested=None,
        renumbered=frozenset(),
    )  # fmt: skip


def counted(context: Context, night: Night) -> Aggregates:
    return counts_for_planners(context, night, policy=night.policy, due=["QMJ"])


def publish(context: Context, pack: AggregatePack) -> Path:
    """The ICB's edition on disk and in the ledger."""
    folder = layout.locality_pack(context.settings.home, pack.as_of, "QMJ", pack.revision)
    folder.mkdir(parents=True)
    for name, content in aggregate_files(pack).items():
        (folder / name).write_bytes(content)
    path = folder.relative_to(context.settings.home).as_posix()
    edition = Edition(
        f"locality.QMJ.{pack.as_of}.r{pack.revision}",
        pack.run_key,
        "current",
        "locality",
        pack.as_of,
        "QMJ",
        pack.revision,
        "0" * 64,
        path,
        {},
        AT,
    )
    registers.record_edition(context.ledger, edition=edition, entries=[])
    return folder


def figures(pack: AggregatePack) -> dict[tuple[str, str], dict[str, int | None]]:
    """By cell, what is shown of every area."""
    content = json.loads(
        aggregate_files(pack)[f"RISKAGG_{pack.areas[0].code}_{pack.as_of:%Y%m%d}_r{pack.revision}.json"]
    )
    found: dict[tuple[str, str], dict[str, int | None]] = {}
    for area in content["areas"]:
        told = [("people", area["people"])]
        told += [(table["table"], figure) for table in area["tables"] for figure in table["figures"]]
        for table, figure in told:
            found.setdefault((table, figure["category"]), {})[area["code"]] = figure["people"]
    return found


def test_every_network_borough_and_the_icb_are_counted_and_the_audit_says_so(context: Context) -> None:
    made = counted(context, a_night(context))
    assert set(made.packs) == {"QMJ", "E09000019", "E09000014", "U02795", "U20036"}
    assert [area.code for area in made.packs["E09000019"].areas] == ["E09000019", "U02795"]
    assert len(made.packs["QMJ"].areas) == 5
    assert made.packs["QMJ"].areas[0].people.people == 1200
    assert made.packs["QMJ"].bases[0].endswith("(FICTITIOUS-DEMO-101)")
    (told,) = audit.list_entries(context.ledger, action="planning_counts")
    assert (told.subject, told.counts) == ("areas E09000014, E09000019, QMJ, U02795, U20036", {"areas": 5})


def test_the_published_figures_give_no_small_count_away(context: Context) -> None:
    night = a_night(context)
    parents = {"QMJ": None, "E09000019": "QMJ", "E09000014": "QMJ", "U02795": "E09000019", "U20036": "E09000014"}
    suppressed = 0
    for shown in figures(counted(context, night).packs["QMJ"]).values():
        assert ATTACKER["bare"](shown, ATTACKER["worked_out"](shown, parents)) == []
        assert all(figure is None or (figure % 5 == 0 and figure >= 10) for figure in shown.values())
        suppressed += sum(figure is None for figure in shown.values())
    assert suppressed > 10


def test_a_figure_is_the_true_count_rounded(context: Context) -> None:
    night = a_night(context)
    shown = figures(counted(context, night).packs["QMJ"])
    for code in ("U02795", "U20036"):
        mine = [one for one in night.people.values() if (one["practice_code"] in PRACTICES[:2]) == (code == "U02795")]
        for (table, category), figure in ((cell, areas[code]) for cell, areas in shown.items()):
            true = {
                "people": len(mine),
                "segment": sum(one["segment"] == category for one in mine),
                "source": sum(bool(one.get(f"is_{category}_covered")) for one in mine),
            }.get(table)
            assert true is None or figure == (None if true <= 7 else 5 * round(true / 5))
    assert sum(figure is not None for figure in shown["source", "gp"].values()) == 5


def expired(policy: dict[str, Any]) -> None:
    _planning(policy, "acute")["valid_to"] = date(2026, 11, 15)


def _planning(policy: dict[str, Any], source: str) -> dict[str, Any]:
    return next(one for one in policy["sources"] if (one["source"], one["purpose"]) == (source, "planning"))


CLOSED: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "missing": (lambda p: p["sources"].remove(_planning(p, "social_care")), "Adult social care: no basis for planning"),
    "expired": (expired, r"Hospital admissions: no basis .* \(an entry ended on 2026-11-15\)"),
    "not to be shown": (lambda p: _planning(p, "gp").update(use=["score"]), "GP records: no basis for planning"),
    "an extract is not covered": (
        lambda p: _planning(p, "gp").update(data_sets=["gp_patient"]), "GP records: no letter for .* covers gp_event"
    ),
    "national opt-out": (
        lambda p: _planning(p, "gp").update(national_data_opt_out_applies=True), "nobody is checked for it"
    ),
    "local opt-outs": (
        lambda p: [one.update(local_opt_outs_apply=False) for one in p["sources"] if one["purpose"] != "planning"],
        "local opt-outs apply to planning",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", CLOSED)
def test_without_a_basis_for_planning_nothing_is_counted_and_it_is_said(context: Context, how: str) -> None:
    change, says = CLOSED[how]
    write_policy(context.settings, change)
    made = counted(context, a_night(context))
    assert made.packs == {}
    (told,) = audit.list_entries(context.ledger, action="planning_counts")
    for text in (str(made.why_not), told.subject):
        assert re.search(says, text)


def test_who_has_opted_out_by_now_is_in_no_count(context: Context) -> None:
    known = people()
    known[keys(context, ANN)[0]] = {**known["p_F83671_0"], "segment": "care_home"}
    before = counted(context, a_night(context, known=known))
    deliver(context, "gp_event", [entry(ANN, "O-2", DISSENT)], at="2026-11-16T03:00:00")
    without = {key: one for key, one in known.items() if key != keys(context, ANN)[0]}
    after = counted(context, a_night(context, known=known))
    assert after == counted(context, a_night(context, known=without))
    assert {len(known), len(without)} == {1201, 1200} and before.packs


def test_a_network_too_small_to_be_counted_is_in_no_figure(context: Context) -> None:
    known = {key: one for key, one in people().items() if one["practice_code"] in PRACTICES[:2]}
    known |= {key: one for key, one in people().items() if one["practice_code"] == "F85061" and key.endswith("1")}
    made = counted(context, a_night(context, known=known))
    assert set(made.packs) == {"QMJ", "E09000019", "U02795"}
    assert made.packs["QMJ"].left_out == 1
    assert made.packs["QMJ"].areas[0].people.people == 600
    assert counted(context, a_night(context, known={})).why_not == "no network is large enough to be counted"


def test_the_next_edition_keeps_to_what_the_last_one_left_possible(context: Context) -> None:
    publish(context, counted(context, a_night(context)).packs["QMJ"])
    later = counted(context, a_night(context, as_of=date(2026, 11, 22), known=people("later"))).packs["QMJ"]
    assert later.previous_as_of == NIGHT
    alone = counted(context, a_night(context, as_of=NIGHT, known=people("later"))).packs["QMJ"]
    one, other = (
        {(area.code, t.table, f.category): f for area in pack.areas for t in area.tables for f in t.figures}
        for pack in (later, alone)
    )
    assert one.keys() == other.keys()
    narrower = [cell for cell in one if one[cell].people is None is other[cell].people]
    narrower = [cell for cell in narrower if one[cell].possible != other[cell].possible]
    assert narrower
    # What cannot be a small count any more may be known as closely as it likes.
    small = [cell for cell in narrower if (one[cell].possible or ((0, 0),))[0][0] <= LARGEST_SUPPRESSED]
    for cell in small:
        assert sum(last - first + 1 for first, last in one[cell].possible or ()) >= FEWEST_POSSIBLE


def test_recalled_and_corrected_editions_leave_nothing_to_work_out_together(context: Context) -> None:
    """Whoever kept all that was handed out, in the order it came, the recalled and the late correction among it."""
    parents = {"QMJ": None, "E09000019": "QMJ", "E09000014": "QMJ", "U02795": "E09000019", "U20036": "E09000014"}
    later = date(2026, 11, 22)
    handed_out = []
    for as_of, correction in ((NIGHT, ""), (later, ""), (NIGHT, "late"), (later, "again")):
        night = a_night(context, as_of=as_of, known=people(f"{as_of}{correction}"), correction=correction)
        pack = replace(counted(context, night).packs["QMJ"], revision=2 if correction else 1)
        publish(context, pack)
        handed_out.append(pack)
        if as_of == later and not correction:
            [wrong] = registers.list_editions(context.ledger, as_of=later, code="QMJ")
            record_recall(context.ledger, edition=wrong, who="A. Operator", reason="wrong", at=AT)
    assert [pack.previous_as_of for pack in handed_out] == [None, NIGHT, None, NIGHT]
    names = [runs.get_run(context.ledger, pack.run_key) for pack in handed_out]
    chain = [run and run.inputs["previous_editions"]["QMJ"] for run in names]
    assert chain == [None, *(f"locality.QMJ.{one.as_of}.r{one.revision}" for one in handed_out[:-1])]
    narrowed, every = 0, [figures(pack) for pack in handed_out]
    for cell in every[0]:
        known_of: dict[str, set[int]] = {}
        for shown in (one[cell] for one in every):
            for area, now in ATTACKER["worked_out"](shown, parents).items():
                if shown[area] is not None:
                    known_of.pop(area, None)
                    continue
                same = known_of.get(area, now) & now
                narrowed += bool(same) and same < now
                known_of[area] = same or now
                assert not (0 < len(same) < FEWEST_POSSIBLE and min(same) <= LARGEST_SUPPRESSED)
    assert narrowed


def hold_registers(context: Context, night: Night, *, each: int) -> None:
    """A first register of every practice, with its first people in order."""
    for code in PRACTICES:
        edition = Edition(
            f"practice.{code}.{NIGHT}.r1", night.run.run_key, "current", "practice", NIGHT, code, 1, "0" * 64, "x",
            {"people": each}, AT,
        )  # fmt: skip
        rows = [
            Entry(f"p_{code}_{n}", "declined" if n == 0 else "by_rank", n + 1, Decimal("0.5"), "x", NIGHT, 1, 0)
            for n in range(each)
        ]
        registers.record_edition(context.ledger, edition=edition, entries=rows)


@pytest.mark.parametrize(("each", "is_told"), [(60, True), (4, False)])
def test_registers_are_counted_where_their_length_gives_nothing_away(
    context: Context, each: int, is_told: bool
) -> None:
    night = a_night(context)
    hold_registers(context, night, each=each)
    shown = figures(counted(context, night).packs["QMJ"])
    assert (("register", "listed") in shown) == is_told
    if is_told:
        # Who was set aside counts with nobody; a first edition has no changes, and nobody has answered.
        assert shown["register", "listed"] == {
            "QMJ": 235, "E09000019": 120, "E09000014": 120, "U02795": 120, "U20036": 120,
        }  # fmt: skip
        assert set(shown["register", "new"].values()) == set(shown["register", "in_hand"].values()) == {None}


def test_the_same_people_give_the_same_bytes_in_any_order(context: Context) -> None:
    known = people()
    one = counted(context, a_night(context, known=known)).packs
    other = counted(context, a_night(context, known=dict(reversed(known.items())))).packs
    assert {code: aggregate_files(pack) for code, pack in one.items()} == {
        code: aggregate_files(pack) for code, pack in other.items()
    }


def test_the_files_say_the_same_and_name_nobody(context: Context) -> None:
    files = aggregate_files(counted(context, a_night(context)).packs["QMJ"])
    table, page, content = (
        files[f"RISKAGG_QMJ_20261115_r1.{kind}"].decode("utf-8-sig") for kind in ("csv", "html", "json")
    )
    rows = list(csv.DictReader(io.StringIO(table)))
    assert len(rows) == 5 * (1 + len(SEGMENTS) + 7 + 6 + 7)
    assert {row["is"] for row in rows} <= {"rounded", "suppressed", "difference", "not known"}
    assert "FICTITIOUS" in page and "default-src 'none'" in page.replace("&#39;", "'")
    assert "<script" not in page and "http" not in page.split("</title>")[1]
    assert not any(key in text for key in ("p_F83671", ANN) for text in (table, page, content))


def drop(folder: Path) -> None:
    next(folder.glob("*.csv")).unlink()


def replace_in(kind: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (path,) = folder.glob(f"*.{kind}")
        text = path.read_bytes().decode("utf-8")
        assert old in text
        path.write_bytes(text.replace(old, new, 1).encode("utf-8"))

    return change


BAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "a file is missing": (drop, "not one file of each kind"),
    "not rounded": (replace_in("json", '"people": 1200', '"people": 1203'), "small or not rounded"),
    "a share of something else": (replace_in("json", '"pct": 100', '"pct": 97'), "shares are not of figures"),
    "the table says another number": (replace_in("csv", '"1200"', '"1195"'), "say different things"),
    "the page says another number": (replace_in("html", 'class="n">600', 'class="n">601'), "the page shows figures"),
    "another column": (replace_in("csv", '"people","pct"', '"nhs_number","pct"'), "columns of the counts"),
}


@pytest.mark.parametrize("how", BAD)
def test_one_bad_figure_blocks_the_pack(context: Context, how: str) -> None:
    folder = publish(context, counted(context, a_night(context)).packs["QMJ"])
    assert counts_problems(folder) == []
    change, says = BAD[how]
    change(folder)
    assert says in "; ".join(counts_problems(folder))


def test_a_parent_that_gives_a_small_count_away_blocks_the_pack(context: Context) -> None:
    """Rounded and suppressed one by one, as if nobody had looked at what the figures say together."""
    folder = publish(context, counted(context, a_night(context)).packs["QMJ"])
    (path,) = folder.glob("*.json")
    content = json.loads(path.read_bytes())
    by_code = {area["code"]: area for area in content["areas"]}
    for code, figure in (("E09000014", 10), ("U20036", None)):
        by_code[code]["people"]["people"] = figure
    path.write_text(json.dumps(content))
    # Between 8 and 12 around, 0 to 7 inside and nobody else: nothing fits, and nothing is given away.
    assert not any("worked out" in problem for problem in counts_problems(folder))
    twin = {**by_code["U20036"], "code": "U99999", "practice_codes": []}
    content["areas"].append({**twin, "people": {**twin["people"], "people": 10}})
    by_code["E09000014"]["people"]["people"] = 20
    path.write_text(json.dumps(content))
    assert any("1 small counts can be worked out" in problem for problem in counts_problems(folder))
