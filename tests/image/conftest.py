"""What was measured while the image was built and run, said once more at the very end of the session."""

from collections.abc import Callable
from typing import Any

import pytest

MEASURED: list[str] = []


@pytest.fixture(scope="session")
def tell() -> Callable[[str], None]:
    """Keeps a line for the end of the session."""
    return MEASURED.append


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for line in MEASURED:
        terminalreporter.write_line(f"[image] {line}")
