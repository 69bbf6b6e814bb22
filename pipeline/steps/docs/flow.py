"""The data-flow map as a page, from what is declared: extracts, places of a home, retention, policy, queries, outputs.

Raises ContractError where the declarations and the code have drifted apart, so that the map cannot go stale.
"""

import ast
import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.contracts.policy import Policy, load_policy
from pipeline.contracts.retention import Retention, load_retention
from pipeline.errors import ContractError
from pipeline.store import layout

FLOW = "docs/safety/flow.yml"
_UP = "../../"
# What stands for an argument of a place.
_ARGUMENTS = {
    "as_of": SimpleNamespace(isoformat=lambda: "as-of"),
    "revision": 1,
}
_PRIVACY = ("identifier", "birth_date", "local", "drop", "keep")
_NOT_ZONES = ("retention", "replay_window_days", "deleted_by", "deleted_because")


def data_flow_page(project: Path) -> str:
    """The whole page, in Markdown with a Mermaid diagram."""
    flow = yaml.safe_load((project / FLOW).read_text(encoding="utf-8"))
    retention = load_retention(project, project / "no-home")
    _check(project, flow, retention)
    extracts = load_extracts(project)
    parts = [
        _HEAD,
        _diagram(flow, extracts),
        _places(flow, retention),
        _extracts(extracts),
        _policy(load_policy(project / "policy" / "demo.yml")),
        _queries(project),
        _outputs(project),
    ]
    return "\n".join(parts)


_HEAD = """# Data-flow map

Written by `riskstrat docs` from `expectations/`, `pipeline/store/layout.py`, `policy/`, the headers of `sql/` and
`docs/safety/flow.yml`; do not edit by hand. What could go wrong at each boundary: [the threat model](threat-model.md).
"""


def path_of(name: str) -> str:
    """The place relative to the home; what differs each time in pointed brackets."""
    function, _, table = name.partition(".")
    chosen = getattr(layout, function)
    given = [
        table if parameter == "name" else _ARGUMENTS.get(parameter, f"<{parameter}>")
        for parameter in inspect.signature(chosen).parameters
        if parameter != "home"
    ]
    found: Path = chosen(Path(), *given)
    return found.as_posix().replace("as-of", "<as_of>")


def _zone(name: str) -> str:
    return "vault" if name == "vault" else path_of(name).split("/")[0]


def _diagram(flow: Mapping[str, Any], extracts: Mapping[str, ExtractContract]) -> str:
    """Sources into the landing area, places by zone, and an arrow for every step that moves something."""
    sources: dict[str, list[str]] = {}
    for contract in extracts.values():
        sources.setdefault(contract.source, []).append(contract.extract)
    named = {end for start, _, target in flow["flows"] for end in (start, target)}
    lines = ["## From a sender to a practice", "", "```mermaid", "flowchart LR", '  subgraph senders["senders"]']
    lines += [f'    source_{source}["{source}: {", ".join(names)}"]' for source, names in sorted(sources.items())]
    lines.append("  end")
    for zone in flow["planes"]:
        inside = sorted(name for name in named if _zone(name) == zone)
        if inside:
            mark = " (identifiable)" if zone in layout.IDENTIFIABLE else ""
            lines.append(f'  subgraph zone_{zone}["{zone}{mark}"]')
            lines += [f'    {_node(name)}["{name.removeprefix("table.").replace("_", " ")}"]' for name in inside]
            lines.append("  end")
    lines += [f"  source_{source} --> landing" for source in sorted(sources)]
    lines += [f"  {_node(start)} -- {step} --> {_node(target)}" for start, step, target in flow["flows"]]
    return "\n".join([*lines, "```", ""])


def _node(name: str) -> str:
    return name.replace(".", "_")


def _places(flow: Mapping[str, Any], retention: Retention) -> str:
    lines = [
        "## Places of a home, by zone",
        "",
        f"Identifiable are {', '.join(f'`{zone}/`' for zone in layout.IDENTIFIABLE)}, and nothing else.",
        f"What replays of the last {retention.replay_window_days} days need is kept however old it is.",
        "",
    ]
    for zone, plane in flow["planes"].items():
        lines += [f"### `{zone}/`: {plane}", "", "| place | holds | written or moved by | kept |", "|---|---|---|---|"]
        for place in (one for one in flow["places"] if _zone(one["name"]) == zone):
            steps = sorted({step for _, step, target in flow["flows"] if target == place["name"]})
            kept = _kept(place["kept"], retention)
            lines.append(f"| `{path_of(place['name'])}` | {place['says']} | {', '.join(steps)} | {kept} |")
        if zone == "vault":
            steps = sorted({step for _, step, target in flow["flows"] if target == "vault"})
            lines.append(
                f"| {flow['vault_and_keys']} | identities, sealed for one practice each | {', '.join(steps)} | |"
            )
        lines.append("")
    return "\n".join(lines)


def _kept(said: str, retention: Retention) -> str:
    if said.startswith("as "):
        return said
    if said == "history":
        return f"in use; past {retention.history} days named for a person to take out of use (`history`)"
    return f"{getattr(retention, said)} days (`{said}`)"


def _extracts(extracts: Mapping[str, ExtractContract]) -> str:
    lines = [
        "## What comes in, and how private its columns are",
        "",
        "identifier: stays in the identified zone and the vault. birth date: leaves as a month. local: leaves as a",
        "keyed digest. drop: is not taken on. keep: leaves as it is.",
        "",
        f"| extract | source | {' | '.join(_PRIVACY).replace('_', ' ')} | linked to people | original kept |",
        f"|---|---|{'---:|' * len(_PRIVACY)}---|---|",
    ]
    for contract in extracts.values():
        counts = [sum(column.privacy == kind for column in contract.columns) for kind in _PRIVACY]
        page = f"[`{contract.extract}`](extracts/{contract.extract}.md)"
        is_linked = "yes" if contract.person is not None else "no: nobody is in it, or it stays where it is"
        lines.append(
            f"| {page} | {contract.source} | {' | '.join(map(str, counts))} | {is_linked} "
            f"| {contract.originals_kept_days} days |"
        )
    return "\n".join([*lines, ""])


def _policy(policy: Policy) -> str:
    lines = [
        "## On which basis (the pattern that ships; every basis in it is fictitious)",
        "",
        "| source | purpose | data sets | used to | National Data Opt-Out | Type 1 | local opt-outs |",
        "|---|---|---|---|---|---|---|",
    ]
    for entry in policy.sources:
        cells = [
            entry.source,
            entry.purpose.replace("_", " "),
            ", ".join(f"`{name}`" for name in entry.data_sets),
            " and ".join(entry.use),
            *(
                "applies" if on else "does not apply"
                for on in (entry.national_data_opt_out_applies, entry.type_1_applies)
            ),
            "apply" if entry.local_opt_outs_apply else "do not apply",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _queries(project: Path) -> str:
    """Every query with what it reads, as its own header says; a test holds that to what it does read."""
    lines = ["## Queries: what each reads", "", "| query | gives | reads |", "|---|---|---|"]
    for path in sorted((project / "sql").glob("*/*.sql")):
        header = dict(re.findall(r"^-- (Title|Reads): (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE))
        name = path.relative_to(project).as_posix()
        reads = ", ".join(f"`{one.strip()}`" for one in header["Reads"].split(","))
        lines.append(
            f"| [`{name.removeprefix('sql/')}`]({_UP}{name}) | {header['Title'].replace('|', '/')} | {reads} |"
        )
    return "\n".join([*lines, ""])


def _outputs(project: Path) -> str:
    lines = ["## What goes out", "", "| file | for | names people | columns |", "|---|---|---|---:|"]
    for path in sorted((project / "expectations" / "outputs").glob("*.yml")):
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        names = {True: "yes", False: "no"}.get(found.get("identifiable"), "")
        columns = len(found.get("columns", ()))
        lines.append(f"| {found['title']} | {found.get('audience', '')} | {names} | {columns or ''} |")
    return "\n".join([*lines, ""])


def _check(project: Path, flow: Mapping[str, Any], retention: Retention) -> None:
    """Raises ContractError where a place, a retention or a flow is missing, or is said and not there."""
    named = [place["name"] for place in flow["places"]]
    functions = {name for name, one in vars(layout).items() if inspect.isfunction(one) and not name.startswith("_")}
    said = {name.partition(".")[0] for name in named}
    problems = [f"layout.{name} is in no place" for name in sorted(functions - said)]
    problems += [f"there is no layout.{name}" for name in sorted(said - functions)]
    kept = {place["kept"] for place in flow["places"] if not place["kept"].startswith("as ")} | set(flow["elsewhere"])
    fields = set(Retention.model_fields) - set(_NOT_ZONES)
    problems += [f"the retention {name} is of no place" for name in sorted(fields - kept)]
    problems += [f"there is no retention {name}" for name in sorted(kept - fields)]
    zones = {_zone(name) for name in named if name.partition(".")[0] in functions}
    problems += [f"{zone} is of no plane" for zone in sorted(zones - set(flow["planes"]))]
    for start, step, target in flow["flows"]:
        unknown = {start, target} - {*named, "vault"}
        missing = {start, target} - unknown - _touched(project, step)
        problems += [f"{step}: {name} is no place" for name in sorted(unknown)]
        problems += [f"{step}: its modules do not name {name}" for name in sorted(missing)]
    if problems:
        raise ContractError(
            "The data-flow map does not fit the code", where="; ".join(problems), next_step=f"put {FLOW} right"
        )


def _touched(project: Path, step: str) -> set[str]:
    """Places that the step's module, or a module of steps that it imports, names."""
    folder = project / "pipeline" / "steps"
    seen: set[Path] = set()
    waiting, found = _modules_of(folder, step), set[str]()
    while waiting:
        path = waiting.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline.steps."):
                waiting.append(project / f"{str(node.module).replace('.', '/')}.py")
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "layout":
                found.add(node.attr)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
                found.add(f"table.{node.value}")
        found |= {"vault"} if _opens_vault(tree) else set()
    return found


def _modules_of(folder: Path, step: str) -> list[Path]:
    """A stage's module bears its folder's name; any other step is the one module of its name."""
    stage = folder / step / f"{step}.py"
    return [stage] if stage.is_file() else sorted(folder.glob(f"*/{step}.py"))


def _opens_vault(tree: ast.Module) -> bool:
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return bool({"pipeline.store.vault", "pipeline.steps.at_hand.vault_use"} & set(imported))
