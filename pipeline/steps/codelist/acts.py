"""What a person does with code lists, by name of the act: compare, release, list. Returns what to tell them.

Checks that each act was given what it needs; the work is done in `codelist_compare` and `codelist_release`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipeline.contracts.codelist import load_codelists, seal
from pipeline.contracts.codelist_comparison import comparison_page
from pipeline.contracts.codelist_release import releases
from pipeline.errors import UserError
from pipeline.steps.at_hand.context import Context
from pipeline.steps.codelist.compare import codelist_compare
from pipeline.steps.codelist.release import codelist_release
from pipeline.store import layout


@dataclass(frozen=True)
class Asked:
    """What the command line gave; what was not given is None."""

    folder: Path | None = None
    as_of: date | None = None
    who: str | None = None
    reason: str | None = None
    keep_model: bool = False
    out: Path | None = None


def codelist_act(context: Context, act: str, asked: Asked) -> str:
    """Do one of ACTS; raises UserError when it was not given what it needs."""
    needed = NEEDS[act]
    lacking = [name for name in needed if getattr(asked, name) is None]
    if lacking:
        told = ", ".join("--from" if name == "folder" else f"--{name.replace('_', '-')}" for name in lacking)
        raise UserError(f"riskstrat codelists {act} also needs {told}", next_step="riskstrat codelists -h")
    return ACTS[act](context, asked)


def seal_codelists(folder: Path) -> list[str]:
    """Write version and digest of every list of the folder into its declaration; names of those that were not there."""
    names = sorted(path.stem for path in folder.glob("*.csv"))
    return [name for name in names if seal(folder, name)]


def _compare(context: Context, asked: Asked) -> str:
    assert asked.folder is not None and asked.as_of is not None
    found = codelist_compare(context, folder=asked.folder, as_of=asked.as_of, who=asked.who or "operator")
    page = comparison_page(found)
    if asked.out is not None:
        asked.out.write_text(page, encoding="utf-8")
    return page


def _release(context: Context, asked: Asked) -> str:
    assert asked.folder is not None and asked.who is not None and asked.reason is not None
    release = codelist_release(
        context, folder=asked.folder, who=asked.who, reason=asked.reason, keep_model=asked.keep_model
    )
    kept = ", ".join(sorted(release.accepted_models)) or "none: unless no feature reads them, train and promote a model"
    return (
        f"release {release.release:04d} is in use from now on: {', '.join(release.lists) or 'the shipped lists'}\n"
        f"models that may score with it though they learned with other rows: {kept}"
    )


def _list(context: Context, asked: Asked) -> str:
    shipped = load_codelists(context.settings.project)
    lines = [f"{name}: {found.version}" + ("" if found == shipped[name] else " (released here)")
             for name, found in sorted(context.codelists().items())]  # fmt: skip
    lines += [
        f"release {one.release:04d}, {one.at}, {one.who}: {', '.join(one.lists) or 'the shipped lists'}; {one.reason}"
        for one in releases(layout.codelists(context.settings.home))
    ]
    return "\n".join(lines)


ACTS: dict[str, Callable[[Context, Asked], str]] = {
    "compare": _compare,
    "list": _list,
    "release": _release,
}
NEEDS: dict[str, tuple[str, ...]] = {
    "compare": ("folder", "as_of"),
    "list": (),
    "release": ("folder", "who", "reason"),
}
