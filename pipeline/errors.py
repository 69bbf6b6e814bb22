"""Every error this package raises on purpose, with the exit code an operator's script can test.

A `UserError` is for the person who must act: it is shown without a traceback and says what happened, where
(delivery, file, column, row numbers) and what to do next. Nothing here logs itself. No message may hold a value
from a person's row: numbers of rows, names of columns and ids of deliveries only.
"""


class PipelineError(Exception):
    """Something went wrong inside; shown with a traceback in the log. Exit code 1."""

    exit_code = 1


class UserError(PipelineError):
    """Something a person can put right: what happened, where, and what to do next."""

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", next_step: str = "") -> None:
        self.what, self.where, self.next_step = what, where, next_step
        super().__init__(". ".join(part.rstrip(".") for part in (what, where, next_step) if part) + ".")


class SettingsError(UserError):
    """A setting is unknown, missing or unusable."""

    exit_code = 10


class DeliveryRefused(UserError):
    """A delivery cannot be taken in; the last good one stays in use."""

    exit_code = 11


class ContractError(UserError):
    """A declaration of ours (contract, policy, plan, code list) does not hold together."""

    exit_code = 12


class GateClosed(UserError):
    """The policy does not permit what was asked: basis missing or expired, or an opt-out unresolved."""

    exit_code = 13


class ModelUnfit(UserError):
    """No model can score this night: none promoted, or it was made for other features."""

    exit_code = 14


class ChannelError(UserError):
    """Publishing or receiving met a fault of the outside world, or a staged pack failed its last check."""

    exit_code = 15


class PacksBlocked(ChannelError):
    """Some of a night's packs could not be published; `codes` says whose."""

    def __init__(self, what: str, *, where: str, next_step: str, codes: tuple[str, ...]) -> None:
        super().__init__(what, where=where, next_step=next_step)
        self.codes = codes


class PublicationHeld(UserError):
    """The night's scores no longer fit, by the declared bounds: nothing is published until a person decides."""

    exit_code = 16
