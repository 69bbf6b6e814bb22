"""Doctor: is this home fit for the next night? Looks at what a night needs before it needs it, and changes nothing.

Works where `status` cannot: without keys, without a ledger, without a network. It migrates nothing, sends nothing and
writes nothing; one line for each thing looked at, with what to do. Exit 0 when all is well, 1 when something will not
be well for long, 2 when the next night will not publish.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline import clock
from pipeline.contracts.alerts import Bounds, load_alerts
from pipeline.contracts.settings import Settings
from pipeline.errors import UserError
from pipeline.ledger.connect import Ledger, open_ledger
from pipeline.ledger.standing import Standing, standing
from pipeline.steps.tell.doctor_home import disk, model_files, permissions, stamps, unfinished_acts
from pipeline.steps.tell.doctor_line import Level, Line, fail, ok, warn
from pipeline.steps.tell.doctor_policy import approvals, opt_out_answer, ways_out
from pipeline.store.keys import key_files, read_keys

EXIT_CODES: dict[Level, int] = {"ok": 0, "warn": 1, "fail": 2}
OTHERS = 0o077


@dataclass(frozen=True)
class Found:
    """Every line, and what a script may test."""

    lines: tuple[Line, ...]

    @property
    def exit_code(self) -> Literal[0, 1, 2]:
        worst = max((EXIT_CODES[line.level] for line in self.lines), default=0)
        return 2 if worst == 2 else 1 if worst == 1 else 0


def doctor(settings: Settings) -> Found:
    """Look at everything; a check that itself meets a fault says so and keeps no other from being made."""
    now = settings.now or clock.now()
    at = standing(settings.ledger_url)
    ledger = _open(settings, at)
    checks: list[tuple[str, Callable[[], Iterator[Line]]]] = [
        ("clock", lambda: stamps(settings, ledger, now=now)),
        ("unfinished", lambda: unfinished_acts(settings)),
        ("keys", lambda: _keys(settings, ledger)),
        ("ledger", lambda: _ledger(at)),
        ("vault", lambda: _vault(settings)),
        ("permissions", lambda: permissions(settings)),
        ("disk", lambda: disk(settings, ledger, bounds=_bounds(settings))),
        ("model", lambda: model_files(settings, ledger)),
        ("approvals", lambda: approvals(settings, on=now.date(), bounds=_bounds(settings))),
        ("opt-out check", lambda: opt_out_answer(settings, ledger)),
        ("delivery", lambda: ways_out(settings, ledger, now=now, bounds=_bounds(settings))),
    ]
    lines = tuple(line for about, check in checks for line in _made(about, check))
    if ledger is not None:
        ledger.engine.dispose()
    return Found(lines)


def told(found: Found) -> list[str]:
    """A line for each, the words what to do on a line of their own, and the sum."""
    lines = []
    for line in found.lines:
        lines.append(f"{line.level:<4}  {line.about}: {line.says}")
        if line.next_step:
            lines.append(f"      {line.next_step}")
    says = {0: "Fit for the next night.", 1: "Fit, and something needs a look.", 2: "Not fit for the next night."}
    return [*lines, says[found.exit_code]]


def _bounds(settings: Settings) -> Bounds:
    """The bounds of the alerts: what the doctor warns of is what a notice will tell of."""
    return load_alerts(settings.project, settings.home).bounds


def _made(about: str, check: Callable[[], Iterator[Line]]) -> Sequence[Line]:
    try:
        return list(check())
    except UserError as error:
        return [fail(about, f"{error.what} ({error.where})" if error.where else error.what, error.next_step)]
    except OSError as error:
        return [fail(about, f"could not be looked at ({error.strerror})", "Let the pipeline's account read it")]


def _open(settings: Settings, at: Standing) -> Ledger | None:
    """The ledger, only where opening it migrates nothing."""
    if not at.is_reached or at.revision != at.newest:
        return None
    return open_ledger(settings.ledger_url, anchor=settings.audit_anchor)


def _ledger(at: Standing) -> Iterator[Line]:
    if not at.is_reached:
        step = "Start the database, or put RISKSTRAT_LEDGER_URL right; in a new home the first command makes it"
        yield fail("ledger", f"{at.where} does not answer ({at.fault})", step)
    elif at.revision is None:
        yield warn(
            "ledger", f"{at.where} is empty", "The first command makes its tables; if one has run, this is another"
        )
    elif at.revision < at.newest:
        step = "The next command migrates it; take a backup first (riskstrat backup)"
        yield warn("ledger", f"{at.where} is at revision {at.revision}, the code at {at.newest}", step)
    elif at.revision > at.newest:
        step = "Install the release that migrated it, or restore the backup of before"
        yield fail("ledger", f"{at.where} is at revision {at.revision}, newer than the code's {at.newest}", step)
    else:
        yield ok("ledger", f"{at.where} answers and is at revision {at.newest}")


def _vault(settings: Settings) -> Iterator[Line]:
    at = standing(settings.vault_url)
    if at.is_reached:
        yield ok("vault", f"{at.where} answers")
    else:
        step = "Start it, or put RISKSTRAT_VAULT_URL right; in a new home the first intake makes it"
        yield fail("vault", f"{at.where} does not answer ({at.fault})", step)


def _keys(settings: Settings, ledger: Ledger | None) -> Iterator[Line]:
    """There, whole, the home's own, and closed to others."""
    from pipeline.steps.at_hand.context import check_keys

    keys = read_keys(settings.keys_folder)
    if ledger is not None:
        check_keys(ledger, keys)
    yield ok("keys", f"all {len(keys.ids)} are there" + (" and are the home's own" if ledger is not None else ""))
    open_to_others = [
        path.name
        for path in (settings.keys_folder, *key_files(settings.keys_folder).values())
        if path.stat().st_mode & OTHERS
    ]
    if open_to_others:
        step = "chmod 700 the folder, chmod 400 its files; who read them? Then docs/runbooks/keys-rotate.md"
        yield fail("keys", f"others than their owner may read or write: {', '.join(open_to_others)}", step)


def as_rows(found: Found) -> list[dict[str, str]]:
    """The lines for machines."""
    return [dict(vars(line)) for line in found.lines]
