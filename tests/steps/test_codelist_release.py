"""Code lists: what a change would change is shown first, then taken, and the model refuses or is kept by decision."""

import hashlib
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from run_home import AT, write_policy
from small_home import ANN, BEN, CAT, DISSENT, deliver, entry, keys, patient, small_context

from pipeline.contracts.codelist import load_codelists, seal
from pipeline.contracts.codelist_comparison import Comparison, comparison_page
from pipeline.contracts.feature import load_features
from pipeline.contracts.model import load_plan
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.engines.learner import LabelledTable, train_model
from pipeline.errors import ModelUnfit, UserError
from pipeline.ledger import audit, models
from pipeline.ledger.models import Model
from pipeline.rules.codelist_changes import overlap, row_changes
from pipeline.steps.at_hand.codelists import feature_digests, kept_model_notice
from pipeline.steps.at_hand.context import Context
from pipeline.steps.codelist.acts import Asked, codelist_act
from pipeline.steps.codelist.compare import codelist_compare, readers
from pipeline.steps.codelist.release import codelist_release
from pipeline.steps.features.events import events
from pipeline.steps.link.link import link
from pipeline.steps.model.promote import promote
from pipeline.steps.model.score import promoted_model
from pipeline.steps.opt_out.erasure import current_erasure
from pipeline.steps.run.run import MODEL, open_run
from pipeline.store import layout

NIGHT = date(2026, 11, 15)
SEEN, PHONED = "11429006", "185317003"


@pytest.fixture(scope="module")
def files() -> dict[str, dict[str, bytes]]:
    """Files of models by what they learned from; learning takes a second, so each is made once."""
    return {}


@pytest.fixture
def context(home: Settings, files: dict[str, dict[str, bytes]]) -> Context:
    """Ann was seen once and telephoned twice, Ben telephoned once, Cat neither; a model is promoted."""
    context = small_context(home)
    write_policy(home, lambda policy: None)
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2"), patient(CAT, "3")])
    told = [(ANN, SEEN), (ANN, PHONED), (ANN, PHONED), (BEN, PHONED)]
    entries = [entry(who, f"O-{n}", code, effective_date=f"2026-11-0{n + 1}") for n, (who, code) in enumerate(told)]
    deliver(context, "gp_event", entries)
    deliver(context, "gp_medication", [])
    link(context)
    events(context)
    if "model" not in files:
        files["model"] = learned(context)
    model_id = hashlib.sha256(files["model"]["manifest.json"]).hexdigest()[:12]
    folder = layout.models(home.home, MODEL) / model_id
    folder.mkdir(parents=True)
    for name, content in files["model"].items():
        (folder / name).write_bytes(content)
    models.record_model(context.ledger, model=Model(model_id, MODEL, "logistic", NIGHT, "0", {}, AT))
    promote(context, model_id=model_id, who="a person", reason="a test", despite="a test")
    return context


def learned(context: Context) -> dict[str, bytes]:
    """A model in which more contacts with general practice mean more risk."""
    plan = load_plan(PROJECT, MODEL)
    dials = plan.lightgbm.search[0].model_copy(update={"min_data_in_leaf": 20})
    trees = plan.lightgbm.model_copy(update={"rounds_most": 20, "rounds_step": 10, "search": (dials,)})
    judged = plan.evaluation.model_copy(update={"resamples": 20})
    plan = plan.changed(lightgbm=trees, evaluation=judged, folds=2, source_set_folds=2)
    random = np.random.default_rng(1)

    def labelled(day: date) -> LabelledTable:
        people = 300
        contacts = random.integers(0, 6, people)
        columns: dict[str, pa.Array] = {"person_key": pa.array([f"p1_{n:04d}" for n in range(people)])}
        for concept in load_features(PROJECT):
            for column in concept.columns:
                is_told = column.name.startswith("gp_contacts")
                # Age is a model of its own to compare with, so it must tell something; contacts tell it better.
                older = (contacts >= 3) & (np.arange(people) % 3 > 0)
                other = 30.0 + older if column.name == "age_years" else np.zeros(people)
                columns[column.name] = pa.array(contacts if is_told else other, pa.float64())
        return LabelledTable(day, pa.table(columns), (random.random(people) < 0.1 + 0.12 * contacts).astype(np.int8))

    names = [column.name for concept in load_features(PROJECT) for column in concept.columns]
    trained = train_model(
        [labelled(date(2024, 4, 16))], labelled(date(2025, 4, 16)), plan=plan, feature_columns=names, threads=1,
        source_sets={"all": names}, source_digests=feature_digests(context),
    )  # fmt: skip
    return dict(trained.files)


def without(folder: Path, name: str, code: str, *, version: str = "next") -> Path:
    """A list offered without one of its codes."""
    folder.mkdir()
    for suffix in (".csv", ".yml"):
        shutil.copyfile(PROJECT / "sql" / "codelists" / f"{name}{suffix}", folder / f"{name}{suffix}")
    path = folder / f"{name}.csv"
    kept = [line for line in path.read_text().splitlines() if not line.startswith(code)]
    path.write_text("\n".join(kept) + "\n")
    declaration = folder / f"{name}.yml"
    present = load_codelists(PROJECT)[name].version
    assert f"version: {present}\n" in declaration.read_text()
    declaration.write_text(declaration.read_text().replace(f"version: {present}\n", f"version: {version}\n", 1))
    seal(folder, name)
    return folder


@pytest.fixture
def offered(tmp_path: Path) -> Path:
    return without(tmp_path / "offered", "gp_contact", PHONED)


def compared(context: Context, folder: Path) -> Comparison:
    return codelist_compare(context, folder=folder, as_of=NIGHT, who="a person")


def taken(context: Context, folder: Path, *, keep_model: bool = False) -> dict[str, dict[str, str]]:
    return codelist_release(
        context, folder=folder, who="a person", reason="a test", keep_model=keep_model
    ).accepted_models


def bytes_of(context: Context) -> dict[str, str]:
    """Every file of the home but the ledger, by digest."""
    home = context.settings.home
    paths = [path for path in sorted(home.rglob("*")) if path.is_file() and not path.name.startswith("ledger.db")]
    return {path.relative_to(home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_what_would_change_is_counted_and_nothing_disturbed(context: Context, offered: Path) -> None:
    """Ann's four contacts become one, long ago; Ben's only one, and with it the days since, goes."""
    before, run = bytes_of(context), open_run(context, as_of=NIGHT, knowledge="then")
    found = compared(context, offered)
    assert bytes_of(context) == before
    assert open_run(context, as_of=NIGHT, knowledge="then").run_key == run.run_key
    _lists_and_features_are_told(found)
    _scores_are_told_under_the_model_as_it_is(found)
    page = comparison_page(found)
    assert not any(told in page for told in (ANN, BEN, *keys(context, ANN, BEN, CAT)))
    assert "| gp_contacts_12m | 2 " in " ".join(page.split())
    assert "exit code 14" in page


def _lists_and_features_are_told(found: Comparison) -> None:
    [changed] = found.lists
    assert (changed.name, changed.rows.removed, changed.rows.added) == ("gp_contact", (PHONED,), ())
    assert changed.read_by == ("features/gp_contact_kinds", "features/gp_contacts")
    assert {"gp_contacts_3m", "gp_contacts_12m", "gp_contact_days_since"} < set(found.columns_read)
    told = {one.column: (one.people, one.smaller, one.greater, one.vanished) for one in found.columns}
    assert set(told) <= set(found.columns_read)
    assert {name: told[name] for name in ("gp_contacts_3m", "gp_contacts_12m", "gp_contact_days_since")} == {
        "gp_contacts_3m": (2, 2, 0, 0),
        "gp_contacts_12m": (2, 2, 0, 0),
        "gp_contact_days_since": (2, 0, 1, 1),
    }
    assert (found.people, found.segments, found.dissenting) == (3, (), None)


def _scores_are_told_under_the_model_as_it_is(found: Comparison) -> None:
    scores = found.scores
    assert scores is not None
    assert (scores.moved, scores.higher) == (2, 0)
    assert scores.expected_after < scores.expected_before
    assert (scores.registers.before, scores.registers.after) == (1, 1)
    points = dict(scores.by_points)
    assert scores.moved >= points[1] >= points[5] >= points[10]


def test_the_lists_in_use_change_nothing(context: Context) -> None:
    found = compared(context, PROJECT / "sql" / "codelists")
    assert (found.lists, found.columns) == ((), ())
    assert "are the lists in use" in comparison_page(found)


def test_only_what_was_compared_is_taken_and_makes_another_run(context: Context, offered: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not compared.*codelists compare"):
        taken(context, offered)
    compared(context, offered)
    other = without(tmp_path / "other", "gp_contact", SEEN)
    with pytest.raises(UserError, match="not compared"):
        taken(context, other)
    assert context.codelists()["gp_contact"].version != "next"
    before = open_run(context, as_of=NIGHT, knowledge="then")
    taken(context, offered)
    assert context.codelists()["gp_contact"].version == "next"
    assert open_run(context, as_of=NIGHT, knowledge="then").run_key != before.run_key
    [said] = audit.list_entries(context.ledger, action="release code lists")
    assert "release 0001" in said.subject and "gp_contact" in said.subject


def test_a_reason_that_may_not_be_kept_leaves_no_release(context: Context, offered: Path) -> None:
    compared(context, offered)
    before = bytes_of(context)
    with pytest.raises(UserError, match="looks like an NHS number"):
        codelist_release(context, folder=offered, who="a person", reason="see 9990000018", keep_model=False)
    assert bytes_of(context) == before
    assert audit.list_entries(context.ledger, action="release code lists") == []


def test_the_model_refuses_until_it_is_kept_by_decision(context: Context, offered: Path) -> None:
    compared(context, offered)
    taken(context, offered)
    run = open_run(context, as_of=NIGHT, knowledge="then")
    with pytest.raises(ModelUnfit, match=r"gp_contact\.csv.*code-lists\.md"):
        promoted_model(context, run)
    accepted = taken(context, offered, keep_model=True)
    run = open_run(context, as_of=NIGHT, knowledge="then")
    assert set(accepted) == {run.model_id}
    assert promoted_model(context, run).model_id == run.model_id
    [notice] = kept_model_notice(context, run)
    assert "Coded contacts with general practice" in notice


def test_a_model_is_kept_for_these_rows_only(context: Context, offered: Path, tmp_path: Path) -> None:
    compared(context, offered)
    taken(context, offered, keep_model=True)
    other = without(tmp_path / "other", "gp_contact", SEEN, version="third")
    compared(context, other)
    assert taken(context, other) == {}
    with pytest.raises(ModelUnfit):
        promoted_model(context, open_run(context, as_of=NIGHT, knowledge="then"))


def test_going_back_is_a_release_of_the_shipped_lists(context: Context, offered: Path) -> None:
    compared(context, offered)
    taken(context, offered)
    compared(context, PROJECT / "sql" / "codelists")
    taken(context, PROJECT / "sql" / "codelists")
    run = open_run(context, as_of=NIGHT, knowledge="then")
    assert promoted_model(context, run).model_id == run.model_id
    assert kept_model_notice(context, run) == ()
    told = codelist_act(context, "list", Asked())
    assert "release 0001" in told and "release 0002" in told and "(released here)" not in told
    with pytest.raises(UserError, match="are the lists in use"):
        taken(context, PROJECT / "sql" / "codelists")


def test_a_list_that_says_what_the_outcome_is_asks_for_another_model(context: Context, tmp_path: Path) -> None:
    folder = without(tmp_path / "outcome", "emergency_admission_method", "22")
    found = compared(context, folder)
    assert any("another question" in says for says in found.model_says)
    with pytest.raises(UserError, match="cannot be kept"):
        taken(context, folder, keep_model=True)


def test_a_list_of_dissent_is_told_by_who_would_dissent(context: Context, tmp_path: Path) -> None:
    """Without the code nobody would: the model does not mind, people do."""
    deliver(context, "gp_event", [entry(CAT, "O-9", DISSENT)], at="2026-11-15T21:00:00")
    link(context)
    events(context)
    found = compared(context, without(tmp_path / "dissent", "type_1_objection", DISSENT))
    assert found.dissenting == (1, 0)
    assert any("no feature reads" in says for says in found.model_says)
    assert len(current_erasure(context).person_keys) == 1


def test_an_act_says_what_it_lacks(context: Context, offered: Path) -> None:
    with pytest.raises(UserError, match="also needs --from, --as-of"):
        codelist_act(context, "compare", Asked())
    with pytest.raises(UserError, match="no such folder"):
        codelist_act(context, "compare", Asked(folder=offered / "none", as_of=NIGHT))


def test_which_queries_read_a_list() -> None:
    assert "outcomes/emergency_admission_12m" in readers(PROJECT, "emergency_admission_method")
    assert readers(PROJECT, "type_1_objection") == ("optouts/objection_version",)


def test_rows_by_their_key() -> None:
    before = [{"code": "1", "term": "a"}, {"code": "2", "term": "b"}]
    after = [{"code": "2", "term": "c"}, {"code": "3", "term": "d"}]
    found = row_changes(before, after, key=("code",))
    assert (found.added, found.removed, found.changed) == (("3",), ("1",), ("2",))
    assert row_changes(before, list(reversed(before)), key=("code", "term")).is_none


@pytest.mark.parametrize(
    ("before", "after", "jaccard"),
    [({"a", "b"}, {"b", "c"}, 1 / 3), ({"a"}, {"a"}, 1.0), ({"a"}, set(), 0.0), (set(), set(), None)],
)
def test_what_two_lists_share(before: set[str], after: set[str], jaccard: float | None) -> None:
    assert overlap(before, after).jaccard == jaccard
