"""Our own templates and style sheets, as every page is made of them: strict, escaped, read once in a process."""

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).parent / "templates"


@cache
def templates(*, finalize: Callable[[object], object] | None = None, trims_blocks: bool = False) -> Environment:
    """Our folder of templates; `finalize` is applied to every value that is shown.

    With `trims_blocks` a line that holds only a block leaves no trace, nor does the line end of the file.
    """
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=trims_blocks,
        lstrip_blocks=trims_blocks,
        keep_trailing_newline=not trims_blocks,
    )


@cache
def asset(name: str) -> str:
    """A style sheet or script of ours, as it lies beside the templates."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def strict_policy(style: str) -> str:
    """The security policy of a page without scripts: nothing is loaded, and this one style alone applies."""
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
