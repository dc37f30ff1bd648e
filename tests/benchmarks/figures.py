"""What was found compared with what is right: precision, recall and F1."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """How well something was found, in numbers of verdicts or codes."""

    right: int
    """Found, and rightly."""
    found: int
    wanted: int
    """All that there was to find."""

    @property
    def precision(self) -> float:
        """Share of what was found that is right."""
        return self.right / max(1, self.found)

    @property
    def recall(self) -> float:
        """Share of what was wanted that was found."""
        return self.right / max(1, self.wanted)

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        return 2 * self.right / max(1, self.found + self.wanted)

    def __str__(self) -> str:
        return (
            f"precision {self.precision:6.1%}  recall {self.recall:6.1%}  F1 {self.f1:6.1%}  "
            f"({self.right} right, {self.found - self.right} false, "
            f"{self.wanted - self.right} missed)"
        )
