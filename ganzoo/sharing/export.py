"""Exports a run to a folder that others can load: written whole or not at all, and loaded once to verify it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.errors import GanzooError, IncompatibleError, RunError
from ganzoo.procedure import Procedure
from ganzoo.registry import discovery
from ganzoo.registry.discovery import DISTRIBUTION, Plugins
from ganzoo.registry.registered import PYTHON
from ganzoo.registry.versions import API_VERSION
from ganzoo.runs import checkpoint, layout
from ganzoo.sampling import preview, writer
from ganzoo.sampling.model import Model
from ganzoo.sampling.run import Run
from ganzoo.sharing import config, load, manifest, model_card, weights
from ganzoo.sharing.config import Config, DataSpec, GraphInfo
from ganzoo.translator import Translator
from ganzoo.utils import atomic, modes
from ganzoo.utils.redact import Redactor, without_secrets
from ganzoo.utils.unicode import well_formed

COMPARED = 6  # samples that the export has to reproduce bit by bit
SEED = 0
GRAPH_FORMATS = {"onnx", "torch_export"}


@dataclass
class ExportResult:
    """An export that was written.

    Attributes:
        folder: Its folder.
        config: Contents of its config.json.
        sizes: Sizes in bytes of its files, by name.
        remarks: Notes to the user.
    """

    folder: Path
    config: Config = field(repr=False)
    sizes: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Source:
    """The model of a run at a step, and how it is exported."""

    run: Run
    model: Model
    step: int
    redact: Redactor
    license: str
    plugins: Plugins


def export(
    place: Run | str | Path,
    out: str | Path | None = None,
    formats: Sequence[str] = (),
    license: str = "",
    plugins: Plugins | None = None,
) -> ExportResult:
    """Write the networks of a run with everything that sampling needs, and nothing of training.

    Args:
        place: A run, a run folder, a folder of runs, or a checkpoint.
        out: The folder to write; RUN/export when left out. An earlier export of the same run is replaced.
        formats: Names of `ganzoo.sharing.FORMATS`; safetensors is always written.
        license: License of the weights, as the Hub spells it: mit, cc-by-4.0, ...
        plugins: Installed plugins; discovered when left out.

    Returns:
        The folder and its contents.

    Raises:
        RunError: The run cannot be read, or the folder holds something else.
        IncompatibleError: The model cannot be shared, or is no graph.
        SetupError: A package for one of the formats is missing.
    """
    run, chosen = Run.find(place)
    plugins = plugins or run.plugins or discovery.load()
    chosen = chosen or run.latest
    model = run.load(chosen, plugins)
    step = int(checkpoint.read(chosen).states["state"]["step"])
    source = _Source(run, model, step, Redactor.of([_read_or_empty(run, "status")]), license, plugins)
    folder = Path(out or run.folder / layout.EXPORT).absolute()
    edited_card = check_target(folder, source.redact(run.folder.name))
    try:
        with atomic.write_folder(folder) as partial:
            result = _write(partial, source, formats)
            if edited_card is not None:
                (partial / manifest.CARD).write_text(edited_card, encoding="utf-8")
                result.remarks.append(f"{manifest.CARD} was edited after it was written; your version is kept.")
            result.folder = folder
            result.sizes = {path.name: path.stat().st_size for path in sorted(partial.iterdir())}
    except OSError as error:
        raise RunError(f"{folder}: {error.strerror}. Give another folder with --out.") from error
    return result


def check_target(folder: Path, run: str) -> str | None:
    """Check that a folder may be written: it is missing, empty, or an earlier export of the same run.

    Args:
        folder: The folder.
        run: Name of the run.

    Returns:
        The text of its model card when somebody has edited it; None otherwise.

    Raises:
        RunError: The folder holds anything else.
    """
    if not folder.exists() and not folder.is_symlink():
        return None
    try:
        if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
            return None
        listing = manifest.check(folder)
        earlier = config.read(folder, listing)
    except (RunError, OSError) as error:
        raise RunError(
            f"{folder} exists and is not an export: it is left unchanged. Give another folder with --out."
        ) from error
    if earlier.run != run:
        raise RunError(
            f"{folder} is an export of {earlier.run}, and is left unchanged. Give another folder with --out."
        )
    path = folder / manifest.CARD
    if not path.exists():
        return None
    content = manifest.read_bounded(path, 2**20)
    return content.decode(errors="replace") if manifest.fingerprint(content).sha256 != listing.card else None


def sampling_state(procedure: Procedure) -> dict[str, Tensor]:
    """Return the tensors that `sample()` needs.

    They are those of the generators, of every other network without which sampling fails, and of the procedure itself.
    """
    generators = {id(generator) for generator in procedure.generators()}
    networks = dict(procedure._modules)
    unused = []
    for name, part in list(procedure.named_children()):
        if part.state_dict() and not any(id(module) in generators for module in part.modules()):
            procedure._modules.pop(name)
            try:
                sample_without_data(procedure, 1, SEED)
                unused.append(name)
            except Exception:  # of any kind: sampling needs this network
                pass
            finally:
                procedure._modules.update(networks)
    state = procedure.state_dict()
    return {name: state[name] for name in state if name.partition(".")[0] not in unused or "." not in name}


def sample_without_data(procedure: Procedure, n: int, seed: int) -> Tensor:
    """Sample from a seed; a translator gets noise in place of inputs. () -> (n, *shape)."""
    device = next(procedure.parameters()).device
    y = torch.zeros(n, dtype=torch.long, device=device) if procedure.conditional else None
    with modes.sampling(procedure, device, seed):
        return procedure.sample(n, y)


def _write(folder: Path, source: _Source, formats: Sequence[str]) -> ExportResult:
    procedure = source.model.procedure
    remarks = [*_write_recipe(folder, source.run), *_write_samples(folder, source.model)]
    provenance = {**_read_or_empty(source.run, "provenance"), "plugins": []}  # config.json names those that it needs
    (folder / "provenance.json").write_text(json.dumps(source.redact.provenance(provenance), indent=1))
    expected = sample_without_data(procedure, COMPARED, SEED)
    whole = procedure.state_dict()
    for tensors in (sampling_state(procedure), whole):
        exported = _configure(source, tensors)
        _write_model(folder, source, exported, tensors)
        reason = _explain_difference(folder, expected, source.plugins)
        if not reason:
            break
    else:
        raise IncompatibleError(f"this model cannot be shared: {reason}")
    if GRAPH_FORMATS & {*formats}:
        from ganzoo.sharing import graphs

        load.remove_unsaved_networks(procedure, tensors)
        exported = _configure(source, tensors, graphs.write(folder, source.model, formats))
        _write_model(folder, source, exported, tensors)
    return ExportResult(folder, exported, remarks=remarks)


def _write_recipe(folder: Path, run: Run) -> list[str]:
    """Write the recipe without paths of this machine, and return remarks."""
    name, content = run.recipe_as_given
    if not name:
        return []
    text = content.decode(errors="replace")
    redacted = Redactor()(text)
    (folder / name).write_text(redacted, encoding="utf-8")
    return [f"{name}: paths of this machine are shortened, and secrets left out."] * (redacted != text)


def _write_samples(folder: Path, model: Model) -> list[str]:
    """Write samples.png, or samples.txt for token ids; return a remark when there is neither."""
    if isinstance(model.procedure, Translator):
        return ["no samples.png: the samples of a translator would show the data that it is given."]
    n, columns = preview.layout(model.spec, model.procedure.conditional)
    name = "samples.txt" if model.spec.vocab else "samples.png"
    try:
        y = preview.labels(model.spec, n) if model.procedure.conditional else None
        writer.save(model.sample(n, y, SEED), None, folder / name, columns, model.words)
    except GanzooError as error:
        return [f"no {name}: {error.message.replace(f'{folder}/', '')}"]
    return []


def _write_model(folder: Path, source: _Source, exported: Config, tensors: Mapping[str, Tensor]) -> None:
    (folder / manifest.CONFIG).write_text(json.dumps(exported.model_dump(mode="json"), indent=1))
    (folder / manifest.WEIGHTS).write_bytes(weights.pack(tensors))
    files = {path.name for path in folder.iterdir()}
    card = model_card.text(exported, source.run, source.license, files)
    (folder / manifest.CARD).write_text(well_formed(card), encoding="utf-8")
    manifest.write(folder)


def _configure(source: _Source, tensors: Mapping[str, Tensor], graphs: Mapping[str, GraphInfo] | None = None) -> Config:
    """Return config.json for these tensors; raise IncompatibleError for a component of no installable package."""
    model = source.model
    recipe = model.recipe
    assert recipe, "a model of a run has its recipe"
    blueprints: dict[str, Any] = {"procedure": recipe.procedure, **recipe.parts}
    if isinstance(model.procedure, Translator):
        blueprints |= recipe.datasets
    components = {
        name: without_secrets([blueprint.filled() for blueprint in part] if isinstance(part, list) else part.filled())
        for name, part in blueprints.items()
    }
    owners = {
        blueprint.entry.owner
        for part in blueprints.values()
        for blueprint in (part if isinstance(part, list) else [part])
    }
    if PYTHON in owners:
        raise IncompatibleError(
            "parts of this model were given in Python, and nobody else could build it from their names. Make them a "
            "package (ganzoo new), train with the names that it registers, and export that run."
        )
    versions = source.plugins.versions(owners)
    packages = {name: version for name, version in versions.items() if name != DISTRIBUTION}
    for name in packages:
        if not re.fullmatch(config.PACKAGE_NAME, name):
            raise IncompatibleError(
                f"{name!r} is not an installed package: nobody else could install it to load this model. Make it a "
                "package: ganzoo new."
            )
    return Config(
        format=config.FORMAT,
        ganzoo_api=API_VERSION,
        name=well_formed(source.redact(recipe.name)),
        run=well_formed(source.redact(source.run.folder.name)),
        step=source.step,
        averaged=bool(recipe.run.ema),
        seed=recipe.run.seed,
        spec=DataSpec(**model.spec.description()),
        class_names=model.class_names,
        words=model.words,
        components=well_formed(Redactor()(components)),
        plugins=packages,
        tensors=weights.describe(tensors),
        graphs=dict(graphs or {}),
    )


def _explain_difference(folder: Path, expected: Tensor, plugins: Plugins) -> str:
    """Return why the export is not the same model; an empty string when it reproduces the samples bit by bit."""
    try:
        samples = sample_without_data(load.load(folder, plugins).procedure, COMPARED, SEED)
    except (GanzooError, AttributeError) as error:
        return str(getattr(error, "message", error))
    if torch.equal(samples, expected):
        return ""
    return "loaded again, it makes other samples: its procedure keeps state outside state_dict()."


def _read_or_empty(run: Run, name: str) -> dict[str, Any]:
    try:
        return run.status if name == "status" else run.provenance
    except RunError:
        return {}
