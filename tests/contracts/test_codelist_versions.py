"""One version of a code list is one set of rows for good; and which are in use when a home has released its own."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from pipeline.contracts.code import feature_sql_digests
from pipeline.contracts.codelist import load_codelists, read_codelists, seal
from pipeline.contracts.codelist_release import (
    MANIFEST,
    codelists_in_use,
    digest_of_lists,
    release_in_use,
    with_candidate,
)
from pipeline.contracts.settings import PROJECT
from pipeline.errors import ContractError

NAME = "fall"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two shipped lists."""
    folder = tmp_path / "project" / "sql" / "codelists"
    folder.mkdir(parents=True)
    for name in (NAME, "frailty"):
        copied(folder, name)
    return tmp_path / "project"


def copied(folder: Path, name: str = NAME) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in (".csv", ".yml"):
        shutil.copyfile(PROJECT / "sql" / "codelists" / f"{name}{suffix}", folder / f"{name}{suffix}")
    return folder


def edited(folder: Path, *, version: str | None = "next", name: str = NAME) -> Path:
    """Another row; and another version, sealed, unless None."""
    copied(folder, name)
    with (folder / f"{name}.csv").open("a") as handle:
        handle.write("999000,Another fall\n")
    if version is not None:
        renamed(folder, version, name=name)
        seal(folder, name)
    return folder


def renamed(folder: Path, version: str, *, name: str = NAME) -> None:
    path = folder / f"{name}.yml"
    old = yaml.safe_load(path.read_text())["version"]
    path.write_text(path.read_text().replace(f"version: {old}", f"version: {version}", 1))


@pytest.mark.parametrize("name", sorted(load_codelists(PROJECT)))
def test_every_list_says_whose_it_is_and_is_sealed(name: str) -> None:
    found = load_codelists(PROJECT)[name]
    for said in (found.title, found.owner, found.source, found.version, found.licence):
        assert said.strip() == said and said
    assert found.history, f"{name}: riskstrat seal-codelists"
    assert (found.history[-1].version, found.history[-1].sha256) == (found.version, found.digest)


def test_rows_that_change_without_a_version_are_refused_and_cannot_be_sealed(tmp_path: Path) -> None:
    folder = edited(tmp_path / "lists", version=None)
    with pytest.raises(ContractError, match=r"version has not.*fall\.csv"):
        read_codelists(folder)
    with pytest.raises(ContractError, match="version has not"):
        seal(folder, NAME)


def test_a_version_that_changes_without_its_digest_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path / "lists")
    renamed(folder, "next")
    with pytest.raises(ContractError, match="not the last of its history.*next"):
        read_codelists(folder)


def test_a_new_version_is_sealed_once_and_keeps_the_old_one(tmp_path: Path) -> None:
    folder = edited(tmp_path / "lists", version="it's 2")
    assert not seal(folder, NAME)
    history = read_codelists(folder)[NAME].history
    assert [entry.version for entry in history] == [load_codelists(PROJECT)[NAME].version, "it's 2"]


def test_going_back_to_former_rows_needs_a_version_of_its_own(tmp_path: Path) -> None:
    folder = edited(tmp_path / "lists")
    shutil.copyfile(PROJECT / "sql" / "codelists" / "fall.csv", folder / "fall.csv")
    renamed(folder, load_codelists(PROJECT)[NAME].version)
    with pytest.raises(ContractError, match="version has not"):
        seal(folder, NAME)
    renamed(folder, "third")
    assert seal(folder, NAME)
    assert read_codelists(folder)[NAME].version == "third"


def test_a_version_twice_in_the_history_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path / "lists")
    path = folder / "fall.yml"
    history = path.read_text().split("history:\n")[1]
    path.write_text(path.read_text() + history)
    with pytest.raises(ContractError, match="stands twice in the history"):
        read_codelists(folder)


def released(project: Path, home: Path, *, number: int = 1, **changed: object) -> Path:
    """A release of the edited list, as the step writes it."""
    path = edited(home / f"{number:04d}")
    shipped, found = load_codelists(project)[NAME], read_codelists(path)[NAME]
    entry = {"version": found.version, "sha256": found.digest, "replaces_sha256": shipped.digest}
    manifest = {
        "release": number, "run_key": "x", "who": "a person", "reason": "why", "at": "2026-11-25",
        "lists": {NAME: entry}, "compared_on": "2026-11-22", "accepted_models": {},
    } | changed  # fmt: skip
    (path / MANIFEST).write_text(json.dumps(manifest))
    return path


def test_the_newest_release_stands_in_place_of_the_shipped_list(project: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert codelists_in_use(project, home) == load_codelists(project)
    assert release_in_use(home) is None
    released(project, home)
    found = codelists_in_use(project, home)
    assert (found[NAME].version, found["frailty"]) == ("next", load_codelists(project)["frailty"])
    (home / ".staging-0002-x").mkdir()
    assert codelists_in_use(project, home)[NAME].version == "next"


def test_only_lists_and_models_decide_the_digest_of_a_release(project: Path, tmp_path: Path) -> None:
    digests = []
    for number, changed in enumerate(({}, {"who": "another", "at": "later"}, {"accepted_models": {"m": {"x": "y"}}})):
        home = tmp_path / f"home{number}"
        released(project, home, **changed)
        found = release_in_use(home)
        assert found is not None
        digests.append(found.digest)
    assert digests[0] == digests[1] != digests[2]


def test_a_release_that_was_touched_is_refused(project: Path, tmp_path: Path) -> None:
    path = released(project, tmp_path / "home")
    edited(path, version="touched")
    with pytest.raises(ContractError, match="not what its manifest says.*0001"):
        codelists_in_use(project, tmp_path / "home")


def test_a_manifest_that_does_not_hold_together_is_refused(project: Path, tmp_path: Path) -> None:
    (released(project, tmp_path / "home") / MANIFEST).write_text("{}")
    with pytest.raises(ContractError, match="manifest.*0001"):
        codelists_in_use(project, tmp_path / "home")


def test_a_shipped_list_that_changed_since_must_be_decided(tmp_path: Path) -> None:
    """After an upgrade neither the old release nor the new shipped rows may hold by themselves."""
    old, new, home = tmp_path / "old", tmp_path / "new", tmp_path / "home"
    for each in (old, new):
        copied(each / "sql" / "codelists")
    edited(new / "sql" / "codelists", version="shipped 2")
    released(old, home)
    assert codelists_in_use(old, home)[NAME].version == "next"
    with pytest.raises(ContractError, match="changed since.*shipped now shipped 2.*docs/code-lists.md"):
        codelists_in_use(new, home)
    present, candidate = with_candidate(new, home, new / "sql" / "codelists")
    assert (present[NAME].version, candidate[NAME].version) == ("next", "shipped 2")


def test_lists_offered_stand_beside_those_in_use(project: Path, tmp_path: Path) -> None:
    present, candidate = with_candidate(project, tmp_path / "home", edited(tmp_path / "offered"))
    assert candidate["frailty"] == present["frailty"]
    assert candidate[NAME].version == "next"
    assert digest_of_lists(present) != digest_of_lists(candidate)


def test_what_does_not_fit_is_not_taken(project: Path, tmp_path: Path) -> None:
    def refused(folder: Path, says: str) -> None:
        with pytest.raises(ContractError, match=says):
            with_candidate(project, tmp_path / "home", folder)

    refused(copied(tmp_path / "unknown", "housebound"), "No query reads a code list named housebound")
    other = copied(tmp_path / "columns", "gender")
    for suffix in (".csv", ".yml"):
        (other / f"gender{suffix}").rename(other / f"fall{suffix}")
    refused(other, "other columns than the queries read")
    unsealed = edited(tmp_path / "unsealed")
    (unsealed / "fall.yml").write_text((unsealed / "fall.yml").read_text().split("history:")[0])
    refused(unsealed, "no sealed version")
    same = edited(tmp_path / "same")
    text = (same / "fall.yml").read_text().split("history:")[0]
    (same / "fall.yml").write_text(text)
    renamed(same, load_codelists(project)[NAME].version)
    seal(same, NAME)
    refused(same, "other rows than the one in use and the same version")


def test_a_model_learns_from_the_lists_that_features_read_and_no_others() -> None:
    lists = {name: codelist.digest for name, codelist in load_codelists(PROJECT).items()}
    found = feature_sql_digests(PROJECT, lists)
    assert found["sql/codelists/fall.csv"] == lists["fall"]
    assert "sql/features/falls_and_frailty.sql" in found
    assert "sql/codelists/gender.csv" in found
    assert "sql/codelists/type_1_objection.csv" not in found
