"""Learning-rate schedules, as factors of the optimizer's learning rate."""

from __future__ import annotations

import ganzoo

HERE = "ganzoo_builtins.schedules.curves"


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    def add(name: str, target: str, summary: str, paper: str = "") -> None:
        zoo.add("schedule", name, f"{HERE}:{target}", summary=summary, paper=paper)

    add("constant", "Constant", "The optimizer's own learning rate throughout")
    add("linear", "Linear", "Linear decay from a chosen point of the run on")
    add("cosine", "Cosine", "Half a cosine wave down", "arXiv:1608.03983")
    add("exponential", "Exponential", "Exponential decay down to a lower bound", "arXiv:1406.2661")
    add("step", "Step", "Decay by a factor at regular intervals", "arXiv:1703.10717")
