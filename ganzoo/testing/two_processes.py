"""One of two processes that train small examples of a plugin's procedures.

    torchrun --nproc_per_node 2 -m ganzoo.testing.two_processes FOLDER

Reads FOLDER/recipes.json, {procedure: recipe}. Each process writes rank-N.json, {procedure: digest of its weights}.
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
from ganzoo.testing.stand_ins import with_stand_ins
from ganzoo.training import device
from ganzoo.training.session import Session
from ganzoo.utils import distributed

STEPS = 3


def main(folder: Path) -> None:
    """Train each recipe for a few steps and write the digests of the weights."""
    plugins = with_stand_ins(discovery.load())
    digests: dict[str, str] = {}
    for name, tree in json.loads((folder / "recipes.json").read_text()).items():
        recipe = resolver.resolve(tree, plugins.zoo, name, name="two_processes")
        session = Session(recipe, device.accelerator(recipe.run))
        for t in range(STEPS):
            session.step(t)
        digests[name] = digest(session.procedure)
        print(f"{distributed.rank()}: {one_line(name)}", file=sys.stderr)
        (folder / f"rank-{distributed.rank()}.json").write_text(json.dumps(digests))


def digest(procedure: Procedure) -> str:
    """Return the SHA-256 of all parameters. Buffers are left out: statistics of batch norm differ between processes."""
    sha256 = hashlib.sha256()
    for parameter in procedure.parameters():
        sha256.update(parameter.detach().cpu().contiguous().numpy().tobytes())
    return sha256.hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
