"""A plan that must not be carried out, as a sentence."""


class Refusal(ValueError):
    """Why a resource will not make a plan: `said` is what is in the way, `remedy` what the owner can do."""

    def __init__(self, said: str, remedy: str) -> None:
        self.said, self.remedy = said, remedy
        super().__init__(f"{said}; {remedy}")
