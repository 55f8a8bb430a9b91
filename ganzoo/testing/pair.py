"""One of two processes that train small examples of a plugin's procedures: torchrun ... -m ganzoo.testing.pair FOLDER.

FOLDER has recipes.json, {procedure: recipe}; each process leaves rank-N.json, {procedure: digest of its weights}.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from ganzoo.config import resolver
from ganzoo.errors import one_line
from ganzoo.procedure import Procedure
from ganzoo.registry import discovery
from ganzoo.testing import parts
from ganzoo.training import device
from ganzoo.training.session import Session

STEPS = 3


def main(folder: Path) -> None:
    plugins = parts.beside(discovery.load())
    told: dict[str, str] = {}
    for name, tree in json.loads((folder / "recipes.json").read_text()).items():
        recipe = resolver.resolve(tree, plugins.zoo, name, name="pair")
        accelerator = device.accelerator(recipe.run)
        trainee = Session(recipe, accelerator)
        for t in range(STEPS):
            trainee.step(t)
        told[name] = digest(trainee.procedure)
        print(f"{accelerator.process_index}: {one_line(name)}", file=sys.stderr)
        (folder / f"rank-{accelerator.process_index}.json").write_text(json.dumps(told))


def digest(procedure: Procedure) -> str:
    """SHA-256 of every parameter: statistics of batch norm are each process's own."""
    found = hashlib.sha256()
    for parameter in procedure.parameters():
        found.update(parameter.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
