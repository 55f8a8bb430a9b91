"""A finding: something that goes wrong, by name, with the numbers that say so and the one setting to change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """name: which rule of docs/diagnosis.md. evidence: the numbers, in a sentence. change: one assignment as on the
    command line, such as "loss.use=non_saturating". since_step: from which logged step on it held without a break.
    """

    name: str
    evidence: str
    change: str
    since_step: int

    def __str__(self) -> str:
        return f"{self.name.replace('_', ' ')} since step {self.since_step}: {self.evidence}. Try {self.change}"
