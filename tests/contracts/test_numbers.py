"""Every number of the files that people write by hand: what is none, or lies outside, is refused and named."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_delivery_plan import a_plan

from pipeline.contracts.alerts import load_alerts
from pipeline.contracts.delivery_plan import load_delivery_plan
from pipeline.contracts.notify_plan import load_notify_plan
from pipeline.contracts.policy import load_policy
from pipeline.contracts.retention import load_retention
from pipeline.contracts.settings import PROJECT
from pipeline.contracts.watching import load_watching
from pipeline.errors import ContractError

DEMO = PROJECT / "policy" / "demo.yml"
NAME = "emergency_admission_12m"
FILES: dict[str, Callable[[Path], object]] = {
    "policy.yml": lambda folder: load_policy(folder / "policy.yml"),
    "retention.yml": lambda folder: load_retention(PROJECT, folder),
    "watching.yml": lambda folder: load_watching(folder, NAME),
    "alerts.yml": lambda folder: load_alerts(PROJECT, folder),
    "delivery.yml": lambda folder: load_delivery_plan(folder / "delivery.yml", project=PROJECT),
    "notify.yml": lambda folder: load_notify_plan(folder / "notify.yml", project=PROJECT),
}


def shipped(name: str) -> Any:
    plan = a_plan()
    plan["mesh"] |= {"timeout_seconds": 60, "settle_seconds": 120}
    policy = yaml.load(DEMO.read_text(), Loader=yaml.CSafeLoader)
    policy["children"] = {"list_apart": True, "capacity_pct": 1.0}
    email = {"host": "relay.example", "sender": "a@b.example", "recipients": ["c@d.example"], "port": 587}
    if name == "policy.yml":
        # Few entries: one of a kind has every field.
        return policy | {part: policy[part][:1] for part in ("practices", "providers", "sources")}
    if name == "delivery.yml":
        return plan
    if name == "notify.yml":
        return {"notify": "x", "version": 1, "email": email | {"timeout_seconds": 20}}
    folder = PROJECT / "models" / NAME if name == "watching.yml" else PROJECT / "policy"
    return yaml.load((folder / name).read_text(), Loader=yaml.CSafeLoader)


def numbers_in(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(content, dict | list):
        for key, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield from numbers_in(value, (*path, key))
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield path


def written(folder: Path, name: str, content: Any) -> Path:
    path = folder / (f"models/{NAME}/{name}" if name == "watching.yml" else name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content))
    return folder


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_number_is_refused_wherever_one_stands(name: str, tmp_path: Path) -> None:
    """YAML reads `yes` and `on` as true, which would count as one: a day of retention, one in a hundred."""
    # Which form a file has is no number of anything.
    places = [path for path in numbers_in(shipped(name)) if path != ("retention",)]
    assert places
    FILES[name](written(tmp_path / "as it is", name, shipped(name)))
    for turn, path in enumerate(places):
        for wrong in (True, math.nan, math.inf, -1):
            content = shipped(name)
            inside = content
            for key in path[:-1]:
                inside = inside[key]
            inside[path[-1]] = wrong
            with pytest.raises(ContractError) as told:
                FILES[name](written(tmp_path / f"{turn} {wrong}", name, content))
            named = [key for key in path if isinstance(key, str)][-1]
            assert named in str(told.value), (path, wrong)


@pytest.mark.parametrize("pct", [0, 100.1, 250, "2", None])
def test_a_capacity_is_above_nobody_and_at_most_everybody(pct: object, tmp_path: Path) -> None:
    content = shipped("policy.yml")
    content["practices"][0]["capacity_pct"] = pct
    with pytest.raises(ContractError, match="practices.0.capacity_pct"):
        load_policy(written(tmp_path, "policy.yml", content) / "policy.yml")


def test_days_can_be_counted_back(tmp_path: Path) -> None:
    content = shipped("retention.yml")
    load_retention(PROJECT, written(tmp_path, "retention.yml", content | {"history": 36_500}))
    with pytest.raises(ContractError, match="history"):
        load_retention(PROJECT, written(tmp_path, "retention.yml", content | {"history": 36_501}))
