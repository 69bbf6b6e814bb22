"""Counts of people by need, risk, age and source for planners: PCNs, boroughs and ICBs, under disclosure control.

Made only under a lawful basis for planning that covers every source the scores rest on; without one nothing is made,
and it is said why. Nobody who has opted out by now is in a count, nor anyone of a network too small to be counted.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pipeline.channels.aggregate_files import SCHEMA, STEM
from pipeline.contracts.aggregate import AggregatePack, AreaCounts, AreaKind, CountTable, Figure, Rest
from pipeline.contracts.extract import load_extracts
from pipeline.contracts.policy import Policy
from pipeline.contracts.reference import Organisation
from pipeline.contracts.register_dictionary import practice_contract, risk_band
from pipeline.ledger import audit, runs
from pipeline.ledger.registers import Edition, get_edition
from pipeline.rules.age_bands import AGE_BANDS
from pipeline.rules.disclosure import Released, has_room, percentage, release
from pipeline.rules.segments import GENERALLY_WELL, SEGMENTS
from pipeline.rules.times import index_date
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.previous import edition_before
from pipeline.steps.opt_out.erasure import current_erasure
from pipeline.steps.publish.aggregate_registers import TABLE, TITLE, may_be_told, on_registers
from pipeline.steps.publish.aggregate_registers import TITLES as REGISTER_TITLES
from pipeline.steps.publish.pack_night import Night
from pipeline.steps.watch.source_states import TITLES

PURPOSE: Literal["planning"] = "planning"
ACTION = "planning_counts"
PEOPLE = "people"
# The second age band is left out of the counts and follows from the others.
AGE_NOT_COUNTED = "from_18"
RISK_NOT_COUNTED = "low"


@dataclass(frozen=True)
class Dimension:
    """A table: its categories with titles, and the one that is not counted, None where categories overlap."""

    table: str
    title: str
    titles: Mapping[str, str]
    not_counted: str | None

    def counted(self) -> list[str]:
        return [category for category in self.titles if category != self.not_counted]


@dataclass(frozen=True)
class Place:
    """One area of the tree; one that is not `told` is a network's part in one borough, when it lies in several."""

    key: str
    code: str
    name: str
    kind: AreaKind
    within: str | None
    practice_codes: tuple[str, ...]
    told: bool


@dataclass(frozen=True)
class Aggregates:
    """The packs by area code, without what only publication knows; or why there are none."""

    packs: Mapping[str, AggregatePack]
    why_not: str | None


def why_no_planning(context: Context, night: Night, *, policy: Policy) -> str | None:
    """What keeps tonight's counts from planners, or None when every source in use may be counted for them."""
    day = index_date(night.run.as_of)
    source_of = {name: contract.source for name, contract in load_extracts(context.settings.project).items()}
    used = {one.split(".")[0] for one in runs.run_deliveries(context.ledger, night.run.run_key)}
    scored = policy.usable_sources("score", day)
    for source in scored:
        entries = policy.bases(source, "show", day, PURPOSE)
        if not entries:
            told = [one.valid_to for one in policy.sources if (one.source, one.purpose) == (source, PURPOSE)]
            ended = f" (an entry ended on {max(told)})" if told and max(told) < day else ""
            return f"{TITLES[source]}: no basis for planning covers {day}{ended}"
        covered = {name for entry in entries for name in entry.data_sets}
        missing = sorted(name for name in used if source_of.get(name) == source and name not in covered)
        if missing:
            return f"{TITLES[source]}: no letter for planning covers {', '.join(missing)}"
        if any(one.national_data_opt_out_applies for one in entries) and not policy.national_opt_out_sources(day):
            return f"{TITLES[source]}: the National Data Opt-Out applies to planning, and nobody is checked for it"
        if any(one.local_opt_outs_apply for one in entries) and not policy.local_opt_out_sources(day):
            return f"{TITLES[source]}: local opt-outs apply to planning, and are not applied to the night"
    return None


def counts_for_planners(context: Context, night: Night, *, policy: Policy, due: Collection[str]) -> Aggregates:
    """Tonight's counts of the ICBs that are due, by code; told to the audit.

    The figures are kept safe beside those handed out last, whatever their date, replaced or recalled since or not:
    whoever got them has them. The run was frozen with that edition (previous.py, `last_counted`).
    """
    if not due:
        return Aggregates({}, "they are not due")
    previous = dict(night.run.inputs.get("previous_editions") or {})
    before = {code: previous.get(code) for code in due}
    why_not = why_no_planning(context, night, policy=policy)
    made = Aggregates({}, why_not) if why_not else _aggregates(context, night, policy=policy, before=before)
    audit.append(
        context.ledger,
        at=context.now(),
        who="pipeline",
        action=ACTION,
        run_key=night.run.run_key,
        subject=f"not counted: {made.why_not}" if made.why_not else f"areas {', '.join(sorted(made.packs))}",
        counts={"areas": len(made.packs)},
    )
    return made


def _aggregates(context: Context, night: Night, *, policy: Policy, before: Mapping[str, str | None]) -> Aggregates:
    places = [one for one in _places(night, policy=policy) if one.key.split("/")[1] in before]
    dimensions = _dimensions(night)
    counted = _count(context, night, places=places, dimensions=dimensions)
    small = [one.key for one in places if one.kind == "pcn" and not _is_large_enough(counted[one.key], dimensions)]
    places = _without(places, small)
    told_of = [counted[one.key] for one in places if one.kind == "pcn"]
    if told_of and may_be_told(told_of):
        dimensions = (*dimensions, Dimension(TABLE, TITLE, REGISTER_TITLES, None))
    last = {code: get_edition(context.ledger, edition_id or "") for code, edition_id in before.items()}
    earlier = _earlier(context, places, last=last)
    parents = {one.key: one.within for one in places}
    cells = [(PEOPLE, PEOPLE), *((d.table, category) for d in dimensions for category in d.counted())]
    released: dict[str, dict[tuple[str, str], Released]] = {one.key: {} for one in places}
    for cell in cells:
        leaves = {one.key: counted[one.key][cell] for one in places if one.kind == "pcn"}
        known = {key: figures[cell] for key, figures in earlier.items() if cell in figures}
        for key, figure in release(leaves, parents=parents, before=known).items():
            released[key][cell] = figure
    told = [one for one in places if one.told]
    last_told = {code: edition_before(context.ledger, plane="locality", code=code, run=night.run) for code in before}
    # Compared is only with the edition before, and only where that is the one handed out last and still counts.
    compared = {code for code, one in last_told.items() if one is not None and one.edition_id == before[code]}
    beside = {one.key: earlier.get(one.key, {}) if one.key.split("/")[1] in compared else {} for one in told}
    areas = {one.key: _area(one, released[one.key], beside[one.key], dimensions=dimensions) for one in told}
    packs = {}
    for one in told:
        inside = [areas[other.key] for other in told if other.key == one.key or _is_within(other, one, places)]
        pack = _pack(night, policy, inside, small)
        told_before = last_told[one.key.split("/")[1]]
        packs[one.code] = replace(pack, previous_as_of=told_before.as_of if told_before else None)
    return Aggregates(packs, None if packs else "no network is large enough to be counted")


def _places(night: Night, *, policy: Policy) -> list[Place]:
    """Networks, boroughs and ICBs of the practices that take part, the largest first."""
    day = index_date(night.run.as_of)
    practices = [night.reference.practice(entry.practice_code, day) for entry in policy.participating(day)]
    boroughs_of: dict[str, set[str]] = {}
    for one in practices:
        boroughs_of.setdefault(one.pcn_code, set()).add(one.borough_code)
    found: dict[str, Place] = {}
    for one in sorted(practices, key=lambda each: each.practice_code):
        whole = len(boroughs_of[one.pcn_code]) == 1
        icb, borough = f"icb/{one.icb_code}", f"borough/{one.icb_code}/{one.borough_code}"
        for key, code, name, kind, within, told in _around(one, icb=icb, borough=borough, whole=whole):
            known = found.get(key)
            codes = (*known.practice_codes, one.practice_code) if known else (one.practice_code,)
            found[key] = Place(key, code, name, kind, within, codes, told)
    order = {"icb": 0, "borough": 1, "pcn": 2}
    return sorted(found.values(), key=lambda each: (order[each.kind], each.key))


def _around(
    one: Organisation, *, icb: str, borough: str, whole: bool
) -> list[tuple[str, str, str, AreaKind, str | None, bool]]:
    return [
        (icb, one.icb_code, f"Integrated Care Board {one.icb_code}", "icb", None, True),
        (borough, one.borough_code, one.borough_name, "borough", icb, True),
        (f"pcn/{one.icb_code}/{one.borough_code}/{one.pcn_code}", one.pcn_code, one.pcn_name, "pcn", borough, whole),
    ]


def _dimensions(night: Night) -> tuple[Dimension, ...]:
    bands = practice_contract().risk_bands
    used = [one for one in night.sources if one.is_used]
    return (
        Dimension("segment", "By need", {one.code: one.title for one in SEGMENTS}, GENERALLY_WELL.code),
        Dimension("risk_band", "By risk", {one.band: one.title for one in bands}, RISK_NOT_COUNTED),
        Dimension("age_band", "By age", {f"from_{first}": title for first, title in AGE_BANDS}, AGE_NOT_COUNTED),
        Dimension("source", "By source of information", {one.source: one.title for one in used}, None),
    )


def _count(
    context: Context, night: Night, *, places: Sequence[Place], dimensions: Sequence[Dimension]
) -> dict[str, Counter[tuple[str, str]]]:
    """True counts of every network by table and category. They go no further than this module."""
    gone = current_erasure(context).person_keys
    network = {code: one.key for one in places if one.kind == "pcn" for code in one.practice_codes}
    sources = [category for d in dimensions if d.table == "source" for category in d.titles]
    found: dict[str, Counter[tuple[str, str]]] = {key: Counter() for key in network.values()}
    listed = on_registers(context, night, codes=sorted(network))
    for person_key, known in night.people.items():
        key = network.get(str(known["practice_code"]))
        if key is not None and person_key not in gone:
            found[key].update(_categories(known, sources))
            found[key].update((TABLE, group) for group in listed.get(person_key, ()))
    return found


def _categories(known: Mapping[str, Any], sources: Iterable[str]) -> list[tuple[str, str]]:
    """Every cell one person counts in."""
    first = max((first for first, _ in AGE_BANDS if known["age_years"] >= first), default=0)
    cells = [
        (PEOPLE, PEOPLE),
        ("segment", str(known["segment"])),
        ("risk_band", risk_band(known["risk_score"]).band),
        ("age_band", f"from_{first}"),
    ]
    return cells + [("source", source) for source in sources if known[f"is_{source}_covered"]]


def _is_large_enough(counts: Mapping[tuple[str, str], int], dimensions: Sequence[Dimension]) -> bool:
    """Whether the network's total leaves every category free to be anything it may be (rules/disclosure.py)."""
    total = counts.get((PEOPLE, PEOPLE), 0)
    return all(
        has_room(total, [counts.get((d.table, category), 0) for category in d.counted()])
        for d in dimensions
        if d.not_counted is not None
    )


def _without(places: Sequence[Place], keys: Sequence[str]) -> list[Place]:
    """The places less these networks, their practices, and whatever is empty without them."""
    gone = {code for one in places if one.key in keys for code in one.practice_codes}
    left = [
        replace(one, practice_codes=tuple(code for code in one.practice_codes if code not in gone)) for one in places
    ]
    return [one for one in left if one.practice_codes]


def _is_within(one: Place, around: Place, places: Sequence[Place]) -> bool:
    parents = {each.key: each.within for each in places}
    key = one.within
    while key is not None and key != around.key:
        key = parents[key]
    return key is not None


def _area(
    place: Place,
    figures: Mapping[tuple[str, str], Released],
    before: Mapping[tuple[str, str], Released],
    *,
    dimensions: Sequence[Dimension],
) -> AreaCounts:
    people = figures[PEOPLE, PEOPLE].shown

    def figure(table: str, category: str, title: str) -> Figure:
        cell = (table, category)
        whole = None if table == PEOPLE else people
        return _figure(category, title, figures[cell], whole=whole, before=before.get(cell))

    tables = []
    for d in dimensions:
        told = tuple(figure(d.table, category, d.titles[category]) for category in d.counted())
        rest = None if d.not_counted is None else Rest(
            category=d.not_counted, title=d.titles[d.not_counted], about=_left(people, told)
        )  # fmt: skip
        tables.append(CountTable(table=d.table, title=d.title, figures=told, rest=rest))
    parent = place.within.rsplit("/", 1)[1] if place.within else None
    return AreaCounts(
        code=place.code, name=place.name, kind=place.kind, within=parent, practice_codes=place.practice_codes,
        people=figure(PEOPLE, PEOPLE, "Everyone counted"), tables=tuple(tables),
    )  # fmt: skip


def _figure(category: str, title: str, released: Released, *, whole: int | None, before: Released | None) -> Figure:
    return Figure(
        category=category,
        title=title,
        people=released.shown,
        pct=percentage(released.shown, whole),
        possible=released.possible if released.shown is None else None,
        people_before=before.shown if before is not None else None,
    )


def _left(people: int | None, told: Sequence[Figure]) -> int | None:
    """What the others leave of the total shown, to the nearest 5; nothing new is told by it.

    A suppressed figure counts as the middle of what anybody can work out of it.
    """
    if people is None:
        return None
    shown = sum(figure.people for figure in told if figure.people is not None)
    doubled = sum(figure.possible[0][0] + figure.possible[-1][1] for figure in told if figure.possible)
    return max(0, 5 * round((people - shown - doubled / 2) / 5))


def _pack(night: Night, policy: Policy, areas: Sequence[AreaCounts], small: Sequence[str]) -> AggregatePack:
    day = index_date(night.run.as_of)
    used = [one.source for one in night.sources if one.is_used]
    entries = [entry for source in used for entry in policy.bases(source, "show", day, PURPOSE)]
    return AggregatePack(
        areas=tuple(areas), as_of=night.run.as_of, index_date=day, previous_as_of=None, revision=1,
        run_key=night.run.run_key, model_id=str(night.run.model_id),
        bases=tuple(dict.fromkeys(f"{one.basis} ({one.cag_reference})" for one in entries)),
        policy_name=policy.policy, is_fictitious=policy.fictitious, left_out=len(small),
        sources=night.sources, supersedes=None,
    )  # fmt: skip


def _earlier(
    context: Context, places: Sequence[Place], *, last: Mapping[str, Edition | None]
) -> dict[str, dict[tuple[str, str], Released]]:
    """Figures of each ICB's last edition, by place: only of areas made of the same practices now."""
    found: dict[str, dict[tuple[str, str], Released]] = {}
    for root in (one for one in places if one.kind == "icb"):
        content = _read(context, last.get(root.code))
        by_key = {(area["kind"], area["code"]): area for area in content.get("areas", [])}
        for one in places:
            area = by_key.get((one.kind, one.code))
            if one.told and area is not None and tuple(area["practice_codes"]) == one.practice_codes:
                found[one.key] = _figures(area)
    return found


def _figures(area: Mapping[str, Any]) -> dict[tuple[str, str], Released]:
    told = [(PEOPLE, area["people"]), *((t["table"], figure) for t in area["tables"] for figure in t["figures"])]
    return {
        (table, one["category"]): Released(
            one["people"], tuple((first, last) for first, last in one["possible"] or ())
        )
        for table, one in told
    }  # fmt: skip


def _read(context: Context, edition: Edition | None) -> dict[str, Any]:
    """The counts of an edition; nothing when it held none, or was withdrawn since."""
    found = sorted((context.settings.home / edition.path).glob(f"{STEM}_*.json")) if edition else []
    content: dict[str, Any] = json.loads(found[0].read_bytes()) if found else {}
    return content if content.get("schema") == SCHEMA else {}
