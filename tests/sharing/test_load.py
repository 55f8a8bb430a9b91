"""An export that was tampered with is refused by name, before anything large is built and whatever its digests say."""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import ganzoo
from ganzoo.errors import GanzooError, IncompatibleError, RecipeError, RunError, SetupError
from ganzoo.registry import discovery
from ganzoo.runs import checkpoint
from ganzoo.sampling.run import Run
from ganzoo.sharing import config, manifest, weights
from ganzoo.utils import ram
from helpers.exports import sign
from helpers.packages import install

Change = Callable[[Callable[[Any], Any]], Path]
PLUGIN = """
import ganzoo
from ganzoo_builtins.gans.mlp import MLPGenerator

class Mine(MLPGenerator):
    '''A generator of somebody's.'''

@ganzoo.hookimpl
def ganzoo_register(zoo):
    zoo.add("generator", "mine", Mine)
"""


def retensored(place: Path, how: Callable[[dict[str, torch.Tensor]], Any]) -> Path:
    """The export with other tensors in the file, and a manifest to match."""
    tensors = load_file(place / "model.safetensors")
    how(tensors)
    save_file(tensors, place / "model.safetensors")
    sign(place)
    return place


@pytest.fixture(autouse=True)
def nothing_is_built(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is refused here is refused before networks take memory."""
    if "good" in request.node.name:
        return
    plain = torch.nn.Linear.__init__

    def init(self: Any, *arguments: Any, **more: Any) -> None:
        plain(self, *arguments, **more)
        assert self.weight.is_meta, "a network was built in earnest"

    monkeypatch.setattr(torch.nn.Linear, "__init__", init)


def test_a_good_one_is_loaded_from_anywhere(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ganzoo.load(copy).sample(3, seed=0)
    monkeypatch.chdir(copy.parent)
    assert torch.equal(ganzoo.load("points").sample(3, seed=0), wanted)
    assert torch.equal(ganzoo.load(copy.rename("moved")).sample(3, seed=0), wanted)


def test_good_loading_leaves_the_callers_noise_alone(shared: Path) -> None:
    before = torch.get_rng_state()
    ganzoo.load(shared)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_good_one_with_an_edited_card_and_git_beside_it(copy: Path) -> None:
    (copy / "README.md").write_text("mine")
    (copy / ".gitattributes").write_text("x")
    (copy / ".git").mkdir()
    assert ganzoo.load(copy).sample(2).shape == (2, 2)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_file_that_was_changed_is_named(name: str, copy: Path) -> None:
    content = bytearray((copy / name).read_bytes())
    content[-3] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(RunError, match=f"{name}: changed since it was exported"):
        ganzoo.load(copy)


def test_a_pointer_of_git_lfs_is_named(copy: Path) -> None:
    (copy / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(RunError, match=r"model\.safetensors: it is a pointer of Git LFS.*`git lfs pull`"):
        ganzoo.load(copy)


def test_every_digest_is_looked_at_when_asked(copy: Path) -> None:
    path = copy / "samples.png"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    manifest.check(copy)
    with pytest.raises(RunError, match=r"samples\.png: changed since it was exported"):
        manifest.check(copy, digests=True)


@pytest.mark.parametrize("name", ["model.pkl", "pytorch_model.bin", "modeling.py", "notes.txt", "Config.json"])
def test_a_file_too_many_is_named(name: str, copy: Path) -> None:
    (copy / name).write_bytes(b"\x80\x04.")
    with pytest.raises(RunError, match=f"{name}: not part of an export"):
        ganzoo.load(copy)
    assert ("could run code" in manifest.explain_foreign([name])) == name.endswith((".pkl", ".bin", ".py"))


def test_a_known_name_that_the_manifest_has_not_is_named(copy: Path) -> None:
    (copy / "generator.onnx").write_bytes(b"x")
    with pytest.raises(RunError, match=r"generator\.onnx is not in manifest\.json"):
        ganzoo.load(copy)


@pytest.mark.parametrize("name", ["manifest.json", "model.safetensors", "samples.png"])
def test_a_file_that_is_missing_is_named(name: str, copy: Path) -> None:
    (copy / name).unlink()
    with pytest.raises(RunError, match=f"{name} is missing"):
        ganzoo.load(copy)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_json_of_any_editor_is_read(encoding: str, copy: Path) -> None:
    written = config.read(copy, manifest.check(copy))
    (copy / "config.json").write_bytes((copy / "config.json").read_text().encode(encoding))
    listing = manifest.write(copy)
    (copy / "manifest.json").write_bytes((copy / "manifest.json").read_text().encode(encoding))
    assert manifest.check(copy) == listing
    assert config.read(copy, listing) == written


def test_a_link_is_named(copy: Path, tmp_path: Path) -> None:
    (copy / "model.safetensors").rename(tmp_path / "elsewhere")
    (copy / "model.safetensors").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match=r"model\.safetensors: It is a link"):
        ganzoo.load(copy)


def test_a_pipe_is_named_and_not_waited_for(copy: Path) -> None:
    (copy / "samples.png").unlink()
    os.mkfifo(copy / "samples.png")
    with pytest.raises(RunError, match=r"samples\.png: It is a pipe"):
        ganzoo.load(copy)


def test_a_manifest_reaches_no_file_outside_its_folder(copy: Path) -> None:
    path = copy / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"]["../secret"] = {"size": 1, "sha256": "0" * 64}
    path.write_text(json.dumps(manifest))
    with pytest.raises(RunError, match=r"\.\./secret is missing"):
        ganzoo.load(copy)


def test_a_tensor_that_is_missing_is_named(copy: Path) -> None:
    with pytest.raises(RunError, match=r"G\.layers\.5\.weight: missing"):
        ganzoo.load(retensored(copy, lambda tensors: tensors.pop("G.layers.5.weight")))


def test_a_tensor_too_many_is_named(copy: Path) -> None:
    retensored(copy, lambda tensors: tensors.update({"G.more": torch.zeros(3)}))
    with pytest.raises(RunError, match=r"G\.more: F32 \(3,\) in the file, not in the networks"):
        ganzoo.load(copy)


def test_a_tensor_of_another_type_is_named(copy: Path) -> None:
    retensored(copy, lambda tensors: tensors.update({"G.layers.5.bias": tensors["G.layers.5.bias"].double()}))
    with pytest.raises(RunError, match=r"G\.layers\.5\.bias: F64 \(2,\) in the file, F32 \(2,\) in the networks"):
        ganzoo.load(copy)


def test_a_tensor_that_is_larger_is_named(copy: Path) -> None:
    retensored(copy, lambda tensors: tensors.update({"G.layers.5.bias": torch.zeros(100_000)}))
    with pytest.raises(RunError, match=r"G\.layers\.5\.bias: F32 \(100000,\) in the file"):
        ganzoo.load(copy)


def test_tensors_that_config_tells_otherwise_are_named(change: Change) -> None:
    place = change(lambda config: config["tensors"]["G.layers.5.bias"].update(shape=[2, 1]))
    with pytest.raises(RunError, match=r"G\.layers\.5\.bias: F32 \(2, 1\) in config\.json, F32 \(2,\) in the networks"):
        ganzoo.load(place)


def test_a_network_without_any_tensor_is_named(change: Change) -> None:
    with pytest.raises(RunError, match="there are no tensors of G, D, and sampling needs them"):
        ganzoo.load(change(lambda config: config.update(tensors={})))


def test_tensors_of_another_network_alone_are_refused(run: Run, change: Change) -> None:
    state = checkpoint.read(run.latest).tensors["model"]
    others = weights.describe({name: tensor for name, tensor in state.items() if name.startswith("D.")})
    told = {name: one.model_dump() for name, one in others.items()}
    with pytest.raises(RunError, match="there are no tensors of G, and sampling needs them"):
        ganzoo.load(change(lambda config: config.update(tensors=told)))


def test_numbers_that_are_not_finite_are_named(copy: Path) -> None:
    retensored(copy, lambda tensors: tensors["G.layers.5.bias"].fill_(float("nan")))
    with pytest.raises(RunError, match=r"G\.layers\.5\.bias is not finite"):
        ganzoo.load(copy)


@pytest.mark.parametrize(
    "head",
    [
        struct.pack("<Q", 2**40) + b"{}",
        struct.pack("<Q", weights.MAX_HEADER_BYTES + 1) + b"{" + b" " * weights.MAX_HEADER_BYTES + b"}",
        b"x",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 24) + b'{"a":{"dtype":"F32"}}   ',
        struct.pack("<Q", 10) + b'{"a":NaN} ',
    ],
)
def test_a_header_that_is_none_is_refused(head: bytes, copy: Path) -> None:
    (copy / "model.safetensors").write_bytes(head)
    sign(copy)
    with pytest.raises(RunError, match=r"model\.safetensors: (a header of|its header is not)"):
        ganzoo.load(copy)


def test_bytes_beyond_the_tensors_are_refused(copy: Path) -> None:
    with (copy / "model.safetensors").open("ab") as file:
        file.write(b"more")
    sign(copy)
    with pytest.raises(RunError, match="but its header says"):
        ganzoo.load(copy)


@pytest.mark.parametrize(
    ("how", "error", "says"),
    [
        (lambda c: c["components"]["generator"].update(use="nobodys"), RecipeError, "no generator named 'nobodys'"),
        (lambda c: c["components"]["generator"].update(use="os:system"), RecipeError, "no generator named 'os:system'"),
        (lambda c: c["components"]["generator"].update(widht=3), RecipeError, "has no setting 'widht'"),
        (lambda c: c["components"]["generator"].update(z_dim="4"), RecipeError, "z_dim: should be a valid integer"),
        (lambda c: c["components"].update(extractor={"use": "x"}), RecipeError, "no table that sampling needs"),
        (lambda c: c["components"].pop("loss"), RecipeError, r"\[loss\].*needs this table"),
        (lambda c: c.update(components={"procedure": {}}), RecipeError, 'needs use = "NAME"'),
        (lambda c: c.update(more=1), RunError, "has no setting 'more'"),
        (lambda c: c.pop("seed"), RunError, "needs the setting 'seed'"),
        (
            lambda c: c.update(format=2),
            RunError,
            "format 2, and this ganzoo reads format 1: pip install -U ganzoo-torch",
        ),
        (lambda c: c.update(format="x"), RunError, "it has no format number"),
        (lambda c: c.update(ganzoo_api="1.99"), RunError, r"plugin API 1\.99, .* install a newer ganzoo-torch"),
        (lambda c: c.update(ganzoo_api="0.9"), RunError, r"plugin API 0\.9, .* install an older ganzoo-torch"),
        (lambda c: c["spec"].update(shape=[-2]), RunError, "spec.shape"),
        (lambda c: c.update(class_names=["a"]), RunError, "1 class names for 0 classes"),
        (lambda c: c["spec"].update(shape=[3]), RunError, r"G\.layers\.5\.bias"),
        (lambda c: c["plugins"].update({"--index-url": "1"}), RunError, "plugins"),
        (lambda c: c["components"]["generator"].update(hidden=[[[[1]]]]), RecipeError, "hidden"),
    ],
)
def test_a_config_that_is_no_good_is_refused(how: Any, error: Any, says: str, change: Change) -> None:
    with pytest.raises(error, match=says) as found:
        ganzoo.load(change(how))
    assert isinstance(found.value, GanzooError)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"format": 1, "format": 1}', b"[" * 100_000, b"\xff", b"null"])
def test_a_config_that_is_no_json_is_refused(content: bytes, copy: Path) -> None:
    (copy / "config.json").write_bytes(content)
    sign(copy)
    with pytest.raises(RunError, match=r"config\.json: not (JSON|a configuration)"):
        ganzoo.load(copy)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"format": 1}', b'{"format": 9, "files": {}}', b" " * 2**17])
def test_a_manifest_that_is_none_is_refused(content: bytes, copy: Path) -> None:
    (copy / "manifest.json").write_bytes(content)
    with pytest.raises(RunError, match=r"manifest\.json"):
        ganzoo.load(copy)


def test_more_than_the_machine_has_is_refused(change: Change) -> None:
    def wide(config: dict[str, Any]) -> None:
        wide = 10**7
        config["components"]["discriminator"]["hidden"] = [wide, wide]

    with pytest.raises(IncompatibleError, match=r"this model needs at least [\d,.]+ GiB of memory"):
        ganzoo.load(change(wide))


def test_samples_larger_than_the_machine_are_refused(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ram, "available", lambda: 64 * 4 * 2)
    with pytest.raises(IncompatibleError, match="this model needs at least"):
        ganzoo.load(shared)


@pytest.fixture
def needing(change: Change) -> Path:
    """The export of a model whose generator comes from a package called ganzoo-acme."""

    def need(config: dict[str, Any]) -> None:
        config["components"]["generator"]["use"] = "acme/mine"
        config["plugins"] = {"ganzoo-acme": "0.3"}

    return change(need)


def test_a_plugin_that_is_missing_is_named_and_not_fetched(needing: Path) -> None:
    with pytest.raises(SetupError, match=r"needs the plugin ganzoo-acme 0\.3, .* pip install ganzoo-acme ") as no:
        ganzoo.load(needing)
    assert "a plugin is a program" in no.value.message


def test_a_plugin_that_fails_is_named_with_why(needing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "ganzoo-acme", "raise ValueError('no luck')", module="acme_broken")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SetupError, match=r"which is failed: ValueError: no luck"):
        ganzoo.load(needing)


def test_a_good_one_is_loaded_with_its_plugin(
    needing: Path, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "ganzoo-acme", PLUGIN, module="acme_good")
    monkeypatch.syspath_prepend(tmp_path)
    wanted = ganzoo.load(shared).sample(3, seed=0)
    assert torch.equal(ganzoo.load(needing, discovery.load()).sample(3, seed=0), wanted)
    sys.modules.pop("acme_good")


def test_a_component_that_cannot_be_planned_is_not_loaded(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ganzoo_builtins.gans.mlp import MLPGenerator

    plain = MLPGenerator.__init__

    def init(self: Any, *arguments: Any, **more: Any) -> None:
        plain(self, *arguments, **more)
        raise KeyError("numbers are wanted")

    monkeypatch.setattr(MLPGenerator, "__init__", init)
    with pytest.raises(IncompatibleError, match="cannot be built on the meta device"):
        ganzoo.load(shared)
