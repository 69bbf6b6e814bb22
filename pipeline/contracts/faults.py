"""What is wrong in a declaration, in one line: the field and why."""

from pydantic import ValidationError


def first_fault(error: Exception) -> str:
    """The first fault of a declaration that does not hold together, or the first line of any other error."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        return f"{field}: {first['msg']}" if field else str(first["msg"])
    return str(error).splitlines()[0]
