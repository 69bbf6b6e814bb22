"""Nothing in the repository ties it to one machine or one package source: no registry host, no one's folders."""

import re

from project_pages import name_of, project_files

# Written in pieces, so that this file does not find itself.
_HOSTS = (r"py" + r"pi\.org", r"python" + r"hosted", r"npm" + r"js\.", r"arti" + r"factory", r"dev" + r"pi")
_FOLDERS = ("root/", "home/[a-z]", "Users/[A-Za-z]", "work/", "mnt/[a-z]")
HOSTS = re.compile("|".join(_HOSTS))
FOLDERS = re.compile("|".join(rf"(?<![\w.~$}}-])/{name}" for name in _FOLDERS))
# A shell variable in quotes before the slash: a folder below one that the script made.
_VARIABLE = re.compile(r'"\$\{?\w+\}?"/')


def found(pattern: re.Pattern[str], text: str) -> list[str]:
    return [line.strip()[:80] for line in text.splitlines() if pattern.search(_VARIABLE.sub("$V/", line))]


def test_no_file_names_a_registry_host_or_a_folder_of_one_machine() -> None:
    guilty = {}
    for path in project_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        lines = found(HOSTS, text) + found(FOLDERS, text)
        if lines:
            guilty[name_of(path)] = lines
    assert guilty == {}


def test_such_a_line_would_be_found() -> None:
    assert found(HOSTS, "--index-url https://py" + "pi.org/simple") and found(
        HOSTS, "https://npm.example/npm" + "js.com"
    )
    assert found(FOLDERS, "open('/" + "root/x')") and found(FOLDERS, "see /" + "home/alice/data")
    assert not found(FOLDERS, 'rm "$work"/root/usr')
    assert not found(FOLDERS, "riskstrat-data/home/x and $HOME/home/y and https://example.org/work/z")
