"""The generator as a graph: the same function, in files without a pickle, or the reason why there is none."""

from __future__ import annotations

import contextlib
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo import Generator, IncompatibleError, Move, Procedure, Translator
from ganzoo.config.component import Blueprint
from ganzoo.errors import SetupError
from ganzoo.interfaces import Spec
from ganzoo.registry import discovery
from ganzoo.registry.zoo import Entry
from ganzoo.sampling.model import Model
from ganzoo.sampling.run import Run
from ganzoo.sharing import export, graphs
from helpers.support import TINY, tiny, train


def test_torch_export_makes_the_same_samples_and_holds_no_pickle(letters: Run, tmp_path: Path) -> None:
    made = export.export(letters.folder, tmp_path / "letters", ["torch_export"])
    graph = made.config.graphs["generator.pt2"]
    assert graph.inputs == ["z", "y"] and 0 <= graph.max_difference <= graphs.TOLERANCE
    assert graphs.find_pickles(made.folder / "generator.pt2") == []
    with zipfile.ZipFile(made.folder / "generator.pt2") as archive:
        weights = [archive.getinfo(name).file_size for name in archive.namelist() if "weight_" in name]
        assert not any(archive.read(name).startswith((b"PK", b"\x80")) for name in archive.namelist())
    held = ganzoo.load(made.folder).procedure.state_dict()
    assert sorted(weights) == sorted(tensor.nbytes for tensor in held.values())  # no discriminator in it
    program = torch.export.load(made.folder / "generator.pt2").module()
    G = ganzoo.load(letters).procedure.G  # with averaged weights and statistics
    z, y = torch.randn(7, 4), torch.arange(7) % 3
    assert torch.allclose(program(z, y), G(z, y), atol=1e-5)


@pytest.mark.slow  # the exporter to ONNX takes seconds to import
def test_onnx_makes_the_same_samples(letters: Run, tmp_path: Path) -> None:
    import onnxruntime

    made = export.export(letters.folder, tmp_path / "letters", ["onnx"])
    assert made.config.graphs["generator.onnx"].max_difference <= graphs.TOLERANCE
    session = onnxruntime.InferenceSession(made.folder / "generator.onnx", providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_inputs()] == ["z", "y"]
    z, y = torch.randn(6, 4), torch.arange(6) % 3
    (samples,) = session.run(["samples"], {"z": z.numpy(), "y": y.numpy()})
    assert torch.allclose(torch.from_numpy(samples), ganzoo.load(letters).procedure.G(z, y), atol=1e-5)
    assert ganzoo.load(made.folder).sample(2).shape == (2, 1, 28, 28)


def test_pickles_in_an_archive_are_found(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pt2", "w") as archive:
        archive.writestr("a/data/sample_inputs/model.pt", b"PK")
        archive.writestr(
            "a/data/weights/model_weights_config.json",
            '{"config": {"a": {"path_name": "weight_0", "use_pickle": true}, "b": {"use_pickle": false}}}',
        )
    assert graphs.find_pickles(tmp_path / "a.pt2") == ["a/data/sample_inputs/model.pt", "weight_0"]


def test_a_file_with_a_pickle_does_not_stay(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "find_pickles", lambda path: ["weight_0"])
    with pytest.raises(IncompatibleError, match=r"generator\.pt2 would hold pickles \(weight_0\)"):
        export.export(run.folder, tmp_path / "points", ["torch_export"])
    assert [*tmp_path.iterdir()] == []


def test_a_graph_that_makes_other_samples_does_not_stay(run: Run) -> None:
    function = graphs.SampleFunction(ganzoo.load(run))
    assert graphs.max_difference(function, function.eager, "same") == 0
    with pytest.raises(IncompatibleError, match=r"other makes other samples than ganzoo: they differ by 2\.0e-04"):
        graphs.max_difference(function, lambda inputs: function.eager(inputs) + 2e-4, "other")
    with pytest.raises(IncompatibleError, match="they differ by nan"):
        graphs.max_difference(function, lambda inputs: function.eager(inputs) * float("nan"), "nan")
    with pytest.raises(IncompatibleError, match=r"makes samples of shape \(2, 2\) instead of \(1, 2\)"):
        graphs.max_difference(function, lambda inputs: torch.zeros(2, 2), "wide")


def test_without_the_extra_one_line_says_what_to_install(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(SetupError, match=r"onnxruntime, which is not installed: pip install 'ganzoo-torch\[onnx\]'"):
        export.export(run.folder, tmp_path / "points", ["onnx"])


def built(tables: dict, spec: Spec) -> Model:
    """A model of untrained networks."""
    from ganzoo.config import instantiate, resolver

    zoo = discovery.load().zoo
    tree = {**{name: table for name, table in TINY.items() if name in ("procedure", "loss")}, **tables}
    if tables.get("loss") is None:
        tree.pop("loss", None)
    procedure, parts, _ = resolver.parts(tree, zoo, "test")
    torch.manual_seed(0)
    return Model(instantiate.procedure_from(procedure, parts, spec, 0).eval(), spec, [])


TOKENS = {
    "procedure": {"use": "seqgan"},
    "generator": {"use": "seqgan", "embedding": 2, "width": 2},
    "discriminator": {"use": "seqgan", "embedding": 2, "sizes": [1], "width": [2]},
}
PAIRS = {
    "procedure": {"use": "translation"},
    "generator": {"use": "pix2pix", "width": 2},
    "discriminator": {"use": "pix2pix", "width": 2, "layers": 1},
    "transform": {"use": "edges"},
    "loss": {"use": "non_saturating"},
}
CHAIN = {"use": "ppgn", "z_dim": 4, "width": 2}
CHAINED = {
    "procedure": {"use": "ppgn", "iterations": 2},
    **dict.fromkeys(("generator", "discriminator", "discriminator_classifier"), CHAIN),
    "loss": {"use": "non_saturating"},
}


@pytest.mark.parametrize(
    ("tables", "spec", "says"),
    [
        (TOKENS, Spec((4,), vocab=5), "token ids are sampled one after the other"),
        (PAIRS, Spec((1, 8, 8)), "not a function of their latents: it draws more noise"),
        (CHAINED, Spec((1, 8, 8), classes=2), "draws no codes from a generator's prior.* share the weights alone"),
    ],
    ids=["tokens", "dropout", "chain"],
)
def test_what_is_no_graph_is_refused_with_the_reason(tables: dict, spec: Spec, says: str) -> None:
    with pytest.raises(IncompatibleError, match=says):
        graphs.SampleFunction(built(tables, spec))


def test_what_torch_cannot_trace_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = ganzoo.load(train(tiny("", "run.steps=1"), tmp_path))
    plain = type(model.procedure.G).forward

    def forward(self, z, y=None):  # type: ignore[no-untyped-def]
        return plain(self, z) if z.sum().item() > 1e9 else plain(self, z) + 0

    monkeypatch.setattr(type(model.procedure.G), "forward", forward)
    with pytest.raises(IncompatibleError, match=r"torch\.export cannot trace this generator"):
        graphs.trace(graphs.SampleFunction(model))


ZOO = discovery.load().zoo
SMALL = {"width": 4, "bottleneck": 8, "z_dim": 4, "blocks": 1, "embedding": 2, "channels": 4}
SPECS = [Spec((1, 28, 28), classes=3), Spec((1, 32, 32), classes=3), Spec((3, 32, 32), classes=3), Spec((4,), vocab=5)]
NO_GRAPH = {
    "seqgan": "token ids",
    "pix2pix": "draws more noise",
    "lapgan_level": "cannot trace",
    "stylegan2": "cannot trace",
}
"""Generators of ours that are no graph, and what is said of them; lapgan_level is one of a pyramid."""


class Alone(Procedure):
    """A generator and nobody else."""

    def __init__(self, G: Generator):
        super().__init__()
        self.G = G

    def players(self) -> dict[str, list[torch.nn.Module]]:
        return {"generator": [self.G]}

    def step(self, data: object, t: int) -> Iterator[Move]:
        yield {}

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.G(self.G.prior(n), y)


class AloneWithPairs(Alone, Translator):
    """A generator that translates, and nobody else."""

    def __init__(self, G: Generator, spec: Spec):
        Translator.__init__(self, spec)
        self.G = G
        self.source = Spec(G.source_shape or spec.shape)

    def translate(self, a: Tensor, y: Tensor | None = None) -> Tensor:
        return self.G(a, y)


def of(entry: Entry) -> Model:
    """A generator, small, for the first data that it takes."""
    known = Blueprint(entry).signature.settings
    own = {name: value for name, value in SMALL.items() if name in known}
    torch.manual_seed(0)
    for spec in SPECS:
        with contextlib.suppress(IncompatibleError):
            G = entry.load()(spec, **own)
            procedure = Alone(G) if G.z_dim else AloneWithPairs(G, spec)
            return Model(procedure.eval(), spec, [])
    raise AssertionError(f"{entry.full_name} fits nothing here")


@pytest.mark.slow
@pytest.mark.parametrize("entry", [e for e in ZOO.entries("generator") if e.owner == "ganzoo"], ids=lambda e: e.name)
def test_every_generator_of_ours_is_a_graph_or_says_why_not(entry: Entry, tmp_path: Path) -> None:
    model = of(entry)
    if entry.name in NO_GRAPH:
        with pytest.raises(IncompatibleError, match=NO_GRAPH[entry.name]):
            graphs.write(tmp_path, model, ["torch_export"])
        return
    (graph,) = graphs.write(tmp_path, model, ["torch_export"]).values()
    assert graph.max_difference <= graphs.TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dcgan", "sngan_resnet", "srgan"])
def test_some_of_each_sort_are_onnx_too(name: str, tmp_path: Path) -> None:
    (graph,) = graphs.write(tmp_path, of(ZOO.find("generator", name)), ["onnx"]).values()
    assert graph.max_difference <= graphs.TOLERANCE
