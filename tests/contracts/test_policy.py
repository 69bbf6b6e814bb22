"""The policy: nothing is permitted by default, and what is wrong is named."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.contracts.policy import load_policy
from pipeline.contracts.settings import PROJECT, read_settings
from pipeline.errors import ContractError, SettingsError

DEMO = PROJECT / "policy" / "demo.yml"
DAY = date(2026, 11, 16)


def test_the_demo_policy_says_that_it_is_fictitious() -> None:
    assert load_policy(DEMO).fictitious


def test_a_source_is_usable_on_its_last_day_and_not_after(tmp_path: Path) -> None:
    policy = load_policy(DEMO)
    entry = policy.basis_for("gp", "score", DAY)
    assert entry is not None and entry.valid_to is not None
    assert policy.basis_for("gp", "score", entry.valid_to) is not None
    assert policy.basis_for("gp", "score", date.fromordinal(entry.valid_to.toordinal() + 1)) is None


def test_a_missing_policy_is_an_error_not_a_permission(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="nothing may be used"):
        load_policy(tmp_path / "policy.yml")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("fictitious: true", "fictitious: perhaps", "fictitious"),
        ("purpose: case_finding", "purpose: curiosity", "purpose"),
        ("sources:", "sauces:", "sources"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    path = tmp_path / "policy.yml"
    path.write_text(DEMO.read_text().replace(old, new, 1))
    with pytest.raises(ContractError, match=named):
        load_policy(path)


def changed(tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    content = yaml.safe_load(DEMO.read_text())
    change(content)
    path = tmp_path / "policy.yml"
    path.write_text(yaml.safe_dump(content))
    return path


FLAGS = ("national_data_opt_out_applies", "local_opt_outs_apply", "type_1_applies")


def test_an_opt_out_that_is_not_named_applies(tmp_path: Path) -> None:
    policy = load_policy(changed(tmp_path, lambda content: [content["sources"][1].pop(flag) for flag in FLAGS]))
    (entry,) = policy.bases("acute", "score", DAY)
    assert all(getattr(entry, flag) is True for flag in FLAGS)
    assert policy.national_opt_out_sources(DAY) == ("acute",)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda content: content["sources"][0].pop("letter_sha256"), "letter_sha256"),
        (lambda content: content["sources"][0].update(letter_sha256="see file"), "letter_sha256"),
        (lambda content: content["sources"][0].pop("approver"), "approver"),
        (lambda content: content["sources"][0].pop("cag_reference"), "cag_reference"),
        (lambda content: content["sources"][0].update(controller=" "), "controller"),
        (lambda content: content["sources"][0].pop("valid_to"), "valid_to"),
        (lambda content: content["sources"][0].update(data_sets=[]), "data_sets"),
        (lambda content: content["sources"][0].update(not_shown=["hopes"]), "hopes"),
        (lambda content: content["sources"][0].update(type_1_applies=False), "type_1_applies"),
        (lambda content: content.pop("providers"), "providers"),
        (lambda content: content["providers"].append(content["providers"][2]), "two agreements on one day: .*RAL|RAL"),
        (lambda content: content["sources"].append(content["sources"][1]), "acute_apc for case_finding"),
        (
            lambda content: (content.pop("check_service"), content["sources"][0].pop("national_data_opt_out_applies")),
            "check_service",
        ),
        (lambda content: content["check_service"].update(allowed_for_days=22), "allowed_for_days"),
    ],
)
def test_what_a_basis_must_say(tmp_path: Path, change: Callable[[dict[str, Any]], object], named: str) -> None:
    with pytest.raises(ContractError, match=named):
        load_policy(changed(tmp_path, change))


def test_a_purpose_has_bases_of_its_own(tmp_path: Path) -> None:
    def plan(content: dict[str, Any]) -> None:
        (entry,) = [one for one in content["sources"] if (one["source"], one["purpose"]) == ("gp", "planning")]
        entry.update(use=["score"], data_sets=["gp_patient"])

    assert load_policy(DEMO).bases("gp", "score", DAY, "planning") == ()
    (entry,) = load_policy(changed(tmp_path, plan)).bases("gp", "score", DAY, "planning")
    assert entry.data_sets == ("gp_patient",)


def test_providers_join_and_leave_by_agreement(tmp_path: Path) -> None:
    def leave(content: dict[str, Any]) -> None:
        content["providers"][2]["valid_to"] = DAY
        content["providers"].append({**content["providers"][2], "valid_from": date(2027, 1, 1), "valid_to": None})

    policy = load_policy(changed(tmp_path, leave))
    days = (DAY, date(2026, 11, 17), date(2027, 1, 1))
    assert [policy.supplies("RAL", day) for day in days] == [True, False, True]
    assert not policy.supplies("RXX", DAY)


def test_a_misspelt_setting_names_its_neighbour() -> None:
    with pytest.raises(SettingsError, match="RISKSTRAT_HOME"):
        read_settings({"RISKSTRAT_HOEM": "/x"})


@pytest.mark.parametrize("wrong", [{"RISKSTRAT_THREADS": "many"}, {"RISKSTRAT_NOW": "2026-11-16"}])
def test_an_unusable_setting_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        read_settings(wrong)
