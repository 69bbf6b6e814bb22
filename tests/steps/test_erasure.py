"""Erasure: a dissent that comes late takes the person out of every table, the vault and the register entries."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from small_home import ANN, BEN, DISSENT, deliver, entry, keys, patient, people_in, small_context

from pipeline.contracts.settings import Settings
from pipeline.ledger import audit, registers, runs
from pipeline.ledger.registers import Edition, Entry
from pipeline.steps.at_hand.context import Context
from pipeline.steps.features.events import events
from pipeline.steps.link.link import link
from pipeline.steps.opt_out.erasure import current_erasure
from pipeline.store import layout, tables
from pipeline.store.vault import open_vault

# Every table of the pseudonymised zone that has a row per person and run.
OF_A_RUN = ("cohort", "feature", "death", "score", "segment", "register")


@pytest.fixture
def context(home: Settings) -> Context:
    """Ann and Ben linked, with events, rows of a run, and a place on an edition."""
    context = small_context(home)
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2")])
    deliver(context, "gp_event", [entry(ANN, "O-1"), entry(BEN, "O-2")])
    deliver(context, "acute_apc", [{"nhs_number": ANN}, {"nhs_number": BEN}], sender="RKE")
    link(context)
    events(context)
    people = keys(context, ANN, BEN)
    for name in OF_A_RUN:
        rows = pa.table({"person_key": people, "anything": [1, 2]})
        tables.replace_slice(layout.table(home.home, name), rows, column="run_key", value="0123")
    enter_edition(context, people)
    return context


def enter_edition(context: Context, people: list[str]) -> None:
    at = datetime(2026, 11, 16, 6, tzinfo=UTC)
    for run_key, as_of in (("0123", date(2026, 11, 15)), ("4567", date(2026, 11, 22))):
        runs.freeze_run(
            context.ledger, run_key=run_key, kind="nightly", as_of=as_of, knowledge="then", model_id="m",
            inputs={}, delivery_ids=[], at=at,
        )  # fmt: skip
    edition = Edition(
        edition_id="practice.F83671.2026-11-15.r1", run_key="0123", kind="current", plane="practice",
        as_of=date(2026, 11, 15), code="F83671", revision=1, manifest_sha256="0" * 64, path="x", counts={"people": 2},
        published_at=at,
    )  # fmt: skip
    listed = [
        Entry(key, "by_rank", rank, Decimal("0.5"), "care_home", date(2026, 11, 15), 1, 0)
        for rank, key in enumerate(people, start=1)
    ]
    registers.record_edition(context.ledger, edition=edition, entries=listed)


def everywhere(context: Context) -> dict[str, list[str]]:
    """Person keys by place."""
    home = context.settings.home
    places = {name: layout.table(home, name) for name in (*OF_A_RUN, "event", "registration")}
    places |= {f"linked {name}": layout.linked(home, name) for name in ("gp_patient", "gp_event", "acute_apc")}
    found = {name: people_in(context, path) for name, path in places.items()}
    vault = open_vault(context.settings.vault_url, keys=context.keys)
    found["vault"] = sorted(vault.practices(keys(context, ANN, BEN)))
    edition = "practice.F83671.2026-11-15.r1"
    found["entries"] = sorted(e.person_key for e in registers.entries(context.ledger, edition_id=edition))
    return found


def bytes_with(key: str, folder: Path) -> list[str]:
    """Files below the folder in whose bytes the key stands, or in whose Parquet pages once decoded."""
    import pyarrow.parquet as pq

    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        stands = key.encode() in path.read_bytes()
        if path.suffix == ".parquet":
            # Looked at whether or not the table still names the file.
            stands |= key in pq.ParquetFile(path).read().to_pandas().to_string()
        if stands:
            found.append(path.relative_to(folder).as_posix())
    return found


def dissent(context: Context) -> None:
    deliver(context, "gp_event", [entry(ANN, "O-3", DISSENT)], at="2026-11-16T20:00:00")
    link(context)
    events(context)


def test_before_the_dissent_both_are_everywhere(context: Context) -> None:
    assert set(map(tuple, everywhere(context).values())) == {tuple(keys(context, ANN, BEN))}
    assert current_erasure(context).nhs_numbers == frozenset()


def test_a_late_dissent_erases_from_every_table_the_vault_and_the_entries(context: Context) -> None:
    dissent(context)
    assert current_erasure(context).nhs_numbers == {ANN}
    left = {place: people for place, people in everywhere(context).items() if people != keys(context, BEN)}
    assert left == {}


def test_the_audit_names_the_editions_that_held_who_is_erased(context: Context) -> None:
    """Their own, the practice's next (it names who left) and the locality's; not another practice's, and nobody."""
    night, week = date(2026, 11, 15), date(2026, 11, 22)
    at = datetime(2026, 11, 16, 6, tzinfo=UTC)
    others = [("practice", "F83671", week), ("practice", "F83039", week), ("locality", "U11111", night)]
    for plane, code, as_of in others:
        name = f"{plane}.{code}.{as_of}.r1"
        made = Edition(
            name, "0123" if as_of == night else "4567", "current", plane, as_of, code, 1, "0" * 64, "x", {}, at
        )
        registers.record_edition(context.ledger, edition=made, entries=[])
    assert audit.list_entries(context.ledger, action="erase") == []
    dissent(context)
    (row,) = audit.list_entries(context.ledger, action="erase")
    assert row.subject.split() == [
        "locality.U11111.2026-11-15.r1",
        "practice.F83671.2026-11-15.r1",
        "practice.F83671.2026-11-22.r1",
    ]
    assert (row.counts["people"], row.counts["editions"]) == (1, 3)
    assert row.counts["rows"] > len(OF_A_RUN)
    link(context)
    assert len(audit.list_entries(context.ledger, action="erase")) == 1
    assert audit.verify(context.ledger) == []


def test_an_erasure_killed_half_way_still_names_the_editions(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(context, "gp_event", [entry(ANN, "O-3", DISSENT)], at="2026-11-16T20:00:00")

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(audit, "append", killed)
        link(context)
    link(context)
    (row,) = audit.list_entries(context.ledger, action="erase")
    assert row.subject == "practice.F83671.2026-11-15.r1"
    assert everywhere(context)["entries"] == keys(context, BEN)


def test_erasure_reaches_the_bytes(context: Context) -> None:
    """Not even a file that no table names any more, a log's statistics or a page of the ledger keeps the key."""
    (key,) = keys(context, ANN)
    home = context.settings.home
    assert bytes_with(key, home / "pseudonymised") != []
    dissent(context)
    assert bytes_with(key, home / "pseudonymised") == []
    context.ledger.engine.dispose()
    assert key.encode() not in (home / "ledger.db").read_bytes()
    assert key.encode() not in (home / "vault" / "vault.db").read_bytes()


def test_the_dissent_and_its_evidence_stay_in_the_identified_zone(context: Context) -> None:
    dissent(context)
    rows = tables.read(layout.clean(context.settings.home, "gp_event"))
    assert rows["nhs_number"].to_pylist().count(ANN) == 2


def test_the_digest_names_the_set_of_people(context: Context) -> None:
    before = current_erasure(context).digest
    dissent(context)
    after = current_erasure(context).digest
    assert after != before
    deliver(context, "gp_event", [entry(ANN, "O-4", DISSENT)], at="2026-11-17T20:00:00")
    assert current_erasure(context).digest == after
