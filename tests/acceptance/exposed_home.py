"""A home of a hundred thousand lives, taken through its nights, with the check service played beside it.

Everything goes the way it goes in production: landed files, validation, linkage, training, nights, publication, checks
of national data opt-outs with files. Along the way it is kept what a test wants to look at.
"""

import contextlib
import hashlib
import hmac
import io
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import yaml
from exposed_landing import land
from exposed_lives import EARLY, FIRST, MAIN, SECOND, WEEK, Life
from exposed_scan import Seen, seen_below
from small_plan import small_plan

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.settings import PROJECT, Settings, read_settings
from pipeline.errors import GateClosed
from pipeline.rules.times import early_from, intake_cut_off
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.intake import intake
from pipeline.steps.link.link import link
from pipeline.steps.model.promote import promote
from pipeline.steps.model.train import train
from pipeline.steps.night.nightly import nightly
from pipeline.steps.opt_out import opt_outs
from pipeline.steps.run.run import open_run
from pipeline.steps.upkeep.new_keys import new_keys
from pipeline.store import layout
from pipeline.store.keys import read_keys

WHO = {"who": "A. Operator", "reason": "the weekly check"}
# Rows as they came in and were validated: identified zone, kept as evidence of who dissents (docs/decisions/0003).
AS_RECEIVED = (
    "landing/", "identified/original/", "identified/clean/", "identified/quarantine/", "identified/waiting/",
)  # fmt: skip
OF_KEYS = ("vault/keys/",)


@dataclass
class Kept:
    """What was there after a phase: who stood in which file, and who was in the cohort, by pseudonym."""

    week: int
    check: int
    seen: dict[str, Seen]
    cohort: dict[str, str]
    run_key: str = ""


@dataclass
class World:
    """The lives, the home, and what was kept on the way."""

    people: Sequence[Life]
    settings: Settings
    owner: dict[str, Life]
    said: io.StringIO = field(default_factory=io.StringIO)
    phases: dict[str, Kept] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    rows: int = 0

    def at(self, moment: str) -> Context:
        return open_context(
            self.settings.model_copy(update={"now": datetime.fromisoformat(moment).replace(tzinfo=UTC)})
        )

    @property
    def home(self) -> Path:
        return self.settings.home


def prepared(home: Path, people: Sequence[Life]) -> World:
    """The home with everything landed and nothing taken in; the National Data Opt-Out applies to every source."""
    settings = read_settings({"RISKSTRAT_HOME": str(home)})
    home.mkdir(parents=True)
    policy = yaml.safe_load((PROJECT / "policy" / "demo.yml").read_text())
    for entry in policy["sources"]:
        entry["national_data_opt_out_applies"] = True
    policy["check_service"]["people_per_file"] = len(people) // 4 + 1
    settings.policy_file.write_text(yaml.safe_dump(policy))
    owner = {number: life for life in people for number in life.numbers}
    world = World(people, settings, owner)
    world.rows = land(layout.landing(home), people, load_extracts(PROJECT))
    new_keys(settings, who="operator")
    return world


def lived(world: World) -> World:
    """Everything from training to a check after publication; what was printed and logged is kept."""
    with _heard(world.said):
        _train(world)
        _first_night(world)
        for name, fault in FAULTS.items():
            world.faults[name] = _faulty(world, name, fault)
        _second_night(world)
        _after_publication(world)
    return world


def _train(world: World) -> None:
    context = world.at("2026-11-02T06:00:00")
    with contextlib.suppress(GateClosed):
        intake(context, received_before=intake_cut_off(date(2026, 11, 1)))
    _check(world, "2026-11-02T06:00:00", number=EARLY)
    model = train(context, as_of=date(2026, 11, 1), hold_back=True, plan=small_plan())
    promote(context, model_id=model.model_id, who="A. Operator", reason="a model for a test", despite="a test")
    context.ledger.engine.dispose()


def _first_night(world: World) -> None:
    context = world.at("2026-11-16T06:00:00")
    with contextlib.suppress(GateClosed):
        intake(context, received_before=intake_cut_off(FIRST))
    _check(world, "2026-11-16T07:00:00", number=MAIN)
    night = nightly(world.at("2026-11-16T09:00:00"), as_of=FIRST, hold_back=True)
    _keep(world, "first night", week=MAIN, check=1, run_key=night.run.run_key)


def _second_night(world: World) -> None:
    context = world.at("2026-11-23T06:00:00")
    with contextlib.suppress(GateClosed):
        intake(context, received_before=intake_cut_off(SECOND))
    _check(world, "2026-11-23T07:00:00", number=2)
    night = nightly(world.at("2026-11-23T09:00:00"), as_of=SECOND, hold_back=True)
    _keep(world, "second night", week=WEEK, check=2, run_key=night.run.run_key)


def _after_publication(world: World) -> None:
    _check(world, "2026-11-25T07:00:00", number=3)
    context = world.at("2026-11-25T09:00:00")
    link(context)
    context.ledger.engine.dispose()
    _keep(world, "after publication", week=WEEK, check=3, run_key=world.phases["second night"].run_key)


def _keep(world: World, name: str, *, week: int, check: int, run_key: str) -> None:
    seen = seen_below(world.home, leave_out=(*AS_RECEIVED, *OF_KEYS))
    world.phases[name] = Kept(week, check, seen, _cohort(world.home, run_key), run_key)


def _cohort(home: Path, run_key: str) -> dict[str, str]:
    """Practice by person key of the run's cohort, from the bytes of its newest files."""
    found: dict[str, str] = {}
    for path in sorted((home / "pseudonymised" / "cohort" / f"run_key={run_key}").glob("*.parquet")):
        rows = pq.ParquetFile(path).read(columns=["person_key", "practice_code"])
        found |= dict(zip(rows["person_key"].to_pylist(), rows["practice_code"].to_pylist(), strict=True))
    return found


def _check(world: World, moment: str, *, number: int) -> None:
    """Ask, have the service answer as it does in this check, and read."""
    context = world.at(moment)
    opt_outs.request(context, **WHO)
    _put(world, _answers(world, number=number))
    opt_outs.read(world.at(moment), **WHO)


def _answers(world: World, *, number: int) -> dict[str, bytes]:
    """The service returns every line but those of people who opt out; it knows them by their current number."""
    found = {}
    for path in sorted(layout.opt_out_requests(world.home).iterdir()):
        lines = path.read_bytes().splitlines(keepends=True)
        found[path.name] = b"".join(line for line in lines if not _is_opted_out(world, line, number))
    return found


def _is_opted_out(world: World, line: bytes, check: int) -> bool:
    number = line[:10].decode()
    return check in world.owner[number].opted_out and world.owner[number].numbers[-1] == number


def _put(world: World, replies: dict[str, bytes]) -> None:
    folder = layout.opt_out_replies(world.home)
    for name, content in replies.items():
        (folder / name).write_bytes(content)


Replies = dict[str, bytes]


def _changed(change: Callable[[bytes], bytes]) -> Callable[[Replies], Replies]:
    """The first reply altered, the others as they should be."""

    def fault(replies: Replies) -> Replies:
        first = min(replies)
        return {**replies, first: change(replies[first])}

    return fault


def _swapped(replies: Replies) -> Replies:
    one, other, *_ = sorted(replies)
    return {**replies, one: replies[other], other: replies[one]}


# What may be wrong with a reply; and the hours after which it is read (it is due after 48).
FAULTS: dict[str, tuple[Callable[[Replies], Replies], int]] = {
    "invalid": (_changed(lambda data: b"The file contains one or more invalid NHS Numbers.\n"), 1),
    "superset": (_changed(lambda data: data + b"9434765919,\n"), 1),
    "duplicated": (_changed(lambda data: data + data[-12:]), 1),
    "other batch": (_swapped, 1),
    "partial": (lambda replies: dict(sorted(replies.items())[1:]), 49),
    "missing": (lambda replies: {}, 49),
    "late": (lambda replies: replies, 49),
}


def _faulty(world: World, name: str, fault: tuple[Callable[[Replies], Replies], int]) -> list[str]:
    """Ask, answer wrongly, and try to read, to link and to run a night; what went wrong with that, in words."""
    change, hours = fault
    start = datetime(2026, 11, 16, 10, tzinfo=UTC) + timedelta(hours=13 * list(FAULTS).index(name))
    before = _fingerprint(world.home)
    opt_outs.request(world.at(start.isoformat()[:19]), **WHO)
    _put(world, change(_answers(world, number=1)))
    context = world.at((start + timedelta(hours=hours)).isoformat()[:19])
    # Not before the night may be made at all.
    night = world.at(max(start + timedelta(hours=hours), early_from(FIRST + timedelta(days=1))).isoformat()[:19])
    problems = []
    for act, attempt in (
        ("read", lambda: opt_outs.read(context, **WHO)),
        ("link", lambda: link(context)),
        ("night", lambda: open_run(night, as_of=FIRST + timedelta(days=1), knowledge="then")),
    ):
        try:
            attempt()
        except GateClosed as error:
            world.said.write(f"{error}\n")
        else:
            problems.append(f"{act} went through")
    problems += [f"{place} has changed" for place in _changes(before, _fingerprint(world.home))]
    for folder in (layout.opt_out_requests(world.home), layout.opt_out_replies(world.home)):
        problems += [f"{path.name} is left" for path in folder.iterdir()]
    context.ledger.engine.dispose()
    return problems


def _fingerprint(home: Path) -> dict[str, str]:
    """Digest of everything that people could be taken from: the store, packs, and whom the last check allows."""
    roots = ("pseudonymised", "registers", "localities", "identified/optout/allowed", "identified/erased", "models")
    files = [path for root in roots for path in sorted((home / root).rglob("*")) if path.is_file()]
    files += [home / "identified" / "optout" / "allowed", home / "vault" / "vault.db"]
    return {path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()}


def _changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return sorted(place for place in {*before, *after} if before.get(place) != after.get(place))


@contextlib.contextmanager
def _heard(said: io.StringIO) -> Iterator[None]:
    handler = logging.StreamHandler(said)
    logging.getLogger().addHandler(handler)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            yield
    finally:
        logging.getLogger().removeHandler(handler)


def keys_of(world: World) -> dict[str, str]:
    """Every NHS number by its pseudonym; the pseudonym made here, not by the pipeline."""
    keys = read_keys(world.settings.keys_folder)
    made = {}
    for number in world.owner:
        digest = hmac.new(keys.person, b"riskstrat/v1/person\0" + number.encode(), hashlib.sha256).hexdigest()[:32]
        made[f"p{keys.person_id}_{digest}"] = number
    return made


def numbers(count: int) -> list[str]:
    """The first NHS numbers of the range for invented people that have a check digit, in a stride that mixes them."""
    found = []
    place = 0
    while len(found) < count:
        first_nine = 999_000_000 + place
        remainder = 11 - sum(int(digit) * (10 - at) for at, digit in enumerate(str(first_nine))) % 11
        if remainder != 10:
            found.append(f"{first_nine}{remainder % 11}")
        place += 1
    return found
