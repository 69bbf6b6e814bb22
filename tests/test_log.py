"""Log lines and progress lines hold counts and ids; whatever else is thrown at them stays out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import PipelineError, UserError
from pipeline.log import say, scrub, step_log
from pipeline.rules.nhs_number import MASKED, check_digit

NUMBER = "9990000018"
SHAPES = [
    NUMBER,
    int(NUMBER),
    float(NUMBER),
    "999 000 0018",
    f"row of {NUMBER}.",
    NUMBER.encode(),
    [NUMBER],
    (int(NUMBER),),
    {NUMBER},
    {"counts": {NUMBER: 1}},
    {"deep": [{"er": {"text": f"x{NUMBER}y"}}]},
]


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    captured = capsys.readouterr()
    assert captured.out == ""
    (only,) = captured.err.splitlines()
    return json.loads(only)


def test_a_line_is_one_json_object_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    step_log(step="validate").bind(delivery_id="gp_event.F83004.20261115T020000Z").info(
        "finished", rows_in=12, counts={"kept": 11}
    )
    told = line(capsys)
    assert told.pop("at").endswith("+00:00")
    assert told == {
        "event": "finished",
        "level": "info",
        "step": "validate",
        "delivery_id": "gp_event.F83004.20261115T020000Z",
        "rows_in": 12,
        "counts": {"kept": 11},
    }


def test_a_key_nobody_allowed_is_dropped_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    step_log(postcode="N1 9GU").info("linked", family_name="Zyxwright", rows_in=1)
    told = line(capsys)
    assert told["dropped"] == ["family_name", "postcode"]
    assert "Zyx" not in str(told) and "N1" not in str(told)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_a_number_is_withheld_in_any_shape(capsys: pytest.CaptureFixture[str], shape: Any) -> None:
    step_log(where=shape).info("done", counts=shape)
    captured = capsys.readouterr().err
    assert "9990000018" not in captured and "999 000 0018" not in captured
    assert MASKED in captured


def test_a_number_in_the_event_is_withheld(capsys: pytest.CaptureFixture[str]) -> None:
    step_log().warning(f"row of {NUMBER}")
    assert line(capsys)["event"] == f"row of {MASKED}"


def test_an_error_of_ours_is_told_without_locals_or_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    family_name = "Zyxwright"
    try:
        raise UserError(f"bad {NUMBER}", where="row 3", next_step="ask")
    except UserError:
        step_log().exception("failed")
    (told,) = line(capsys)["exception"]
    assert told["message"] == f"bad {MASKED}. row 3. ask."
    assert told["type"] == "UserError"
    assert told["places"][0].startswith("test_log.py:")
    assert family_name not in str(told)


def test_a_librarys_message_is_withheld_wherever_it_stands_in_the_chain(
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        try:
            raise ValueError("could not convert 'Zyxwright' to a date")
        except ValueError as error:
            raise PipelineError("row 3 has no date") from error
    except PipelineError as error:
        step_log().error("failed", exc_info=error)
    told = line(capsys)
    assert [one["type"] for one in told["exception"]] == ["PipelineError", "ValueError"]
    assert told["exception"][0]["message"] == "row 3 has no date"
    assert "Zyxwright" not in str(told)


def test_a_traceback_of_a_librarys_error_with_a_tuple_is_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    error = KeyError("Zyxwright")
    step_log().error("failed", exc_info=(KeyError, error, None))
    assert line(capsys)["exception"] == [
        {"type": "KeyError", "message": "(withheld: not an error of ours)", "places": []}
    ]


def test_progress_lines_pass_the_same_filter(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"  linked 3 rows of {NUMBER}")
    assert capsys.readouterr().out == f"  linked 3 rows of {MASKED}\n"


@given(st.integers(-(10**9) + 1, 10**9 - 1) | st.booleans() | st.none() | st.floats(0, 1))
def test_counts_and_probabilities_are_left_as_they_are(value: object) -> None:
    assert scrub(value) is value


@given(st.integers(10**8, 10**9 - 1))
def test_every_whole_number_with_a_check_digit_is_withheld(nine: int) -> None:
    digit = check_digit(str(nine))
    if digit is not None:
        assert scrub(nine * 10 + digit) == MASKED
