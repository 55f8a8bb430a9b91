"""From a run to a folder that others can load: written whole or not at all, and loaded once before it is left there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.errors import GanzooError, IncompatibleError, RunError
from ganzoo.registry import discovery
from ganzoo.registry.discovery import Plugins
from ganzoo.runs import checkpoint, layout
from ganzoo.sampling import preview, writer
from ganzoo.sampling.model import Model
from ganzoo.sampling.run import Run
from ganzoo.sharing import load, manifest, model_card, needed, weights
from ganzoo.sharing.config import Config
from ganzoo.sharing.described import described
from ganzoo.translator import Translator
from ganzoo.utils import atomic
from ganzoo.utils.redact import Redactor

COMPARED = 6  # samples that the folder has to make again, bit by bit
HIDDEN = "its procedure keeps something outside state_dict()."


@dataclass
class Exported:
    """A folder that was written, its files, and what should be known of it."""

    place: Path
    config: Config
    sizes: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def export(
    place: str | Path,
    out: Path | None = None,
    formats: Sequence[str] = (),
    license: str = "",
    plugins: Plugins | None = None,
) -> Exported:
    """Write what sampling from a run needs to `out`, RUN/export unless given.

    formats: of ganzoo.sharing.FORMATS; safetensors is always there. Errors: GanzooError; what was at `out` before is
    there still.
    """
    plugins = plugins or discovery.load()
    run, chosen = Run.find(place)
    chosen = chosen or run.latest
    target = (out or run.folder / layout.EXPORT).absolute()
    model, step = run.load(chosen, plugins), int(checkpoint.read(chosen).states["state"]["step"])
    scrub = Redactor.of([_or_nothing(run, "status")])
    kept = free(target, scrub(run.folder.name))
    try:
        with atomic.made_beside(target) as partial:
            made = _write(partial, run, model, step, scrub, formats, license, plugins)
            if kept is not None:
                (partial / manifest.CARD).write_text(kept)
                made.remarks.append(f"{manifest.CARD} was edited since it was written, and stays as it is.")
            made.place, made.sizes = target, {path.name: path.stat().st_size for path in sorted(partial.iterdir())}
    except OSError as error:
        raise RunError(f"{target}: {error.strerror}. Give another folder with --out.") from error
    return made


def free(target: Path, run: str) -> str | None:
    """The text of a model card there that somebody has edited; None where there is none.

    Errors: RunError for anything that is no earlier export of this run: it is left alone.
    """
    if not target.exists() and not target.is_symlink():
        return None
    try:
        if target.is_dir() and not target.is_symlink() and not any(target.iterdir()):
            return None
        listing, found = manifest.check(target), load.read(target)
    except (RunError, OSError) as error:
        raise RunError(
            f"{target} exists, and is no export: it is left as it is. Give another folder with --out."
        ) from error
    if found.run != run:
        raise RunError(f"{target} is an export of {found.run}, and is left as it is. Give another folder with --out.")
    path = target / manifest.CARD
    if not path.exists():
        return None
    content = manifest.bounded(path, 2**20)
    return content.decode(errors="replace") if manifest.describe(content).sha256 != listing.card else None


def _write(
    place: Path,
    run: Run,
    model: Model,
    step: int,
    scrub: Redactor,
    formats: Sequence[str],
    license: str,
    plugins: Plugins,
) -> Exported:
    remarks: list[str] = []
    for path in sorted(run.folder.glob("recipe.*")):
        if path.name in manifest.KNOWN:
            text = path.read_text(errors="replace")
            shortened = Redactor()(text)
            if shortened != text:
                remarks.append(f"{path.name}: folders of this machine are shortened to their last name.")
            (place / path.name).write_text(shortened)
    provenance = {**_or_nothing(run, "provenance"), "plugins": []}  # config.json names those that it needs
    (place / "provenance.json").write_text(json.dumps(scrub.provenance(provenance), indent=1))
    remarks += _picture(place, model)
    wanted, whole = needed.drawn(model.procedure, COMPARED, 0), model.procedure.state_dict()
    why = ""
    for tensors in (needed.state(model.procedure), whole):
        made = described(run, model, step, scrub, tensors, {}, plugins)
        _finish(place, made, tensors, run, license)
        if not (why := _differs(place, wanted, plugins)):
            break
    if why:
        raise IncompatibleError(f"this model cannot be shared: {why}")
    if {*formats} & {"onnx", "torch_export"}:
        from ganzoo.sharing import graphs

        load.take_away(model.procedure, tensors)
        found = graphs.write(place, model, formats)
        made = described(run, model, step, scrub, tensors, found, plugins)
        _finish(place, made, tensors, run, license)
    return Exported(place, made, remarks=remarks)


def _finish(place: Path, made: Config, tensors: dict[str, Tensor], run: Run, license: str) -> None:
    (place / manifest.CONFIG).write_text(json.dumps(made.model_dump(mode="json"), indent=1))
    (place / manifest.WEIGHTS).write_bytes(weights.pack(tensors))
    (place / manifest.CARD).write_text(model_card.text(made, run, license, {path.name for path in place.iterdir()}))
    manifest.write_manifest(place)


def _differs(place: Path, wanted: Tensor, plugins: Plugins) -> str:
    """Why what is in the folder is not the model; nothing when it makes the wanted samples, bit by bit."""
    try:
        made = needed.drawn(load.load(place, plugins).procedure, COMPARED, 0)
    except (GanzooError, AttributeError) as error:
        return str(getattr(error, "message", error))
    return "" if torch.equal(made, wanted) else "loaded again it makes other samples: " + HIDDEN


def _picture(place: Path, model: Model) -> list[str]:
    """samples.png, or samples.txt of token ids. Returns why there is none, where there is none."""
    if isinstance(model.procedure, Translator):
        return ["no samples.png: what a translator makes shows the data that it is given."]
    n, columns = preview.layout(model.spec, model.procedure.conditional)
    name = "samples.txt" if model.spec.vocab else "samples.png"
    try:
        writer.save(model.sample(n, seed=0), None, place / name, columns, model.words)
    except GanzooError as error:
        return [f"no {name}: {error.message.replace(f'{place}/', '')}"]
    return []


def _or_nothing(run: Run, name: str) -> dict[str, Any]:
    try:
        return run.status if name == "status" else run.provenance
    except RunError:
        return {}
