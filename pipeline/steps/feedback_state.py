"""What practices have said about the people of a run, as known to that run."""

from pipeline.contracts.answers import Answers
from pipeline.ledger.runs import Run
from pipeline.steps.context import Context


def answers_of(context: Context, run: Run) -> dict[str, Answers]:
    """Standing answers by person key, without free text; of practices whose patients they are."""
    return {}


def with_words(context: Context, run: Run, answers: dict[str, Answers]) -> dict[str, Answers]:
    """The same with free text, which only a practice's own pack may hold."""
    return answers
