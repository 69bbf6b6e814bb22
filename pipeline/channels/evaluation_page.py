"""An evaluation as one self-contained HTML page: for a general practitioner first, for a statistician further down.

Made of evaluation.json alone, so that page and file cannot differ. No script, no outside request, no style attribute;
the policy names the digest of the one style. Charts are drawn in the template from the figures in the tables.
"""

import math
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pipeline.channels import evaluation_words
from pipeline.channels.rendering import asset, strict_policy, templates

# Observed over expected is drawn on a scale of logarithms, so that half and double lie equally far from one.
RATIO_LOW, RATIO_HIGH = 0.5, 2.0
CHART = 320  # the calibration chart's side, in its own units


def evaluation_page(content: Mapping[str, Any]) -> bytes:
    """The page as UTF-8; the same content always makes the same bytes."""
    style = asset("frame.css") + asset("evaluation.css").strip()
    whole = content["parts"]["all"]
    text = (
        templates(trims_blocks=True)
        .get_template("evaluation.html.j2")
        .render(
            it=content,
            words=evaluation_words,
            style=Markup(style),  # our own file, digest in the policy below
            policy=strict_policy(style),
            whole=whole,
            judged=content["parts"]["unseen_practice"] or whole,
            cut=_at_cut(whole, content["how"]["published_cut_pct"]),
            groups=_groups(content),
            ratio=ratio_place,
            calibration=_calibration(content["parts"]["unseen_practice"] or whole),
            auroc_scale=_scale(content),
            found_most=_found_most(content),
            measured=[row for row in content["differences"] if "auroc_difference" in row],
            unmeasured=[row for row in content["differences"] if "auroc_difference" not in row],
        )
    )
    return text.encode("utf-8")


def ratio_place(value: float) -> str:
    """Where a ratio stands between a half and double, in per cent of the width, kept on the scale."""
    low, high = math.log(RATIO_LOW), math.log(RATIO_HIGH)
    place = (math.log(max(value, 1e-9)) - low) / (high - low)
    return f"{100 * min(1.0, max(0.0, place)):.2f}%"


def _at_cut(part: Mapping[str, Any], pct: float) -> dict[str, Any]:
    """The list that is published, or the nearest one that was measured."""
    nearest: dict[str, Any] = min(part["top"], key=lambda row: abs(row["pct"] - pct))
    return nearest


def _groups(content: Mapping[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Groups by grouping, in the order of the words."""
    by: dict[str, list[dict[str, Any]]] = {name: [] for name in evaluation_words.GROUPINGS}
    for row in content["subgroups"]:
        by.setdefault(row["by"], []).append(row)
    return [(evaluation_words.GROUPINGS.get(name, name), rows) for name, rows in by.items() if rows]


def _calibration(part: Mapping[str, Any]) -> dict[str, Any]:
    """Points of the chart in its own units, on square roots, so that the many at low risk do not lie on one another."""
    highest = max(max(row["expected"], row["high"]) for row in part["bins"])
    top = next(step for step in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0) if highest <= step or step == 1.0)

    def place(value: float) -> float:
        return CHART * math.sqrt(min(value, top) / top)

    points = [
        {
            "x": round(place(row["expected"]), 1),
            "y": round(CHART - place(row["observed"]), 1),
            "low": round(CHART - place(row["low"]), 1),
            "high": round(CHART - place(row["high"]), 1),
        }
        for row in part["bins"]
    ]
    ticks = [
        {"at": round(place(value), 1), "says": f"{100 * value:g}%"}
        for value in (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
        if value <= top
    ]
    return {"points": points, "ticks": ticks, "side": CHART}


def _found_most(content: Mapping[str, Any]) -> float:
    """The end of the scale on which the shares found are drawn: the next tenth above all intervals."""
    by = content["how"]["bounds"]["groups"]["sensitivity_by"]
    ends = [row["sensitivity"][2] for row in content["subgroups"] if row["by"] in by and row["sensitivity"]]
    return math.ceil(10 * float(max([0.1, *ends]))) / 10


def _scale(content: Mapping[str, Any]) -> tuple[float, float]:
    """Ends of the scale on which all AUROC intervals of the page are drawn."""
    rows = [row for row in content["differences"] if "auroc_difference" in row]
    lows = [value for row in rows for value in (row["model_auroc"][1], row["score_auroc"][1]) if value is not None]
    highs = [value for row in rows for value in (row["model_auroc"][2], row["score_auroc"][2]) if value is not None]
    low = math.floor(20 * min([0.5, *lows])) / 20
    return low, math.ceil(20 * max([0.8, *highs])) / 20
