"""Gates that stand behind another one, each by itself: what one would let through the next must still stop.

Together they are looked at where they work (tests/steps, tests/journey); here no other gate can hide that one is gone.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from run_home import enter_model, write_policy
from small_home import ANN, BEN, CAT, DISSENT, PRACTICE, csv_of, deliver, entry, keys, patient, small_context
from test_publish import NIGHT, a_run, bury, row, sealed, staged

from pipeline.contracts.policy import load_policy
from pipeline.contracts.settings import Settings
from pipeline.errors import ChannelError, GateClosed, PipelineError
from pipeline.ledger import audit
from pipeline.ledger.deliveries import Delivery, get_delivery, list_deliveries, record_received, record_verdict
from pipeline.ledger.runs import Run
from pipeline.rules.nhs_number import spaced
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.vault_use import audited_vault
from pipeline.steps.link.link import link
from pipeline.steps.opt_out.national_opt_out import check_gate
from pipeline.steps.publish.locality_pack import has_lists
from pipeline.steps.publish.pack_check import check_staged
from pipeline.steps.publish.publish import Slot, _reveal, _said
from pipeline.steps.register.register import register
from pipeline.steps.run.run import open_run
from pipeline.steps.watch.source_states import _state, notices
from pipeline.store import layout, tables


@pytest.fixture
def context(home: Settings) -> Context:
    """Ann and Ben at the practice, Cat at another; everyone alive."""
    context = small_context(home)
    others = patient(CAT, "3", practice_code="F83039")
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2"), others])
    link(context)
    bury(context)
    return context


def test_a_night_does_not_open_before_the_check_service_has_answered(context: Context) -> None:
    """Linkage would refuse too; the night must not get as far."""

    def applies(policy: dict[str, Any]) -> None:
        policy["sources"][0]["national_data_opt_out_applies"] = True

    write_policy(context.settings, applies)
    with pytest.raises(GateClosed, match="nobody has been checked"):
        check_gate(context, load_policy(context.settings.policy_file), day=NIGHT, sources=("gp",))


def test_a_page_that_names_someone_who_opted_out_blocks_the_pack(context: Context, tmp_path: Path) -> None:
    """The file lists Ann alone; the page names Ben as one who left."""
    pack = staged(context, tmp_path / "pack", [row(ANN)], page=f"<td>{spaced(ANN)}</td><td>{spaced(BEN)}</td>")
    check_staged(context, a_run(context), staged=pack, practice_code=PRACTICE)
    deliver(context, "gp_event", [entry(BEN, "O-1", DISSENT)], at="2026-11-16T03:00:00")
    with pytest.raises(ChannelError, match="1 people on the page have opted out"):
        check_staged(context, a_run(context), staged=pack, practice_code=PRACTICE)


@pytest.mark.parametrize(("adults", "is_blocked"), [(50, True), (0, False)])
def test_an_empty_list_of_a_practice_with_adults_is_blocked(
    context: Context, tmp_path: Path, adults: int, is_blocked: bool
) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    header = csv_of([row(ANN)]).splitlines(keepends=True)[0]
    (pack / "RISKREG.csv").write_bytes(header)
    sealed(context, pack, {"people": 0, "scored_adults": adults})
    if not is_blocked:
        check_staged(context, a_run(context), staged=pack, practice_code=PRACTICE)
        return
    with pytest.raises(ChannelError, match="nobody is listed though adults were scored"):
        check_staged(context, a_run(context), staged=pack, practice_code=PRACTICE)


def test_nothing_is_revealed_unchecked(context: Context, tmp_path: Path) -> None:
    """A pack with another practice's patient, handed over as if it had been made well."""
    made = staged(context, tmp_path / "made", [row(ANN), row(CAT)])
    files = {path.name: path.read_bytes() for path in made.iterdir()}
    slot = Slot("practice.F83671.2026-11-15.r1", 1, context.settings.home / "registers" / "pack", None)
    night: Any = SimpleNamespace(run=a_run(context))
    with pytest.raises(ChannelError, match="1 people are not patients of the practice"):
        _reveal(context, night, slot=slot, files=files, practice_code=PRACTICE)
    assert not slot.target.exists()


@pytest.mark.parametrize(
    "change", [{"release": False}, {"valid_to": "2026-11-01"}], ids=["not released", "ended before the night"]
)
def test_no_basis_no_list_for_a_locality(context: Context, change: dict[str, object]) -> None:
    night: Any = SimpleNamespace(run=SimpleNamespace(as_of=NIGHT))
    assert has_lists(night, policy=load_policy(context.settings.policy_file))

    def without(policy: dict[str, Any]) -> None:
        policy["localities"] |= change

    write_policy(context.settings, without)
    assert not has_lists(night, policy=load_policy(context.settings.policy_file))


def test_every_use_of_the_vault_is_entered(context: Context) -> None:
    """With who, run, practice, purpose and count; and before anything is opened."""
    vault = audited_vault(context, purpose="publication", run_key="0123")
    vault.reidentify(practice_code=PRACTICE, person_keys=keys(context, ANN, BEN))
    with pytest.raises(GateClosed):
        vault.reidentify(practice_code=PRACTICE, person_keys=keys(context, CAT))
    vault.forget(keys(context, CAT))
    vault.close()
    told = [one for one in audit.list_entries(context.ledger, run_key="0123") if "publication" in one.subject]
    assert [(one.who, one.counts["people"]) for one in told] == [("pipeline", 2), ("pipeline", 1), ("pipeline", 1)]
    assert f"practice {PRACTICE}" in told[0].subject


def of_the_run(context: Context, name: str, columns: dict[str, pa.Array]) -> None:
    tables.replace_slice(layout.table(context.settings.home, name), pa.table(columns), column="run_key", value="0123")


def a_frozen_night(context: Context, *, scored: list[str]) -> Run:
    """Ann, Ben and a child, whose chance is the highest of all, in the cohort of a run; `scored` have a score."""
    people = [*keys(context, ANN, BEN), "p1_child"]
    chance = dict(zip(people, (Decimal("0.2"), Decimal("0.1"), Decimal("0.9")), strict=True))
    of_the_run(
        context,
        "cohort",
        {
            "person_key": pa.array(people),
            "practice_code": pa.array([PRACTICE] * 3),
            "is_adult": pa.array([True, True, False]),
        },
    )
    some = [one for one in people if one in scored]
    scores = pa.array([chance[one] for one in some], pa.decimal128(7, 6))
    of_the_run(context, "score", {"person_key": pa.array(some, pa.string()), "risk_score": scores})
    return a_run(context)


def test_children_are_scored_and_on_no_list(context: Context) -> None:
    people = keys(context, ANN, BEN)
    register(context, run=a_frozen_night(context, scored=[*people, "p1_child"]))
    rows = tables.read(layout.table(context.settings.home, "register"), column="run_key", values=["0123"])
    # Two adults at 2 in 100, rounded up, are one; the child at 90 in 100 is none of them.
    assert rows["person_key"].to_pylist() == people[:1]


def test_no_register_of_half_the_scores(context: Context) -> None:
    run = a_frozen_night(context, scored=keys(context, ANN, BEN))
    with pytest.raises(PipelineError, match="scored 2 people of a cohort of 3"):
        register(context, run=run)


def test_a_fault_inside_a_pack_is_told_without_its_words() -> None:
    assert _said(ValueError(f"row of {ANN}")) == "a fault inside (ValueError)"
    assert "3 people" in _said(PipelineError("3 people stand twice"))


def state_of(context: Context, *, latest: date | None, change: dict[str, object]) -> str:
    """What a register says of GP records that reach to `latest`."""
    write_policy(context.settings, lambda policy: policy["sources"][0].update(change))
    policy = load_policy(context.settings.policy_file)
    (known,) = list_deliveries(context.ledger, extract="gp_patient")
    received = [] if latest is None else [Delivery(**{**vars(known), "latest_event_date": latest})]
    run: Any = SimpleNamespace(as_of=NIGHT)
    return _state("gp", received, run=run, policy=policy, is_used=True, kept_out=[]).says


def test_a_source_without_a_basis_is_said_not_to_be_used(context: Context) -> None:
    says = state_of(context, latest=NIGHT, change={"valid_to": date(2026, 11, 1)})
    assert says == "Not used: there is no valid lawful basis for it tonight"


@pytest.mark.parametrize(
    ("latest", "says"),
    [
        (NIGHT, "Records up to 15 November 2026"),
        (date(2026, 11, 14), "Records up to 14 November 2026"),
        (date(2026, 11, 1), "Records up to 1 November 2026, 14 days before this list"),
        (None, "Nothing has been received yet"),
    ],
)
def test_how_old_each_source_is_stands_on_the_register(context: Context, latest: date | None, says: str) -> None:
    assert state_of(context, latest=latest, change={}) == says


def test_a_refused_file_is_told_until_a_good_one_comes(context: Context) -> None:
    run = a_run(context)
    good = list_deliveries(context.ledger, extract="gp_patient")[0]
    name = "gp_patient.GPS01.20261115T210000Z"
    record_received(
        context.ledger, delivery_id=name, extract="gp_patient", sender="GPS01", kind="regular", file_name="b.csv",
        sha256="1" * 64, period_start=good.period_start, period_end=good.period_end,
        received_at=datetime(2026, 11, 15, 21, tzinfo=UTC), rows_in=1,
    )  # fmt: skip
    record_verdict(
        context.ledger, delivery_id=name, state="refused", reason_code="GP-PT-001", rows_in=1, rows_refused=1
    )
    assert [says for says in notices(context, run=run) if "from GPS01 could not be used" in says]
    deliver(context, "gp_patient", [patient(ANN, "1")], at="2026-11-15T22:00:00")
    assert [says for says in notices(context, run=run) if "could not be used" in says] == []
    assert get_delivery(context.ledger, name) is not None


def test_a_night_is_opened_once_everything_is_in_order(context: Context) -> None:
    """The gates of this module do stand open for what is right."""
    enter_model(context, "model")
    assert open_run(context, as_of=NIGHT, knowledge="then").kind == "nightly"
