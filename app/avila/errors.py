"""The exceptions that cross the program's borders; everything else is a bug of ours."""


class AvilaError(Exception):
    """Something the person can act on: shown as a card, exit status 1, or an HTTP error.

    Raised where the cause is known (a backend, the gallery, the settings), never further up.

    Attributes:
        title: what happened, a few words without a full stop.
        explanation: one or two sentences on why.
        advice: what to do now; may be empty when there is nothing but to try again.
        details: technical text for a bug report (the cause's own message), shown folded away.
    """

    def __init__(self, title: str, explanation: str = "", advice: str = "", details: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.explanation = explanation
        self.advice = advice
        self.details = details

    def __str__(self) -> str:
        return "\n".join(part for part in (self.title, self.explanation, self.advice) if part)


class NotEnoughMemoryError(AvilaError):
    """A picture or its model does not fit; the window offers what would make it fit."""


class Cancelled(Exception):  # noqa: N818 - not an error: the person asked for it
    """Raised by `on_step` when the job was cancelled; a backend lets it pass and stays usable."""
