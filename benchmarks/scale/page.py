"""The tables of docs/scale.md, made from what was measured (result, dates, causes), so that no other figure is told.

python -m benchmarks.scale.page        writes them into the page, between its marks
"""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "scale.md"
ORDER = (
    "age and sex", "an eighth of the people", "a quarter of the people", "half of the people", "large trees",
    "everything known at once", "with frailty", "with function_loss", "with dependence", "with distress",
    "with instability", "with conditions", "with traits for life", "with the whole hidden state", "oracle",
)  # fmt: skip
PARTS = {"unseen_practice": "practices it never saw", "seen_practice": "practices it learned from", "all": "everyone"}


def main() -> None:
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def filled(page: str) -> str:
    """The page with every table made anew; raises ValueError where a mark is missing."""
    result, dates, causes = (
        json.loads((HERE / f"{name}.json").read_text(encoding="utf-8")) for name in ("result", "dates", "causes")
    )
    tables = {
        "targets": targets(result),
        "parts": parts(result),
        "dates": by_date(dates),
        "top": top(result),
        "scores": scores(result),
        "sources": sources(result),
        "causes": rest_of_the_lift(causes),
    }
    for name, lines in tables.items():
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, mark, rest = page.partition(start)
        _, closing, after = rest.partition(end)
        if not mark or not closing:
            raise ValueError(f"the page has no marks for {name}")
        page = before + start + "\n" + "\n".join(lines) + "\n\n" + end + after
    return page


def targets(result: dict[str, Any]) -> list[str]:
    told = ["| target | wanted | reached (95%) | |", "|---|---|---|---|"]
    for row in result["targets"]:
        wanted = _wanted(*row["wanted"])
        got = _interval(row["got"], 4 if "error" in row["name"] or "Ahead" in row["name"] else 3)
        told.append(f"| {row['name']} | {wanted} | {got} | {row['word']} |")
    return told


def parts(result: dict[str, Any]) -> list[str]:
    told = ["| people of | people | admitted | AUROC | slope | observed over expected | calibration error |"]
    told.append("|---|---|---|---|---|---|---|")
    for name, title in PARTS.items():
        part = result["parts"][name]
        told.append(
            f"| {title} | {part['people']:,} | {part['events']:,} | {_interval(part['auroc'], 3)} | "
            f"{_interval(part['slope'], 3)} | {_interval(part['oe'], 3)} | {part['ece_20'][0]:.4f} |"
        )
    return told


def by_date(told: dict[str, Any]) -> list[str]:
    lines = ["| index date | months of records behind it | people | admitted | observed over expected |"]
    lines.append("|---|---|---|---|---|")
    for row in told["dates"]:
        day, months = row["index_date"], row["months_of_records"]
        lines.append(f"| {day} | {months} | {row['people']:,} | {row['events']:,} | {_interval(row['oe'], 3)} |")
    oracle = told["oracle"]
    lines.append(
        f"| {told['dates'][-1]['index_date']}, the oracle | | {oracle['people']:,} | | {_interval(oracle['oe'], 3)} |"
    )
    return lines


def top(result: dict[str, Any]) -> list[str]:
    told = ["| list | people | admitted, of 100 listed | of all admitted, on the list | reviewed for one admitted |"]
    told.append("|---|---|---|---|---|")
    for row in result["parts"]["unseen_practice"]["top"]:
        found, listed = 100 * row["sensitivity"][0], 100 * row["ppv"][0]
        needed = row["number_needed_to_review"][0]
        told.append(f"| top {row['pct']:g}% | {row['k']:,} | {listed:.0f} | {found:.1f} in 100 | {needed:.1f} |")
    return told


def scores(result: dict[str, Any]) -> list[str]:
    told = ["| score | of whom | people | admitted | its AUROC | the model is ahead by |", "|---|---|---|---|---|---|"]
    for row in result["differences"]:
        if row["auroc_difference"] is None:
            told.append(f"| {row['title']} | {row['population']} | not measured | | | |")
            continue
        told.append(
            f"| {row['title']} | {row['population']} | {row['people']:,} | {row['events']:,} | "
            f"{row['score_auroc'][0]:.3f} | {_interval(row['auroc_difference'], 4)} |"
        )
    return told


def sources(result: dict[str, Any]) -> list[str]:
    told = ["| model | AUROC | costs in AUROC | costs in people found at 2% |", "|---|---|---|---|"]
    for row in result["sources"]:
        told.append(
            f"| {row['set'].replace('_', ' ')} | {row['auroc'][0]:.3f} | {_interval(row['auroc_cost'], 4)} | "
            f"{row['found_cost'][0]:.0f} of {row['found_all'][0]:.0f} |"
        )
    return told


def rest_of_the_lift(causes: dict[str, Any]) -> list[str]:
    told = ["| the same learner, but | AUROC | gain (95%) | of the lift |", "|---|---|---|---|"]
    told.append(f"| as it is | {causes['plain_auroc']:.4f} | | {100 * causes['plain_lift_share']:.1f}% |")
    for name in ORDER:
        row = causes["variants"][name]
        title, share = name.replace("function_loss", "loss of function"), 100 * row["gain_share_of_lift"]
        told.append(f"| {title} | {row['auroc']:.4f} | {_interval(row['gain'], 4)} | {share:+.1f}% |")
    return told


def _wanted(low: float, high: float | None) -> str:
    if high is None:
        return f"above {low:g}"
    return f"{low:g} to {high:g}" if low else f"at most {high:g}"


def _interval(numbers: list[float] | None, digits: int) -> str:
    if numbers is None:
        return "not measured"
    first, low, high = (f"{number:.{digits}f}" for number in numbers)
    return f"{first} ({low} to {high})"


if __name__ == "__main__":
    main()
