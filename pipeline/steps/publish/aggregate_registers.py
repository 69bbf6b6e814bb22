"""What planners are told of the practices' registers: how many stand on them, what has changed, what was answered.

Taken from the registers that practices hold. The groups overlap and are never all there are: falling, steady and not
answered are not counted, so that no group follows from the others.
"""

from collections.abc import Collection, Mapping, Sequence

from pipeline.rules.answers import ACCEPTED, IN_HAND
from pipeline.rules.disclosure import has_room
from pipeline.rules.meeting import NEW
from pipeline.steps.at_hand.context import Context
from pipeline.steps.publish.locality_lists import changes_on, registers_of
from pipeline.steps.publish.pack_night import Night

TABLE = "register"
TITLE = "On the practices' registers"
LISTED = "listed"
TITLES = {
    LISTED: "On a register",
    "new": "New, returned or joined since the one before",
    "rising": "Risk clearly higher than on the one before",
    "in_hand": "Accepted or in hand, as practices answered",
}


def on_registers(context: Context, night: Night, *, codes: Sequence[str]) -> dict[str, list[str]]:
    """By person key, the groups that somebody on a register counts in; nobody before the first registers."""
    found = {}
    for register in registers_of(context, night, codes):
        changes = changes_on(context, night, register)
        for entry in register.entries:
            change, answers = changes.get(entry.person_key), night.answers.get(entry.person_key)
            applies = {
                LISTED: True,
                "new": change in NEW,
                "rising": change == "rising",
                "in_hand": answers is not None and answers.status in (ACCEPTED, IN_HAND),
            }
            found[entry.person_key] = [group for group, holds in applies.items() if holds]
    return found


def may_be_told(counts: Collection[Mapping[tuple[str, str], int]]) -> bool:
    """Whether every network has so many people on its registers that a known length says nothing of the groups.

    How long a register is follows from a practice's size, which is public. Changes exclude one another; answers too.
    """
    return all(
        has_room(network.get((TABLE, LISTED), 0), [network.get((TABLE, group), 0) for group in groups])
        for network in counts
        for groups in (("new", "rising"), ("in_hand",))
    )
