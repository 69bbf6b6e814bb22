"""Faults of whole files, planted in the bytes: wrong encoding, another delimiter, cut off, other columns.

What happens to rows (half of them missing, another month's) and to whole deliveries (never sent) is done before there
are bytes; the kinds are named here all the same.
"""

from collections.abc import Callable

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Done in the plan or to the rows, not to the bytes.
BEFORE_BYTES = ("nothing_sent", "wrong_month", "half_volume")


def damaged(data: bytes, kind: str) -> bytes:
    """The file with one fault; kinds of BEFORE_BYTES and '' leave it as it is. Raises KeyError for an unknown kind."""
    if kind in ("", *BEFORE_BYTES):
        return data
    return _DAMAGE[kind](data)


def _latin_1(data: bytes) -> bytes:
    """A non-breaking space after the first field, as an export in Latin-1 writes it: not UTF-8."""
    header, rows = _split(data)
    return header + rows.replace(b",", b"\xa0,", 1) if rows else header.replace(b",", b"\xa0,", 1)


def _utf_16(data: bytes) -> bytes:
    return b"\xff\xfe" + data.decode("utf-8").encode("utf-16-le")


def _marked(data: bytes) -> bytes:
    return BYTE_ORDER_MARK + data


def _semicolons(data: bytes) -> bytes:
    return data.replace(b",", b";")


def _truncated(data: bytes) -> bytes:
    """Broken off inside the last row: its line end and a few of its characters are gone."""
    return data[:-9]


def _truncated_at_line_end(data: bytes) -> bytes:
    """The last tenth of the rows is missing, at least one; the receipt still counts them."""
    lines = data.splitlines(keepends=True)
    kept = max(1, len(lines) - max(1, len(lines) // 10))
    return b"".join(lines[:kept])


def _renamed_column(data: bytes) -> bytes:
    """The last column under another name."""
    header, rows = _split(data)
    return header.rstrip(b"\n") + b"_v2\n" + rows


def _extra_column(data: bytes) -> bytes:
    """One more column at the end, empty in every row."""
    header, rows = _split(data)
    return header.rstrip(b"\n") + b",Comment\n" + rows.replace(b"\n", b",\n")


def _split(data: bytes) -> tuple[bytes, bytes]:
    end = data.index(b"\n") + 1
    return data[:end], data[end:]


_DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "latin_1": _latin_1,
    "utf_16": _utf_16,
    "bom": _marked,
    "delimiter": _semicolons,
    "truncated": _truncated,
    "truncated_at_line_end": _truncated_at_line_end,
    "renamed_column": _renamed_column,
    "extra_column": _extra_column,
}
FILE_KINDS = (*_DAMAGE, *BEFORE_BYTES)
