"""Reads a practice's page as its reader would: tags, ids and visible text."""

import re
from dataclasses import replace
from html.parser import HTMLParser

from invented_packs import empty_pack, practice_pack, whole_pack

from pipeline.channels.page import practice_page
from pipeline.contracts.register import Activity

VOID = {"meta", "input", "br", "path", "use"}


class Reader(HTMLParser):
    """Tags in order, visible text, ids and the content of style and script; fails on a tag left open."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.held: dict[str, str] = {}
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute twice on {tag}"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "script"):
            self.held[self.open[-1]] = data
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.tags if name in attrs]


def read(pack) -> Reader:
    return Reader(practice_page(pack).decode("utf-8"))


def with_first(pack, **changes: object):
    return replace(pack, people=(replace(pack.people[0], **changes), *pack.people[1:]))


def row_of(pack, rank: int = 1) -> str:
    """The visible text of one row of the ranked list."""
    page = practice_page(pack).decode("utf-8")
    found = re.search(rf'<tr id="p{rank}".*?</tr>', page, re.DOTALL)
    assert found
    return Reader(found[0]).text


PACKS = {
    "forty": practice_pack(40),
    "two hundred": practice_pack(200, kept=12),
    "every kind of listing": whole_pack(20),
    "nobody": empty_pack(),
    "all fields unknown": with_first(
        practice_pack(1, kept=0),
        sex=None,
        given_name="",
        rank_before=None,
        risk_before=None,
        against=None,
        reasons=(),
        not_in_gp_record=(),
        long_term_conditions=(),
        emergency_admissions_12m=None,
        emergency_admission_last_date=None,
        emergency_attendances_12m=None,
        lives_in="unknown",
        has_home_care=None,
        data_gaps=(),
        frailty=None,
        is_palliative=None,
        is_carer=None,
        needs_interpreter=None,
        last_gp_contact_date=None,
        discharged_on=None,
        attendances_since=None,
        activity=Activity(),
        answers=None,
    ),
}
