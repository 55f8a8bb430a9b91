"""The commands as Python: train, load, sample."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import ganzoo
from ganzoo import GanzooError, Model
from ganzoo.errors import RecipeError, RunError
from ganzoo.runs import checkpoint
from ganzoo.sampling.chunk_size import LARGEST
from ganzoo.sampling.model import Labels
from ganzoo.sampling.run import Run
from helpers.support import CONDITIONAL, PLUGINS, tiny, toml, train

DIGITS = CONDITIONAL.replace('"ABC"', '"2A01"')  # class 0 is called "2", and class 2 is called "0"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tiny("", "run.steps=6", "generator.z_dim=16"), tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def model(run: Run) -> Model:
    return ganzoo.load(run)


@pytest.fixture(scope="module")
def conditional(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return ganzoo.load(train(tiny(DIGITS, "run.steps=2", "generator.z_dim=16"), tmp_path_factory.mktemp("runs")))


def test_train_takes_a_file_and_changes(tmp_path: Path) -> None:
    (tmp_path / "points.toml").write_text(toml())
    changes = {
        "run.steps": 3,
        "dataset.radius": 2.0,
        "run.deterministic": False,
        "loss.use": "hinge",
        "run.trackers": [],
    }
    run = ganzoo.train(tmp_path / "points.toml", changes, out=tmp_path / "runs", plugins=PLUGINS)
    assert isinstance(run, Run)
    assert run.status["state"] == "finished" and run.status["step"] == 3
    recipe = run.resolved["recipe"]
    assert (recipe["dataset"]["radius"], recipe["loss"]["use"]) == (2.0, "ganzoo/hinge")
    assert run.folder.parent == tmp_path / "runs"


def test_train_takes_a_name(tmp_path: Path) -> None:
    changes = {
        "run.steps": 1,
        "dataset.n": 100,
        "dataset.characters": "AB",
        "generator.width": 2,
        "run.batch_size": 8,
    }
    assert ganzoo.train("quickstart", changes, out=tmp_path).folder.name.startswith("quickstart-")


def test_train_refuses_as_the_command_does(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="Did you mean 'quickstart'"):
        ganzoo.train("quikstart", out=tmp_path)
    with pytest.raises(RecipeError, match="no setting 'stepps'"):
        ganzoo.train("quickstart", {"run.stepps": 3}, out=tmp_path)


def test_a_run_is_found_in_every_way(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = ganzoo.load(run).sample(4, seed=0)
    ways = [run.folder, str(run.folder), run.folder.parent, run.latest]
    assert all(torch.equal(ganzoo.load(way).sample(4, seed=0), expected) for way in ways)
    assert torch.equal(run.sample(4, seed=0), expected)
    monkeypatch.chdir(run.checkpoints)
    assert torch.equal(ganzoo.load(run.latest.name).sample(4, seed=0), expected)


def test_an_earlier_checkpoint_can_be_chosen(run: Run) -> None:
    earlier = run.checkpoints / "step-00000005"
    assert not torch.equal(ganzoo.load(earlier).sample(4, seed=0), ganzoo.load(run).sample(4, seed=0))


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not a run folder"):
        ganzoo.load(tmp_path)
    with pytest.raises(RunError, match="not a run folder"):
        ganzoo.load(tmp_path / "nowhere")


def test_loading_needs_none_of_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "images.npz"
    np.savez(data, images=np.zeros((40, 8, 8), np.uint8), labels=np.arange(40) % 2)
    run = train(tiny(f'[dataset]\nuse = "npz"\npath = "{data}"', "run.steps=1"), tmp_path)
    data.unlink()
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "empty"))
    model = ganzoo.load(run)
    assert model.sample(2).shape == (2, 1, 8, 8)
    assert model.class_names == ["0", "1"]


def test_loading_leaves_the_callers_noise_alone(run: Run) -> None:
    before = torch.get_rng_state()
    ganzoo.load(run)
    assert torch.equal(torch.get_rng_state(), before)


def test_averages_are_used_where_there_are_any(tmp_path: Path) -> None:
    run = train(tiny("", "run.steps=6", "run.ema=0.999"), tmp_path)
    saved = checkpoint.read(run.latest)
    loaded = ganzoo.load(run).procedure.state_dict()
    assert {"G.layers.3.running_mean", "G.layers.3.running_var"} <= saved.tensors["ema"].keys()
    assert saved.tensors["ema"]
    for name, average in saved.tensors["ema"].items():
        assert torch.equal(loaded[name], average)
        assert not torch.equal(average, saved.tensors["model"][name])
    assert torch.equal(loaded["D.head.weight"], saved.tensors["model"]["D.head.weight"])


def test_networks_are_in_evaluation_mode(model: Model) -> None:
    assert not any(module.training for module in model.procedure.modules())


def test_the_seed_decides_the_samples(model: Model) -> None:
    samples = model.sample(9, seed=3)
    assert samples.shape == (9, 2) and not samples.requires_grad
    assert torch.equal(model.sample(9, seed=3), samples)
    assert not torch.equal(model.sample(9, seed=4), samples)


def test_without_a_seed_samples_differ(model: Model) -> None:
    assert not torch.equal(model.sample(9), model.sample(9))


def test_sampling_leaves_the_callers_noise_and_modes_alone(run: Run) -> None:
    model = ganzoo.load(run)
    model.procedure.train()
    model.procedure.D.eval()
    modes = [module.training for module in model.procedure.modules()]
    before = torch.get_rng_state()
    model.sample(3, seed=1)
    model.sample(3)
    assert torch.equal(torch.get_rng_state(), before)
    assert [module.training for module in model.procedure.modules()] == modes
    assert torch.is_grad_enabled()


def test_sampling_depends_neither_on_the_callers_noise_nor_on_modes(run: Run) -> None:
    model = ganzoo.load(run)
    expected = model.sample(5, seed=1)
    torch.manual_seed(99)
    model.procedure.train()
    assert torch.equal(model.sample(5, seed=1), expected)


def test_samples_do_not_depend_on_how_many_are_made_at_a_time(
    model: Model, conditional: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    wholes = [one.sample(20, seed=5) for one in (model, conditional)]
    monkeypatch.setattr(Model, "chunk", lambda self, n: 3)
    for one, whole in zip((model, conditional), wholes, strict=True):
        assert torch.allclose(one.sample(20, seed=5), whole, atol=1e-6)


@pytest.mark.parametrize("n", [0, 1, LARGEST, LARGEST + 1])
def test_as_many_samples_as_asked_for(n: int, model: Model, conditional: Model) -> None:
    assert model.sample(n).shape == (n, 2)
    assert conditional.sample(n).shape == (n, 1, 28, 28)


@pytest.mark.parametrize(
    "y", [1, "A", [1, 1, 1], ["A", 1, "A"], torch.tensor([1, 1, 1]), torch.tensor(1), np.array([1] * 3)]
)
def test_labels_are_indices_names_lists_or_tensors(y: Labels, conditional: Model) -> None:
    labels = conditional.labels(3, y)
    assert labels is not None
    assert labels.tolist() == [1, 1, 1]
    assert labels.dtype == torch.int64
    assert torch.equal(conditional.sample(3, y, seed=0), conditional.sample(3, 1, seed=0))


def test_labels_reach_their_samples(conditional: Model) -> None:
    mixed, ones = conditional.sample(3, [1, 2, 1], seed=0), conditional.sample(3, 1, seed=0)
    same = [torch.allclose(one, other, atol=1e-6) for one, other in zip(mixed, ones, strict=True)]
    assert same == [True, False, True]


def test_every_class_in_turn_without_labels(conditional: Model) -> None:
    assert conditional.labels(6, None).tolist() == [0, 1, 2, 3, 0, 1]  # type: ignore[union-attr]


def test_a_text_that_is_a_class_name_is_one(conditional: Model) -> None:
    """class_names are "2", "A", "0", "1"."""
    assert [conditional.index(name) for name in ("2", "A", "0", "1")] == [0, 1, 2, 3]
    assert conditional.index(0) == 0
    assert conditional.index("3") == 3  # no class has this name, so it is a number


def test_class_names_are_found_in_any_unicode_form_and_any_bytes(conditional: Model) -> None:
    names = ["cafe\u0301", "2", "\u30ac", "caf\udce9"]  # the last one as Python keeps bytes that are no UTF-8
    model = Model(conditional.procedure, conditional.spec, names)
    assert model.class_names == ["cafe\u0301", "2", "\u30ac", "caf\\xe9"]
    assert [model.index(name) for name in ("caf\u00e9", "\u30ab\u3099", "caf\udce9", "caf\\xe9")] == [0, 2, 3, 3]
    with pytest.raises(GanzooError, match="no class 'caf\u00e8'"):
        model.index("caf\u00e8")


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ("B", "no class 'B'.* Classes: 2, A, 0, 1"),
        ("a", r"no class 'a'\. Did you mean 'A'\?"),
        ("-1", "no class '-1'"),
        ("²", "no class '²'"),
        ("", "no class ''"),
        ("7", "no class 7: there are 4, from 0 to 3"),
        (4, "no class 4: there are 4, from 0 to 3"),
        (-1, "no class -1"),
        ([0, 1], "2 labels for 3 samples: give one for each, or one for all"),
        (torch.tensor([0, 1, 9]), "no class 9"),
    ],
)
def test_a_wrong_label_is_refused(y: Labels, message: str, conditional: Model) -> None:
    with pytest.raises(GanzooError, match=message):
        conditional.sample(3, y)


def test_a_near_name_is_suggested() -> None:
    made = Model(torch.nn.Identity(), ganzoo.Spec((2,), classes=2), ["sneaker", "bag"])  # type: ignore[arg-type]
    with pytest.raises(GanzooError, match=r"no class 'sneakers'\. Did you mean 'sneaker'\? Classes: sneaker, bag\."):
        made.index("sneakers")


def test_a_name_with_a_line_break_does_not_break_the_message() -> None:
    made = Model(torch.nn.Identity(), ganzoo.Spec((2,), classes=2), ["two\nlines", "bag"])  # type: ignore[arg-type]
    with pytest.raises(GanzooError, match=r"^no class 'hat'\.( Did you mean 'bag'\?)? Classes: two\\nlines, bag\.$"):
        made.index("hat")


def test_labels_for_a_gan_without_any_are_refused(model: Model) -> None:
    with pytest.raises(GanzooError, match="not conditional"):
        model.sample(3, 0)


def test_a_damaged_checkpoint_is_named(run: Run, tmp_path: Path) -> None:
    copy = Run(Path(shutil.copytree(run.folder, tmp_path / "run")))
    weights = copy.latest / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(RunError, match=r"model\.safetensors: damaged"):
        ganzoo.load(copy)


def test_a_checkpoint_of_other_networks_does_not_fit(run: Run, tmp_path: Path) -> None:
    other = train(tiny("", "run.steps=1", "discriminator.hidden=[9]"), tmp_path)
    copy = Run(Path(shutil.copytree(run.folder, tmp_path / "run")))
    shutil.rmtree(copy.checkpoints)
    shutil.copytree(other.checkpoints, copy.checkpoints)
    with pytest.raises(RunError, match="the checkpoint does not fit these networks"):
        ganzoo.load(copy)


TRANSLATING = """
[dataset]
use = "digits"
[procedure]
use = "translation"
[transform]
use = "edges"
[generator]
use = "pix2pix"
width = 2
[discriminator]
use = "pix2pix"
width = 2
layers = 1
"""


@pytest.fixture(scope="module")
def translator(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return ganzoo.load(train(tiny(TRANSLATING, "run.steps=2"), tmp_path_factory.mktemp("runs")))


def test_a_translator_samples_from_examples_of_its_data(translator: Model) -> None:
    a, b = translator.pairs(6, seed=3)
    digits = tiny(TRANSLATING).dataset().tensors()["x"].float() / 127.5 - 1
    assert all((digits == one).flatten(1).all(1).any() for one in b)
    assert len({one.numpy().tobytes() for one in b}) == 6
    x = translator.sample(6, seed=3)
    assert x.shape == (6, 1, 8, 8) and torch.equal(x, translator.translate(a, seed=3))
    assert not torch.equal(x, translator.sample(6, seed=4))
    assert translator.sample(0).shape == (0, 1, 8, 8)


def test_sampling_a_translator_leaves_the_random_numbers_alone(translator: Model) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    translator.sample(2, seed=0)
    assert torch.equal(torch.rand(3), expected)


def test_a_translator_says_what_it_takes(translator: Model, model: Model) -> None:
    with pytest.raises(GanzooError, match=r"inputs have shape \(3, 8, 8\), and this GAN translates \(1, 8, 8\)"):
        translator.translate(torch.zeros(2, 3, 8, 8))
    with pytest.raises(GanzooError, match="it translates no inputs"):
        model.translate(torch.zeros(2, 2))
    with pytest.raises(GanzooError, match="not conditional"):
        translator.sample(2, y=1)
