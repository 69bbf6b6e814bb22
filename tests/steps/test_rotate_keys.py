"""Rotating keys: all of the home comes under the new ones or none of it, and nothing is left of the old."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from killed_touch import Killed, killed_at
from run_home import enter_model, write_policy
from small_home import ANN, BEN, CAT, DISSENT, WITHDRAWAL, deliver, entry, keys, patient, people_in, small_context

from pipeline.contracts.settings import Settings, read_settings
from pipeline.errors import GateClosed, UserError
from pipeline.ledger import audit, registers, runs, steps
from pipeline.ledger.registers import Edition, Entry
from pipeline.steps.at_hand.context import ROTATING, Context, open_context
from pipeline.steps.features.events import events
from pipeline.steps.link.link import link
from pipeline.steps.night.nightly import run_stage
from pipeline.steps.run.run import open_run
from pipeline.steps.upkeep.backup import backup
from pipeline.steps.upkeep.new_keys import new_keys
from pipeline.steps.upkeep.restore import restore
from pipeline.steps.upkeep.rotate_keys import rotate_keys
from pipeline.store import layout, tables
from pipeline.store.keys import read_keys
from pipeline.store.vault import open_vault

NIGHT, LATER = date(2026, 11, 15), date(2026, 11, 22)
AT = datetime(2026, 11, 16, 6, tzinfo=UTC)
OF_A_RUN = ("cohort", "feature", "score", "register")
EDITION = "practice.F83671.2026-11-15.r1"


def filled(home: Settings) -> Context:
    """Ann and Ben linked, rows of a run and an edition of theirs, and Cat, who dissents; keys made as always."""
    context = small_context(home)
    shutil.rmtree(home.keys_folder)
    new_keys(home, who="operator")
    context = replace(context, keys=read_keys(home.keys_folder))
    write_policy(home, lambda policy: None)
    fill(context)
    for name in OF_A_RUN:
        rows = pa.table({"person_key": keys(context, ANN, BEN), "anything": [1, 2]})
        tables.replace_slice(layout.table(home.home, name), rows, column="run_key", value="0123")
    enter_edition(context)
    return open_context(home)


def fill(context: Context) -> None:
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2"), patient(CAT, "3")])
    deliver(context, "gp_event", [entry(ANN, "O-1"), entry(BEN, "O-2"), entry(CAT, "O-3", DISSENT)])
    deliver(context, "acute_apc", [{"nhs_number": ANN}, {"nhs_number": BEN}], sender="RKE")
    link(context)
    events(context)


def enter_edition(context: Context) -> None:
    runs.freeze_run(
        context.ledger, run_key="0123", kind="nightly", as_of=NIGHT, knowledge="then", model_id="m",
        inputs={"keys": context.keys.ids}, delivery_ids=[], at=AT,
    )  # fmt: skip
    made = Edition(EDITION, "0123", "current", "practice", NIGHT, "F83671", 1, "0" * 64, "x", {"people": 2}, AT)
    listed = [
        Entry(key, "by_rank", rank, Decimal("0.5"), "care_home", NIGHT, 1, 0)
        for rank, key in enumerate(keys(context, ANN, BEN), start=1)
    ]
    registers.record_edition(context.ledger, edition=made, entries=listed)
    runs.finish_run(context.ledger, run_key="0123", at=AT, counts={})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The filled home, made once; every test has a copy."""
    folder = tmp_path_factory.mktemp("made") / "home"
    context = filled(read_settings({"RISKSTRAT_HOME": str(folder)}))
    context.ledger.engine.dispose()
    return folder


@pytest.fixture
def context(home: Settings, made: Path) -> Iterator[Context]:
    shutil.copytree(made, home.home)
    context = open_context(home)
    yield context
    context.ledger.engine.dispose()


def rotate(settings: Settings, **options: Any) -> Context:
    rotate_keys(settings, who="A. Operator", reason="yearly", **options)
    return open_context(settings)


def everywhere(context: Context) -> dict[str, list[str]]:
    """Person keys by place."""
    home = context.settings.home
    places = {name: layout.table(home, name) for name in (*OF_A_RUN, "event", "registration")}
    places |= {f"linked {name}": layout.linked(home, name) for name in ("gp_patient", "gp_event", "acute_apc")}
    found = {name: people_in(context, path) for name, path in places.items()}
    vault = open_vault(context.settings.vault_url, keys=context.keys)
    found["vault"] = sorted(vault.practices(keys(context, ANN, BEN, CAT)))
    vault.close()
    found["entries"] = sorted(one.person_key for one in registers.entries(context.ledger, edition_id=EDITION))
    return found


def files_with(prefix: str, folder: Path) -> list[str]:
    """Files in whose bytes, or in whose Parquet pages once decoded, a key that begins so stands."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        # SQLite's own files beside a database come and go with its connections.
        stands = prefix.encode() in _bytes(path)
        if path.suffix == ".parquet":
            stands |= prefix in pq.ParquetFile(path).read().to_pandas().to_string()
        if stands:
            found.append(path.relative_to(folder).as_posix())
    return found


def test_everybody_is_known_by_a_new_key_and_the_old_one_stands_nowhere(context: Context) -> None:
    was, home = context.keys, context.settings.home
    assert len(files_with(f"p{was.person_id}_", home)) > len(OF_A_RUN)
    assert tables.digest(tables.read(layout.erased(home))) != ""
    context.ledger.engine.dispose()
    now = rotate(context.settings)
    assert {one: now.keys.ids[one] != was.ids[one] for one in was.ids} == {
        "person": True, "practice": True, "vault": True, "signing": True, "local": False, "original": False,
    }  # fmt: skip
    assert set(map(tuple, everywhere(now).values())) == {tuple(keys(now, ANN, BEN))}
    assert people_in(now, layout.erased(home)) == keys(now, CAT)
    now.ledger.engine.dispose()
    assert files_with(f"p{was.person_id}_", home) == []
    left = {path.relative_to(home).as_posix() for path in home.rglob("*") if was.person.hex().encode() in _bytes(path)}
    assert left == set()
    assert sorted(path.name for path in now.settings.keys_folder.iterdir()) == sorted(
        f"{one}.key.json" for one in was.ids
    )


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def test_a_rotated_home_is_the_one_that_the_new_keys_would_have_made(context: Context, tmp_path: Path) -> None:
    now = rotate(context.settings)
    fresh = small_context(Settings(**{**vars(context.settings), **_elsewhere(tmp_path / "fresh")}))
    shutil.rmtree(fresh.settings.keys_folder)
    shutil.copytree(now.settings.keys_folder, fresh.settings.keys_folder)
    fresh = replace(fresh, keys=read_keys(fresh.settings.keys_folder))
    fill(fresh)
    places = [lambda home, name=name: layout.linked(home, name) for name in ("gp_patient", "gp_event", "acute_apc")]
    places += [lambda home, name=name: layout.table(home, name) for name in ("registration", "event")]
    for place in (*places, layout.erased):
        one, two = (tables.read(place(where.settings.home)) for where in (now, fresh))
        assert one.num_rows and tables.digest(one) == tables.digest(two)


def _elsewhere(home: Path) -> dict[str, object]:
    return {
        "home": home,
        "policy_file": home / "policy.yml",
        "keys_folder": home / "vault" / "keys",
        "ledger_url": f"sqlite:///{home / 'ledger.db'}",
        "vault_url": f"sqlite:///{home / 'vault' / 'vault.db'}",
        "audit_anchor": home / "audit-anchor.jsonl",
    }


def test_nothing_is_linked_again_and_names_stay_the_practices(context: Context) -> None:
    now = rotate(context.settings)
    assert link(now).counts["deliveries"] == 0
    vault = open_vault(now.settings.vault_url, keys=now.keys)
    found = vault.reidentify(practice_code="F83671", person_keys=keys(now, ANN, BEN))
    assert sorted(one.nhs_number for one in found.values()) == [ANN, BEN]
    with pytest.raises(GateClosed, match="belong to another practice"):
        vault.reidentify(practice_code="F83039", person_keys=keys(now, ANN))
    vault.close()


def test_opt_outs_hold_across_a_rotation_late_ones_and_their_withdrawal_too(context: Context) -> None:
    now = rotate(context.settings)
    deliver(now, "gp_event", [entry(BEN, "O-8", DISSENT, effective_date="2026-11-16")], at="2026-11-16T20:00:00")
    link(now)
    events(now)
    assert set(map(tuple, everywhere(now).values())) == {tuple(keys(now, ANN))}
    changed = [entry(CAT, "O-9", WITHDRAWAL, effective_date="2026-11-17")]
    deliver(now, "gp_event", changed, at="2026-11-17T20:00:00")
    link(now)
    assert people_in(now, layout.linked(now.settings.home, "gp_patient")) == keys(now, ANN, CAT)


def test_the_audit_tells_of_it_in_counts(context: Context) -> None:
    was = context.keys
    now = rotate(context.settings)
    rows = audit.list_entries(now.ledger)
    told = {row.action: row for row in rows}
    assert told["rotate_keys"].who == told["keys_rotated"].who == "A. Operator"
    assert "yearly" in told["rotate_keys"].subject and "map_kept=command" in told["rotate_keys"].subject
    assert told["keys_rotated"].counts["people_in_vault"] == 2
    assert told["keys_rotated"].counts["entries"] == 2
    opened = [row for row in rows if row.action == "re-identify"]
    assert opened and {row.subject for row in opened} == {"practice any, purpose key rotation"}
    assert {row.counts["people"] for row in opened} == {2}
    assert not any(f"p{one}_" in str(row) for row in rows for one in (was.person_id, now.keys.person_id))
    assert audit.verify(now.ledger) == []


def test_a_home_is_not_worked_in_with_keys_it_is_not_under(context: Context, tmp_path: Path) -> None:
    """A copy of the old key put back would make every person a new one, and a night of two keys."""
    shutil.copytree(context.settings.keys_folder, tmp_path / "kept")
    rotate(context.settings)
    with pytest.raises(UserError, match="person, practice, signing, vault keys are not those"):
        open_context(context.settings.model_copy(update={"keys_folder": tmp_path / "kept"}))


def test_a_night_frozen_before_is_made_anew_not_gone_on_with(context: Context) -> None:
    enter_model(context, "first")
    frozen = open_run(context, as_of=LATER, knowledge="then")
    now = rotate(context.settings)
    with pytest.raises(UserError, match="frozen under other keys"):
        run_stage(now, "features", run=frozen)
    anew = open_run(now, as_of=LATER, knowledge="then")
    assert anew.run_key != frozen.run_key and anew.inputs["keys"] == now.keys.ids
    assert dict(anew.inputs["previous_editions"])["F83671"] == EDITION


def test_a_night_that_has_published_some_packs_is_finished_first(context: Context) -> None:
    home = context.settings
    enter_model(context, "first")
    run = open_run(context, as_of=LATER, knowledge="then")
    made = Edition("practice.F83671.2026-11-22.r1", run.run_key, "current", "practice", LATER, "F83671", 1, "0" * 64,
                   "x", {"people": 0}, AT)  # fmt: skip
    registers.record_edition(context.ledger, edition=made, entries=[])
    with pytest.raises(UserError, match="published some of its packs"):
        rotate(home)
    assert read_keys(home.keys_folder) == context.keys and open_context(home)


def test_people_of_whom_no_number_is_held_are_not_lost_unasked(context: Context) -> None:
    was, home = context.keys, context.settings.home
    stranger = f"p{was.person_id}_{'e' * 32}"
    rows = pa.table({"person_key": [stranger, *keys(context, ANN)], "anything": [3, 4]})
    tables.replace_slice(layout.table(home, "cohort"), rows, column="run_key", value="4567")
    with pytest.raises(UserError, match="^1 people stand in the store"):
        rotate(context.settings)
    assert read_keys(context.settings.keys_folder) == was
    now = rotate(context.settings, forget_unknown=True)
    assert people_in(now, layout.table(home, "cohort")) == keys(now, ANN, BEN)
    (row,) = audit.list_entries(now.ledger, action="keys_rotated")
    assert row.counts["rows_dropped"] == 1


def test_pseudonyms_where_none_belong_stop_it_before_it_begins(context: Context) -> None:
    (context.settings.home / "reports").mkdir(exist_ok=True)
    (context.settings.home / "reports" / "mine.txt").write_text(f"look at {keys(context, ANN)[0]}")
    with pytest.raises(UserError, match="1 files that are no tables"):
        rotate(context.settings)
    assert read_keys(context.settings.keys_folder) == context.keys


@pytest.mark.parametrize(("who", "reason"), [("", "yearly"), ("A. Operator", " "), ("A. Operator", f"for {ANN}")])
def test_it_needs_a_name_and_a_reason(context: Context, who: str, reason: str) -> None:
    with pytest.raises(UserError):
        rotate_keys(context.settings, who=who, reason=reason)
    assert read_keys(context.settings.keys_folder) == context.keys


def test_a_backup_made_after_it_brings_the_rotated_home_back(context: Context, tmp_path: Path) -> None:
    """And one made before it brings back the old one, whole, under its own keys."""
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse battery staple\n")
    options = {"who": "A. Name", "passphrase_file": passphrase}
    backup(context, to=tmp_path / "before", without_keys=False, **options)
    now = rotate(context.settings)
    backup(now, to=tmp_path / "after", without_keys=False, **options)
    for name, keys_then in (("before", context.keys), ("after", now.keys)):
        back = context.settings.model_copy(update=_elsewhere(tmp_path / f"from {name}"))
        restore(back, source=tmp_path / name, **options)
        restored = open_context(back)
        assert restored.keys == keys_then
        assert set(map(tuple, everywhere(restored).values())) == {tuple(keys(restored, ANN, BEN))}
        assert audit.verify(restored.ledger) == []


def touches_of(context: Context, folder: Path) -> list[str]:
    """Kinds of the touches of a rotation that nobody kills, in their order."""
    whole = context.settings.model_copy(update=_elsewhere(folder))
    shutil.copytree(context.settings.home, whole.home)
    with killed_at(0) as touches:
        rotate_keys(whole, who="A. Operator", reason="yearly")
    kinds = {"table commit", "table vacuum", "ledger commit", "vault commit", "sync", "replace", "unlink"}
    assert set(touches) >= kinds and len(touches) > 30
    return touches


def survived(context: Context, home: Path, *, nth: int) -> bool:
    """A copy of the home killed at this touch and rotated again comes out whole; whether it had begun when killed."""
    copy = context.settings.model_copy(update=_elsewhere(home))
    shutil.copytree(context.settings.home, copy.home)
    with pytest.raises(Killed), killed_at(nth):
        rotate_keys(copy, who="A. Operator", reason="yearly")
    has_begun = (copy.home / ROTATING).exists()
    if has_begun:
        with pytest.raises(UserError, match="rotate again"):
            open_context(copy)
    elif read_keys(copy.keys_folder) == context.keys:
        now = open_context(copy)
        assert set(map(tuple, everywhere(now).values())) == {tuple(keys(now, ANN, BEN))}
        now.ledger.engine.dispose()
    now = rotate(copy)
    assert now.keys.person_id != context.keys.person_id
    assert set(map(tuple, everywhere(now).values())) == {tuple(keys(now, ANN, BEN))}, nth
    assert audit.verify(now.ledger) == []
    now.ledger.engine.dispose()
    assert files_with(f"p{context.keys.person_id}_", copy.home) == [], nth
    shutil.rmtree(copy.home)
    return has_begun


def test_killed_anywhere_it_has_not_happened_or_is_finished_by_the_next(context: Context, tmp_path: Path) -> None:
    """Just before and after the mark, among the tables, after the vault, and among the keys put in place."""
    context.ledger.engine.dispose()
    touches = touches_of(context, tmp_path / "whole")
    mark, first_key, *_, last_key = [place for place, kind in enumerate(touches, start=1) if kind == "replace"]
    # Looking into the vault commits too: the last is where its rows change.
    vault = max(place for place, kind in enumerate(touches, start=1) if kind == "vault commit" and place < first_key)
    chosen = [mark, mark + 1, (mark + first_key) // 2, vault + 1, first_key, last_key]
    begun = [survived(context, tmp_path / f"killed {nth}", nth=nth) for nth in chosen]
    assert begun == [False, True, True, True, True, True]


@pytest.mark.faults
def test_killed_at_every_touch(context: Context, tmp_path: Path) -> None:
    context.ledger.engine.dispose()
    touches = touches_of(context, tmp_path / "whole")
    begun = [survived(context, tmp_path / f"killed {n}", nth=n) for n in range(1, len(touches) + 1)]
    assert 0 < sum(begun) < len(begun)


def test_a_rotation_goes_on_only_with_the_keys_it_was_begun_with(context: Context) -> None:
    settings = context.settings
    context.ledger.engine.dispose()
    with pytest.raises(Killed), patch("pipeline.steps.upkeep.rotate_keys._prove", side_effect=Killed):
        rotate_keys(settings, who="A. Operator", reason="yearly")
    mark = settings.home / ROTATING
    content = json.loads(mark.read_text())
    mark.write_text(json.dumps({**content, "becomes": {**content["becomes"], "person": "00000000"}}))
    with pytest.raises(UserError, match="not those the rotation was begun with"):
        rotate_keys(settings, who="", reason="")
    mark.write_text(json.dumps(content))
    # Who and why were said when it was begun.
    rotate_keys(settings, who="", reason="")
    now = open_context(settings)
    (row,) = audit.list_entries(now.ledger, action="keys_rotated")
    assert row.who == "A. Operator"
    assert steps.find_step(now.ledger, scope="gp_event.GPS01.20261115T200000Z", step="link") is not None
