"""A row sent again as nobody's, or as an objector's, takes the place of the version before, in every extract."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from small_home import CONTRACTS, DISSENT, deliver, entry, key_of, numbers, small_context

from pipeline.contracts.settings import PROJECT, read_settings
from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.visible import keep_visible_events, keep_visible_registrations
from pipeline.rules.times import index_date
from pipeline.steps.at_hand.context import Context
from pipeline.steps.features.events import events
from pipeline.steps.link.link import link
from pipeline.store import layout, tables

EXTRACTS = tuple(name for name, contract in CONTRACTS.items() if contract.person is not None)
# How the second version of a row is whose: nobody's, of one who objects, of one who objects only after it was linked.
HOW = ("no number", "an objector's", "a late objector's")
OBJECTOR, LATE, *OTHERS = numbers(3 + len(EXTRACTS) * len(HOW) + 1)
UNTOUCHED, OF_A_STAY, *OWN = OTHERS
PERSON = {(name, how): OWN.pop() for name in EXTRACTS for how in HOW if OWN}
BECOMES = {"no number": "", "an objector's": OBJECTOR, "a late objector's": LATE}
# What an event says of its extract and its hospital, whatever stands in the row.
OF_EVERY_ROW = ("code_system", "provider_code")
NIGHT = index_date(date(2026, 11, 30))


def lines_of(extract: str, *, is_second: bool) -> list[dict[str, str]]:
    """A row for each way; the second time whose it has become, all under the keys they had."""
    rows = [{"nhs_number": BECOMES[how] if is_second else PERSON[extract, how]} for how in HOW]
    if extract == "acute_daily":
        # Notices of stays of their own, and one of the stay whose record will be nobody's.
        rows = [{**row, "spell_number": f"D{place}"} for place, row in enumerate(rows)]
        rows += [] if is_second else [{"nhs_number": OF_A_STAY, "spell_number": "S9", "provider_code": "RKE01"}]
    if extract == "acute_apc":
        whose = "" if is_second else OF_A_STAY
        rows += [{"nhs_number": whose, "spell_number": "S9", "provider_code": "RKE01"}]
    if extract == "gp_event" and not is_second:
        rows += [entry(OBJECTOR, "X-1", DISSENT), entry(UNTOUCHED, "X-2")]
    return rows


def shown(context: Context) -> set[str]:
    """Person keys of everything visible."""
    before = datetime(2026, 12, 1, tzinfo=UTC).replace(tzinfo=None)
    home, known = context.settings.home, {"known_before": before, "index_date": NIGHT}
    with Engine(threads=1, memory_limit="1GB") as engine:
        for table, name, schema in (
            ("event", "event_row", shapes.EVENT_ROW),
            ("registration", "registration_row", shapes.REGISTRATION_ROW),
        ):
            path = layout.table(home, table)
            ids = tables.slices(path, column="delivery_id")
            engine.add_parquet(name, tables.files(path, column="delivery_id", values=ids), schema=schema)
        sources = [{"source": source} for source in sorted({contract.source for contract in CONTRACTS.values()})]
        engine.add_arrow("usable_source", shapes.relation(shapes.USABLE_SOURCE, sources))
        keep_visible_events(engine, project=PROJECT, **known)
        keep_visible_registrations(engine, project=PROJECT, **known)
        return {key for name in ("event", "registration") for key in engine.table(name)["person_key"].to_pylist()}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Context, set[str], set[str]]:
    """A home, and who was shown before and after the second versions."""
    home: Path = tmp_path_factory.mktemp("nobody") / "home"
    context = small_context(
        read_settings({"RISKSTRAT_HOME": str(home), "RISKSTRAT_THREADS": "1", "RISKSTRAT_MEMORY": "500MB"})
    )
    sender = {name: "GPS01" if CONTRACTS[name].source == "gp" else "RKE" for name in EXTRACTS}
    for extract in EXTRACTS:
        deliver(context, extract, lines_of(extract, is_second=False), sender=sender[extract])
    link(context)
    events(context)
    before = shown(context)
    for extract in EXTRACTS:
        rows = lines_of(extract, is_second=True)
        deliver(context, extract, rows, sender=sender[extract], at="2026-11-17T20:00:00")
    link(context)
    events(context)
    deliver(context, "gp_event", [entry(LATE, "X-3", DISSENT)], at="2026-11-18T20:00:00")
    link(context)
    events(context)
    return context, before, shown(context)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("extract", EXTRACTS)
def test_a_version_that_is_nobodys_replaces_the_one_before(
    told: tuple[Context, set[str], set[str]], extract: str, how: str
) -> None:
    context, before, after = told
    key = key_of(context, PERSON[extract, how])
    assert key in before
    assert key not in after


def test_a_record_that_is_nobodys_still_outweighs_the_notice_of_its_stay(
    told: tuple[Context, set[str], set[str]],
) -> None:
    context, before, after = told
    assert key_of(context, OF_A_STAY) in before
    assert after == {key_of(context, UNTOUCHED)}


def test_a_version_that_is_nobodys_says_nothing(told: tuple[Context, set[str], set[str]]) -> None:
    """Neither who, nor what, nor when it happened; as linked, and as left behind by an erasure."""
    context, _, _ = told
    home = context.settings.home
    gone = {key_of(context, number) for number in (OBJECTOR, LATE)}
    kept = {layout.table(home, "event"): {*shapes.EVENT_VERSION, *OF_EVERY_ROW}}
    kept[layout.table(home, "registration")] = {*shapes.VERSION, "source"}
    kept |= {layout.linked(home, extract): {*shapes.LINKED_VERSION} for extract in EXTRACTS}
    for extract in ("acute_apc", "acute_daily", "mental_health_spell"):
        kept[layout.linked(home, extract)] |= {*shapes.STAY} & set(CONTRACTS[extract].names())
    for path, names in kept.items():
        rows = tables.read(path).to_pylist()
        bare = [row for row in rows if row["person_key"] is None]
        assert bare, path
        assert all(row["is_withdrawn"] for row in bare)
        # Not confidential is what a list says that says nothing.
        assert {name for row in bare for name, value in row.items() if value not in (None, False)} <= names
        assert not gone & {row["person_key"] for row in rows}
