"""The policy: nothing is permitted by default, and what is wrong is named."""

from datetime import date
from pathlib import Path

import pytest

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


def test_a_misspelt_setting_names_its_neighbour() -> None:
    with pytest.raises(SettingsError, match="RISKSTRAT_HOME"):
        read_settings({"RISKSTRAT_HOEM": "/x"})


@pytest.mark.parametrize("wrong", [{"RISKSTRAT_THREADS": "many"}, {"RISKSTRAT_NOW": "2026-11-16"}])
def test_an_unusable_setting_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        read_settings(wrong)
