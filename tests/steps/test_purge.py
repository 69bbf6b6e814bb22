"""Purge: shows first, deletes by a person's act down to the bytes, proves it, and spares what a night may need."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from landed_files import land, take_in
from run_home import enter_edition, enter_model, finish, opened, write_policy
from small_home import ANN, deliver, entry, patient, small_context

from pipeline.contracts.retention import FILE
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.errors import PipelineError, UserError
from pipeline.ledger import audit, registers
from pipeline.ledger.connect import writing
from pipeline.ledger.deliveries import list_deliveries
from pipeline.ledger.registers import Edition, Entry
from pipeline.ledger.tables import delivery as delivery_table
from pipeline.steps.at_hand.context import Context
from pipeline.steps.receive.receive import receive
from pipeline.steps.tell.status import status
from pipeline.steps.tell.status_words import told as status_told
from pipeline.steps.upkeep import purge as step
from pipeline.steps.upkeep.purge import purge, told
from pipeline.steps.upkeep.retention import Item, ageing_history, past_their_time
from pipeline.steps.upkeep.retention_needs import no_longer_replayable
from pipeline.steps.validate.overrule import overrule
from pipeline.store import layout, tables

NIGHT = date(2026, 11, 15)
BY = {"who": "A. Name", "reason": "retention"}


def on(context: Context, day: date) -> Context:
    now = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return replace(context, settings=context.settings.model_copy(update={"now": now}))


def later(context: Context, days: int) -> Context:
    return on(context, NIGHT + timedelta(days=days))


@pytest.fixture
def context(home: Settings) -> Context:
    context = small_context(home)
    write_policy(home, lambda policy: None)
    return context


def zones(context: Context) -> set[str]:
    return {item.zone for item in past_their_time(context)}


def in_zone(context: Context, zone: str) -> list[Item]:
    return [item for item in past_their_time(context) if item.zone == zone]


def refused(context: Context, extract: str = "acute_ecds") -> str:
    """A delivery with clean, linked and event rows that a person refused afterwards."""
    name = deliver(context, extract, [{}], sender="RAL")
    rows = pa.table({"person_key": pa.array(["p1"])})
    for path in (layout.linked(context.settings.home, extract), layout.table(context.settings.home, "event")):
        tables.replace_slice(path, rows, column="delivery_id", value=name)
    overrule(context, delivery_id=name, verb="refuse", who="A. Name", reason="wrong month")
    return name


def slices_of(context: Context, delivery_id: str) -> set[Path]:
    logs = context.settings.home.rglob("_delta_log")
    return {log.parent for log in logs if delivery_id in tables.slice_sizes(log.parent, column="delivery_id")}


def test_an_empty_home_has_nothing_past_its_time(context: Context) -> None:
    assert past_their_time(context) == []
    assert told(context)[0].startswith("0 past their time")


def test_a_file_that_was_taken_in_goes_with_its_receipt_and_anything_else_stays(context: Context) -> None:
    land(context, "acute_ecds")
    take_in(context)
    folder = layout.landing(context.settings.home) / "RAL"
    (folder / "note.txt").write_text("the sender's own")
    assert in_zone(later(context, 30), "landing") == []
    after = later(context, 32)
    assert len(in_zone(after, "landing")) == 2
    purge(after, **BY)
    assert [path.name for path in folder.iterdir()] == ["note.txt"]
    assert receive(after).delivery_ids == ()


def test_a_landed_file_that_was_changed_since_stays(context: Context) -> None:
    land(context, "acute_ecds")
    take_in(context)
    (file,) = (layout.landing(context.settings.home) / "RAL").glob("*.csv")
    file.write_bytes(file.read_bytes() + b"\n")
    assert in_zone(later(context, 40), "landing") == []


def test_files_of_one_manifest_go_together_or_not_at_all(context: Context) -> None:
    land(context, "acute_ecds")
    take_in(context)
    (file,) = (layout.landing(context.settings.home) / "RAL").glob("*.csv")
    manifest = file.with_name("manifest.json")
    file.with_name("other.csv").write_text("not taken in yet")
    manifest.write_text(json.dumps({"files": [{"file": file.name}, {"file": "other.csv"}]}))
    assert in_zone(later(context, 40), "landing") == []
    manifest.write_text(json.dumps({"files": [{"file": file.name}]}))
    assert [item.path.name for item in in_zone(later(context, 40), "landing")][0] == "manifest.json"


def test_originals_go_by_their_contracts_day(context: Context) -> None:
    land(context, "acute_ecds")
    ((delivery_id, _),) = take_in(context).items()
    after = later(context, 2000)
    assert layout.original(context.settings.home, delivery_id).is_file()
    purge(after, **BY)
    assert list(layout.original(context.settings.home, delivery_id).parent.iterdir()) == []


def test_rows_no_night_may_use_go_down_to_the_bytes_once_their_days_are_over(context: Context) -> None:
    name = refused(context)
    assert len(slices_of(context, name)) >= 2
    assert in_zone(later(context, 400), "refused_rows") == []
    after = later(context, 402)
    purge(after, **BY)
    assert slices_of(context, name) == set()
    assert not [path for path in context.settings.home.rglob("*.parquet") if name in str(path)]


def test_rows_of_a_delivery_in_use_stay_however_old(context: Context) -> None:
    name = deliver(context, "acute_ecds", [{}], sender="RAL")
    assert in_zone(later(context, 20_000), "refused_rows") == []
    purge(later(context, 20_000), **BY)
    assert layout.clean(context.settings.home, "acute_ecds") in slices_of(context, name)


def test_what_tells_of_dissent_stays_though_refused(context: Context) -> None:
    """Else a dissent in a refused delivery would be forgotten (docs/decisions/0008)."""
    name = deliver(context, "gp_event", [entry(ANN, "O-1")], apart=[entry(ANN, "O-2")])
    overrule(context, delivery_id=name, verb="refuse", who="A. Name", reason="wrong month")
    purge(later(context, 20_000), **BY)
    home = context.settings.home
    assert {layout.clean(home, "gp_event"), layout.quarantine(home, "gp_event")} <= slices_of(context, name)


def test_rows_set_apart_go_after_their_days(context: Context) -> None:
    name = deliver(context, "acute_ecds", [{}], apart=[{}], sender="RAL")
    assert layout.quarantine(context.settings.home, "acute_ecds") in slices_of(context, name)
    purge(later(context, 402), **BY)
    assert slices_of(context, name) == {layout.clean(context.settings.home, "acute_ecds")}


@pytest.fixture
def nights(context: Context) -> Iterator[tuple[Context, list[str]]]:
    """Three finished nights, the last a year later, each with slices and an edition; packs are kept 100 days."""
    own = (PROJECT / "policy" / FILE).read_text().replace("registers: 730", "registers: 100")
    (context.settings.home / FILE).write_text(own)
    deliver(context, "gp_patient", [patient(ANN, "1")])
    enter_model(context, "model")
    keys = []
    for as_of in (NIGHT, NIGHT + timedelta(days=7), NIGHT + timedelta(days=490)):
        run = opened(on(context, as_of + timedelta(days=1)), as_of=as_of)
        rows = pa.table({"person_key": pa.array(["p1"])})
        tables.replace_slice(layout.table(context.settings.home, "score"), rows, column="run_key", value=run.run_key)
        pack = layout.register_pack(context.settings.home, as_of, "F83671", 1)
        pack.mkdir(parents=True)
        (pack / "manifest.json").write_text("{}")
        edition = Edition(
            edition_id=f"practice.F83671.{as_of}.r1", run_key=run.run_key, kind="current", plane="practice",
            as_of=as_of, code="F83671", revision=1, manifest_sha256="0" * 64,
            path=pack.relative_to(context.settings.home).as_posix(), counts={"people": 1}, published_at=context.now(),
        )  # fmt: skip
        entry_of = Entry("p1", "by_rank", 1, Decimal("0.5"), "s", as_of, 1, 0)
        registers.record_edition(context.ledger, edition=edition, entries=[entry_of])
        finish(context, run)
        keys.append(run.run_key)
    yield context, keys


def test_slices_and_packs_of_old_nights_go_and_those_in_use_or_compared_with_stay(
    nights: tuple[Context, list[str]],
) -> None:
    context, (first, second, third) = nights
    after = later(context, 491)
    purge(after, **BY)
    home = context.settings.home
    assert set(tables.slice_sizes(layout.table(home, "score"), column="run_key")) == {third}
    packs = {path.parent.name for path in (home / "registers").glob("*/*")}
    # The newest, and the one that the newest, inside the window, compares with.
    assert packs == {f"{NIGHT + timedelta(days=7)}", f"{NIGHT + timedelta(days=490)}"}
    assert registers.editions_with_entries(context.ledger) == {f"practice.F83671.{day}.r1" for day in packs}
    assert first != second


def test_status_says_which_nights_can_no_longer_be_replayed(nights: tuple[Context, list[str]]) -> None:
    context, _ = nights
    assert no_longer_replayable(context) == []
    after = later(context, 491)
    purge(after, **BY)
    assert no_longer_replayable(after) == [NIGHT + timedelta(days=7)]
    assert f"1 nights can no longer be replayed, the last of them {NIGHT + timedelta(days=7)}" in status_told(
        status(after)
    )


def test_a_night_inside_the_window_and_an_open_one_lose_nothing(nights: tuple[Context, list[str]]) -> None:
    context, keys = nights
    own = (PROJECT / "policy" / FILE).read_text().replace("replay_window_days: 90", "replay_window_days: 5000")
    (context.settings.home / FILE).write_text(own)
    purge(later(context, 491), **BY)
    assert set(tables.slice_sizes(layout.table(context.settings.home, "score"), column="run_key")) == set(keys)


def test_litter_of_killed_commands_is_swept(context: Context) -> None:
    home = context.settings.home
    deliver(context, "acute_ecds", [{}], sender="RAL")
    deliver_again = layout.clean(home, "acute_ecds")
    rows = tables.read(deliver_again)
    (name,) = tables.slice_sizes(deliver_again, column="delivery_id")
    tables.replace_slice(deliver_again, rows, column="delivery_id", value=name)
    (deliver_again / f"delivery_id={name}" / "part-of-a-killed-write.parquet").write_bytes(b"x")
    layout.staging(home, "d1").mkdir(parents=True)
    (home / "registers" / "2026-11-15" / ".staging-F83671-k").mkdir(parents=True)
    (home / "identified" / "original").mkdir(exist_ok=True)
    (home / "identified" / "original" / ".d1.bin.part").write_bytes(b"half")
    assert len(in_zone(context, "litter")) == 4
    purge(context, **BY)
    assert tables.superseded(deliver_again) == []
    assert tables.read(deliver_again).num_rows == rows.num_rows
    assert past_their_time(context) == []


def test_the_audit_says_what_went_and_that_nothing_is_left(context: Context) -> None:
    refused(context)
    after = later(context, 402)
    size = sum(item.size for item in in_zone(after, "refused_rows"))
    purge(after, **BY)
    (said,) = audit.list_entries(context.ledger, action="purge")
    (proved,) = audit.list_entries(context.ledger, action="purge_proved")
    assert (said.who, said.subject) == ("A. Name", "retention")
    rows = said.counts["refused_rows (no night may use it)"]
    assert (rows["bytes"], rows["oldest"]) == (size, NIGHT.isoformat())
    assert proved.counts == said.counts and audit.verify(context.ledger) == []


@pytest.mark.parametrize("after_things", [0, 1, 2, 3])
def test_a_purge_killed_half_way_is_finished_by_the_next(
    context: Context, monkeypatch: pytest.MonkeyPatch, after_things: int
) -> None:
    land(context, "acute_ecds")
    take_in(context)
    name = refused(context, "acute_apc")
    after, done = later(context, 2000), []

    def killed(act: Callable[..., object]) -> Callable[..., None]:
        def run(*arguments: object) -> None:
            if len(done) == after_things:
                raise KeyboardInterrupt
            done.append(arguments)
            act(*arguments)

        return run

    with monkeypatch.context() as patch:
        for function in ("_delete_of_table", "_delete"):
            patch.setattr(step, function, killed(getattr(step, function)))
        with pytest.raises(KeyboardInterrupt):
            purge(after, **BY)
    assert audit.list_entries(context.ledger, action="purge_proved") == []
    purge(after, **BY)
    assert past_their_time(after) == [] and slices_of(context, name) == set()
    assert all(one.original_deleted_at for one in list_deliveries(context.ledger, extract="acute_ecds"))
    assert len(audit.list_entries(context.ledger, action="purge")) == 2


def test_a_purge_that_leaves_something_says_so(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(context)
    monkeypatch.setattr(step, "_delete_of_table", lambda *_: None)
    with pytest.raises(PipelineError, match="still there after the purge"):
        purge(later(context, 402), **BY)
    assert audit.list_entries(context.ledger, action="purge_proved") == []


@pytest.mark.parametrize("by", [{"who": " ", "reason": "r"}, {"who": "A", "reason": ""}])
def test_nothing_goes_without_a_name_and_a_reason(context: Context, by: dict[str, str]) -> None:
    refused(context)
    with pytest.raises(UserError, match="needs a name and a reason"):
        purge(later(context, 402), **by)
    assert in_zone(later(context, 402), "refused_rows")


def test_rows_in_use_past_their_history_are_named_for_a_person(context: Context) -> None:
    name = deliver(context, "acute_ecds", [{}], sender="RAL")
    with writing(context.ledger) as connection:
        connection.execute(delivery_table.update().values(latest_event_date=date(2010, 1, 1)))
    assert ageing_history(context) == [name]
    assert name in told(context)[-1]


def scored(context: Context, run_key: str) -> None:
    for table in ("cohort", "score", "feature"):
        path = layout.table(context.settings.home, table)
        tables.replace_slice(path, pa.table({"person_key": pa.array(["p1"])}), column="run_key", value=run_key)


def slices_left(context: Context, table: str) -> list[str]:
    return tables.slices(layout.table(context.settings.home, table), column="run_key")


def test_scores_of_a_night_that_published_stay_until_it_is_known_whether_they_came_true(context: Context) -> None:
    deliver(context, "gp_patient", [patient(ANN, "1")])
    enter_model(context, "model")
    published, unpublished = opened(context), opened(context, as_of=NIGHT + timedelta(days=1))
    for night in (published, unpublished):
        finish(context, night)
        scored(context, night.run_key)
    enter_edition(context, published, as_of=NIGHT)
    newer = opened(context, as_of=NIGHT + timedelta(days=8))
    finish(context, newer)
    enter_edition(context, newer, as_of=NIGHT + timedelta(days=8))
    purge(later(context, 200), **BY)
    assert slices_left(context, "score") == slices_left(context, "cohort") == [published.run_key]
    assert slices_left(context, "feature") == []
    assert in_zone(later(context, 429), "scores") == []
    purge(later(context, 432), **BY)
    assert slices_left(context, "score") == slices_left(context, "cohort") == []


def test_a_home_that_says_nothing_of_scores_keeps_them_as_long_as_the_rest(context: Context) -> None:
    deliver(context, "gp_patient", [patient(ANN, "1")])
    enter_model(context, "model")
    night = opened(context)
    finish(context, night)
    scored(context, night.run_key)
    enter_edition(context, night, as_of=NIGHT)
    newer = opened(context, as_of=NIGHT + timedelta(days=8))
    finish(context, newer)
    enter_edition(context, newer, as_of=NIGHT + timedelta(days=8))
    shipped = (PROJECT / "policy" / FILE).read_text()
    own = "\n".join(line for line in shipped.splitlines() if not line.startswith("scores:"))
    (context.settings.home / FILE).write_text(own)
    purge(later(context, 200), **BY)
    assert slices_left(context, "score") == []


def test_what_a_replayable_night_is_watched_against_stays(context: Context) -> None:
    deliver(context, "gp_patient", [patient(ANN, "1")])
    enter_model(context, "model")
    before = opened(context)
    scored(context, before.run_key)
    tables.replace_slice(
        layout.table(context.settings.home, "register"), pa.table({"person_key": pa.array(["p1"])}),
        column="run_key", value=before.run_key,
    )  # fmt: skip
    finish(context, before)
    night = opened(later(context, 36), as_of=NIGHT + timedelta(days=35))
    assert night.inputs["watching"]["before"] == before.run_key
    finish(context, night)
    purge(later(context, 124), **BY)
    assert slices_left(context, "feature") == slices_left(context, "score") == [before.run_key]
    purge(later(context, 130), **BY)
    assert slices_left(context, "feature") == slices_left(context, "score") == []
