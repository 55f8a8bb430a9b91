"""A generator as a graph that runs without ganzoo: (z[, y]) -> samples, as ONNX and as torch.export writes it.

z (N, z_dim) is distributed like `Generator.prior()`; y (N,) are int64 labels of a conditional generator. A translator
takes inputs a (N, *shape) in place of z. N is free. A file is kept only if its samples match ganzoo's.
"""

from __future__ import annotations

import json
import logging
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from ganzoo.errors import GanzooError, IncompatibleError, SetupError, one_line
from ganzoo.sampling import latents
from ganzoo.sampling.model import Model
from ganzoo.sharing import manifest
from ganzoo.sharing.config import GraphInfo
from ganzoo.translator import Translator
from ganzoo.utils import modes

TOLERANCE = 1e-4  # largest difference from eager samples that a file may have
COMPARED = [(n, seed) for seed in (1, 2, 3) for n in (1, 5)]  # batch sizes and seeds
EXAMPLE_BATCH = 3  # batch size of the example for tracing; 1 would be taken for a constant
Call = Callable[[tuple[Tensor, ...]], Tensor]


class SampleFunction(nn.Module):
    """A model as a function of latents or, for a translator, of inputs.

    Args:
        model: A trained model.

    Raises:
        IncompatibleError: Its samples are not a function of the latents.
    """

    def __init__(self, model: Model):
        super().__init__()
        self.procedure = model.procedure
        self.spec = model.spec
        translates = isinstance(model.procedure, Translator)
        self.inputs = ["a" if translates else "z", *(["y"] if model.procedure.conditional else [])]
        if model.spec.vocab:
            raise IncompatibleError(
                "token ids are sampled one after the other: there is no graph of that. Share the weights alone."
            )
        inputs = self.example(2, 0)
        with self._seeded(0):
            samples = self(*inputs)
        with self._seeded(1):
            samples_of_other_seed = self(*inputs)
        if not torch.equal(samples, samples_of_other_seed):
            raise IncompatibleError(
                "its samples are not a function of their latents: it draws more noise, such as dropout that stays on. "
                "Share the weights alone."
            )

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Latents (N, z_dim) or inputs (N, *shape), labels (N,) -> (N, *shape)."""
        if isinstance(self.procedure, Translator):
            return self.procedure.translate(z, y)
        return latents.from_code(self.procedure, z, y)

    def example(self, n: int, seed: int) -> tuple[Tensor, ...]:
        """Return example inputs: latents as the procedure draws them, or noise as inputs; and labels.

        Args:
            n: Batch size.
            seed: Seed of the noise.

        Returns:
            (z,) or (z, y).

        Raises:
            IncompatibleError: The procedure draws no latents, or several.
        """
        with self._seeded(seed):
            y = torch.randint(self.spec.classes, (n,)) if "y" in self.inputs else None
            if isinstance(self.procedure, Translator):
                return self._inputs(2 * torch.rand(n, *self.procedure.source.shape) - 1, y)
            try:
                codes = latents.drawn(self.procedure, n, y)
            except GanzooError as error:
                raise IncompatibleError(f"{error.message} There is no graph of it: share the weights alone.") from error
        if len(codes) > 1:
            raise IncompatibleError(
                f"it draws {len(codes)} latents for a sample, and a graph takes one. Share the weights alone."
            )
        return self._inputs(codes[0], y)

    def eager(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Return the samples of these inputs, computed by the networks themselves."""
        with self._seeded(0):
            samples: Tensor = self(*inputs)
        return samples

    def _seeded(self, seed: int) -> AbstractContextManager[None]:
        return modes.sampling(self.procedure, torch.device("cpu"), seed)

    def _inputs(self, z: Tensor, y: Tensor | None) -> tuple[Tensor, ...]:
        return (z,) if y is None else (z, y)


def write(folder: Path, model: Model, formats: Sequence[str]) -> dict[str, GraphInfo]:
    """Write generator.onnx, generator.pt2 or both.

    Args:
        folder: Where to write them.
        model: A trained model.
        formats: "onnx", "torch_export".

    Returns:
        Inputs and difference of each graph, by file name.

    Raises:
        IncompatibleError: The model cannot be written as a graph, or the graph makes other samples.
        SetupError: The packages of the extra `onnx` are missing.
    """
    onnxruntime = _import_onnx() if "onnx" in formats else None
    function = SampleFunction(model)
    program = trace(function)
    calls: dict[str, Call] = {}
    if onnxruntime:
        calls[manifest.ONNX] = _write_onnx(program, function.inputs, folder / manifest.ONNX, onnxruntime)
    if "torch_export" in formats:
        calls[manifest.TORCH_EXPORT] = _write_torch_export(program, folder / manifest.TORCH_EXPORT)
    return {
        name: GraphInfo(inputs=function.inputs, max_difference=max_difference(function, call, name))
        for name, call in calls.items()
    }


def trace(function: SampleFunction) -> ExportedProgram:
    """Trace a function with torch.export.

    Args:
        function: The function.

    Returns:
        The program, with a free batch size.

    Raises:
        IncompatibleError: torch.export cannot trace it; the message quotes the reason.
    """
    example = function.example(EXAMPLE_BATCH, 0)
    shapes = tuple({0: torch.export.Dim("batch", min=1)} for _ in example)
    with silenced(), torch.no_grad():
        try:
            return torch.export.export(function.eval(), example, dynamic_shapes=shapes, strict=False)
        except Exception as error:  # torch raises many types
            reason = one_line(str(error).strip().partition("\n")[0], 300)
            raise IncompatibleError(
                f"torch.export cannot trace this generator ({type(error).__name__}: {reason}). Share the weights alone."
            ) from error


def max_difference(function: SampleFunction, call: Call, name: str) -> float:
    """Compare the samples of a graph with those of the networks.

    Args:
        function: The networks.
        call: The graph.
        name: Its file name, for messages.

    Returns:
        The largest absolute difference.

    Raises:
        IncompatibleError: The difference exceeds TOLERANCE, or the shapes differ.
    """
    worst = 0.0
    for n, seed in COMPARED:
        inputs = function.example(n, seed)
        samples = call(inputs)
        expected = function.eager(inputs)
        if samples.shape != expected.shape:
            raise IncompatibleError(
                f"{name} makes samples of shape {tuple(samples.shape)} instead of {tuple(expected.shape)}."
            )
        difference = (samples - expected).abs().max().item()
        if not difference <= TOLERANCE:  # NaN fails too
            raise IncompatibleError(
                f"{name} makes other samples than ganzoo: they differ by {difference:.1e}. Share the weights alone."
            )
        worst = max(worst, difference)
    return worst


def find_pickles(path: Path) -> list[str]:
    """Return the entries of a .pt2 archive that are pickles; tensors that torch stores as raw bytes are not."""
    entries = []
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith("_config.json"):
                weights = json.loads(archive.read(name))["config"].values()
                entries += [str(weight["path_name"]) for weight in weights if weight.get("use_pickle", True)]
            elif "/sample_inputs/" in name and archive.getinfo(name).file_size:
                entries.append(name)
    return entries


def _write_torch_export(program: ExportedProgram, path: Path) -> Call:
    program.example_inputs = None  # torch would pickle them
    with silenced():
        torch.export.save(program, path)
        if names := find_pickles(path):
            raise IncompatibleError(
                f"{path.name} would hold pickles ({', '.join(names[:3])}). Share the weights alone."
            )
        graph = torch.export.load(path).module()  # safe: we wrote it, and it has no pickles

    def call(inputs: tuple[Tensor, ...]) -> Tensor:
        with torch.no_grad():
            samples: Tensor = graph(*inputs)
        return samples

    return call


def _write_onnx(program: ExportedProgram, names: Sequence[str], path: Path, onnxruntime: Any) -> Call:
    with silenced():
        exported = torch.onnx.export(
            program, dynamo=True, input_names=list(names), output_names=["samples"], verbose=False, optimize=True
        )
        assert exported
        exported.save(str(path), external_data=False)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])

    def call(inputs: tuple[Tensor, ...]) -> Tensor:
        feed = {name: tensor.numpy() for name, tensor in zip(names, inputs, strict=True)}
        return torch.from_numpy(session.run(None, feed)[0])

    return call


def _import_onnx() -> Any:
    try:
        import onnx  # noqa: F401
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise SetupError(
            f"--format onnx needs the package {error.name}, which is not installed: pip install 'ganzoo-torch[onnx]'"
        ) from error
    return onnxruntime


@contextmanager
def silenced() -> Iterator[None]:
    """Suppress warnings and log messages of the exporters within the block."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
