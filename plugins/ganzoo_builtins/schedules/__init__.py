"""Learning-rate schedules, as factors of the optimizer's learning rate."""

from __future__ import annotations

import ganzoo

HERE = "ganzoo_builtins.schedules.curves"


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    def add(name: str, target: str, summary: str, paper: str = "") -> None:
        zoo.add("schedule", name, f"{HERE}:{target}", summary=summary, paper=paper)

    add("constant", "Constant", "The optimizer's own learning rate throughout")
    add("linear", "Linear", "A straight line down, from a chosen point of the run on")
    add("cosine", "Cosine", "Half a cosine wave down", "arXiv:1608.03983")
    add("exponential", "Exponential", "Down by the same factor at each step, to a floor", "arXiv:1406.2661")
    add("step", "Step", "Down by a factor after every so many steps", "arXiv:1703.10717")
