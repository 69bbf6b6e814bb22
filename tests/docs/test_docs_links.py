"""No page is lost and no link leads nowhere: every page can be reached from the README, and the indexes are whole."""

from pathlib import Path

import pytest
from project_pages import PROJECT, broken_links, links, name_of, pages, text_of


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_relative_link_resolves(page: Path) -> None:
    assert broken_links(page, page.read_text(encoding="utf-8")) == []


def test_a_broken_link_or_anchor_would_be_found() -> None:
    text = (
        "# One\n[a](no/such/page.md) [b](GLOSSARY.md#no-such-term) [c](#one) [d](https://example.org/x) ![e](none.png)"
    )
    assert broken_links(PROJECT / "README.md", text) == ["no/such/page.md", "GLOSSARY.md#no-such-term", "none.png"]


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [PROJECT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        targets = [(page.parent / link.partition("#")[0]).resolve() for link in links(page.read_text(encoding="utf-8"))]
        waiting += [target for target in targets if target.suffix == ".md" and target.is_file()]
    assert sorted(map(name_of, set(pages()) - reached)) == []


@pytest.mark.parametrize("folder", ["docs/runbooks", "docs/decisions", "docs/generated"])
def test_every_page_of_a_folder_stands_in_its_index(folder: str) -> None:
    index = PROJECT / folder / "README.md" if folder != "docs/generated" else PROJECT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in links(text_of(index))}
    there = set((PROJECT / folder).glob("*.md")) - {index}
    assert there and sorted(map(name_of, there - linked)) == []
