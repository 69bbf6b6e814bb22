"""The header line of a landed file against the formats its contract declares: which one it is, or what is not right.

What a sender wrote is never repeated: columns are named by their place, and by the header that was declared there.
"""

import csv
from collections.abc import Sequence
from datetime import date

from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.extract_format import Format, with_header
from pipeline.contracts.receipt import refusal

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_MOST_TOLD = 6


def split_header(line: str, *, separator: str = ",") -> list[str]:
    """The fields of a header line; none when it cannot be split."""
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def match_format(
    found: Sequence[str], *, contract: ExtractContract, period_end: date, claimed: str | None, where: str
) -> tuple[Format, ...]:
    """The formats in force for the period that have exactly this header, the newest first.

    `claimed` is the format the receipt names, if it does. Raises RefusedByRule: FILE-026 a format that is not in
    force, FILE-010 no declared header.
    """
    in_force = contract.formats_in_force(period_end)
    if claimed is not None:
        in_force = tuple(one for one in in_force if one.name == claimed)
        if not in_force:
            raise refusal("FILE-026", where=f"{where}, the format its receipt names")
    matching = with_header(contract.columns, found, in_force)
    if matching:
        return matching
    elsewhere = with_header(contract.columns, found, contract.formats)
    if elsewhere:
        raise refusal("FILE-026", where=f"{where}, {_validity(elsewhere[0])}")
    raise refusal("FILE-010", where=f"{where}, {_differences(found, contract=contract, formats=in_force)}")


def check_separator(line: str, *, contract: ExtractContract, where: str) -> None:
    """Raises RefusedByRule (FILE-019) when the line is a declared header but for what stands between its fields."""
    declared = {header for one in contract.formats for header in one.header_line(contract.columns)}
    for separator, told in _SEPARATORS.items():
        found = split_header(line, separator=separator)
        if len(found) > 1 and sum(header.strip() in declared for header in found) * 2 > len(found):
            raise refusal("FILE-019", where=f"{where}, which has {told} between them")


def _validity(chosen: Format) -> str:
    since = f" from {chosen.valid_from}" if chosen.valid_from else ""
    until = f" until {chosen.valid_to}" if chosen.valid_to else ""
    return f"in format '{chosen.name}', which is for periods that end{since}{until}"


def _differences(found: Sequence[str], *, contract: ExtractContract, formats: Sequence[Format]) -> str:
    """What is not right, against the declared header that has most in common with the one found."""
    lines = [one.header_line(contract.columns) for one in formats or contract.formats]
    declared = max(lines, key=lambda line: len(set(line) & set(found)))
    missing = [header for header in declared if header not in found]
    extra = [at for at, header in enumerate(found, start=1) if header not in declared]
    repeated = [at for at, header in enumerate(found, start=1) if header in found[: at - 1] and header in declared]
    renamed = {at: declared[at - 1] for at in extra if at <= len(declared) and declared[at - 1] in missing}
    told = [f"column {at} should be '{header}'{_nearly(found[at - 1], header)}" for at, header in renamed.items()]
    told += [f"'{header}' is missing" for header in missing if header not in renamed.values()]
    told += [f"column {at} is not declared" for at in extra if at not in renamed]
    told += [f"column {at} is there a second time" for at in repeated]
    if not told:
        at = next((i for i, (one, two) in enumerate(zip(found, declared, strict=False), 1) if one != two), 1)
        told = [f"the columns are in another order: column {at} should be '{declared[at - 1]}'"]
    more = f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    return "; ".join(told[:_MOST_TOLD]) + more


def _nearly(found: str, declared: str) -> str:
    def plain(text: str) -> str:
        return "".join(sign for sign in text.lower() if sign.isalnum())

    return ", which differs only in capitals, spaces or signs" if plain(found) == plain(declared) else ""
