"""A generator as a graph that needs no ganzoo: (z[, y]) -> samples, as ONNX and as what torch.export writes.

z (N, z_dim) is what Generator.prior() draws, y (N,) int64 labels of a conditional one; a translator takes inputs
a (N, *shape) in the place of z. N is free. A file stays only where it makes what ganzoo makes.
"""

from __future__ import annotations

import json
import logging
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.errors import GanzooError, IncompatibleError, SetupError, one_line
from ganzoo.sampling import latents, preview
from ganzoo.sampling.model import Model
from ganzoo.sharing import manifest
from ganzoo.sharing.config import Graph
from ganzoo.translator import Translator

NEAR = 1e-4  # the largest difference from eager samples that a file may have
TRIED = [(n, seed) for seed in (1, 2, 3) for n in (1, 5)]  # batches that are compared
EXAMPLE = 3  # samples in the batch that a graph is drawn by; 1 would be taken for a constant
Call = Callable[[tuple[Tensor, ...]], Tensor]


class Function(nn.Module):
    """What a model makes of given codes, or of given inputs. Errors: IncompatibleError when that is no function of them."""

    def __init__(self, model: Model):
        super().__init__()
        self.procedure, self.spec = model.procedure, model.spec
        translates = isinstance(model.procedure, Translator)
        self.inputs = ["a" if translates else "z", *(["y"] if model.procedure.conditional else [])]
        if model.spec.vocab:
            raise IncompatibleError(
                "token ids are drawn one after the other: there is no graph of them. Share the weights alone."
            )
        first = self.example(2, 0)
        with self._under(0):
            one = self(*first)
        with self._under(1):
            other = self(*first)
        if not torch.equal(one, other):
            raise IncompatibleError(
                "its samples are no function of their codes: it draws more while it makes them, as dropout that stays "
                "on does. Share the weights alone."
            )

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Codes (N, z_dim) or inputs (N, *shape), labels (N,) -> (N, *shape)."""
        if isinstance(self.procedure, Translator):
            return self.procedure.translate(z, y)
        return latents.from_code(self.procedure, z, y)

    def example(self, n: int, seed: int) -> tuple[Tensor, ...]:
        """Codes as the procedure draws them, or inputs of noise; and labels. Errors: IncompatibleError for none, or several."""
        with self._under(seed):
            y = torch.randint(self.spec.classes, (n,)) if "y" in self.inputs else None
            if isinstance(self.procedure, Translator):
                return self._with(2 * torch.rand(n, *self.procedure.source.shape) - 1, y)
            try:
                codes = latents.drawn(self.procedure, n, y)
            except GanzooError as error:
                raise IncompatibleError(f"{error.message} There is no graph of it: share the weights alone.") from error
        if len(codes) > 1:
            raise IncompatibleError(
                f"it draws {len(codes)} codes for a sample, and a graph takes one. Share the weights alone."
            )
        return self._with(codes[0], y)

    def eager(self, inputs: tuple[Tensor, ...]) -> Tensor:
        with self._under(0):
            samples: Tensor = self(*inputs)
        return samples

    def _under(self, seed: int) -> Any:
        return preview.sampling(self.procedure, torch.device("cpu"), seed)

    def _with(self, z: Tensor, y: Tensor | None) -> tuple[Tensor, ...]:
        return (z,) if y is None else (z, y)


def write(place: Path, model: Model, formats: Sequence[str]) -> dict[str, Graph]:
    """generator.onnx, generator.pt2 or both, as asked for.

    Errors: IncompatibleError for a model that is no graph, or a graph that makes other samples; SetupError without the
    extra `onnx`.
    """
    onnx = _onnx() if "onnx" in formats else None
    function = Function(model)
    program = traced(function)
    found: dict[str, Graph] = {}
    if onnx:
        call = _write_onnx(program, function.inputs, place / manifest.ONNX, onnx)
        found[manifest.ONNX] = Graph(inputs=function.inputs, max_difference=compared(function, call, manifest.ONNX))
    if "torch_export" in formats:
        call = _write_torch(program, place / manifest.TORCH)
        found[manifest.TORCH] = Graph(inputs=function.inputs, max_difference=compared(function, call, manifest.TORCH))
    return found


def traced(function: Function) -> Any:
    """The function as a torch.export.ExportedProgram. Errors: IncompatibleError with what torch cannot draw a graph of."""
    example = function.example(EXAMPLE, 0)
    shapes = tuple({0: torch.export.Dim("batch", min=1)} for _ in example)
    with quietly(), torch.no_grad():
        try:
            return torch.export.export(function.eval(), example, dynamic_shapes=shapes, strict=False)
        except Exception as error:  # torch says it in many ways
            first = one_line(str(error).strip().partition("\n")[0], 300)
            raise IncompatibleError(
                f"torch.export draws no graph of this generator ({type(error).__name__}: {first}). Share the weights "
                "alone."
            ) from error


def compared(function: Function, call: Call, name: str) -> float:
    """The largest difference from eager samples. Errors: IncompatibleError when it is more than NEAR."""
    worst = 0.0
    for n, seed in TRIED:
        inputs = function.example(n, seed)
        made, wanted = call(inputs), function.eager(inputs)
        if made.shape != wanted.shape:
            raise IncompatibleError(
                f"{name} makes samples of shape {tuple(made.shape)}, and they are {tuple(wanted.shape)}."
            )
        difference = (made - wanted).abs().max().item()
        if not difference <= NEAR:  # nor is NaN
            raise IncompatibleError(
                f"{name} makes other samples than ganzoo: they differ by {difference:.1e}. Share the weights alone."
            )
        worst = max(worst, difference)
    return worst


def pickled(path: Path) -> list[str]:
    """The entries of a .pt2 archive that are pickles. What torch keeps as plain numbers or JSON is none."""
    found = []
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith("_config.json"):
                entries = json.loads(archive.read(name))["config"].values()
                found += [str(entry["path_name"]) for entry in entries if entry.get("use_pickle", True)]
            elif "/sample_inputs/" in name and archive.getinfo(name).file_size:
                found.append(name)
    return found


def _write_torch(program: Any, path: Path) -> Call:
    program.example_inputs = None  # torch would pickle them
    with quietly():
        torch.export.save(program, path)
        if names := pickled(path):
            raise IncompatibleError(
                f"{manifest.TORCH} would hold pickles ({', '.join(names[:3])}). Share the weights alone."
            )
        graph = torch.export.load(path).module()  # written a moment ago, and looked through

    def call(inputs: tuple[Tensor, ...]) -> Tensor:
        with torch.no_grad():
            samples: Tensor = graph(*inputs)
        return samples

    return call


def _write_onnx(program: Any, names: Sequence[str], path: Path, onnxruntime: Any) -> Call:
    with quietly():
        made = torch.onnx.export(
            program, dynamo=True, input_names=list(names), output_names=["samples"], verbose=False, optimize=True
        )
        assert made
        made.save(str(path), external_data=False)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])

    def call(inputs: tuple[Tensor, ...]) -> Tensor:
        given = {name: one.numpy() for name, one in zip(names, inputs, strict=True)}
        return torch.from_numpy(session.run(None, given)[0])

    return call


def _onnx() -> Any:
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
def quietly() -> Iterator[None]:
    """Without what exporters say to those who write exporters."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
