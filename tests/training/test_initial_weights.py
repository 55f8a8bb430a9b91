"""Runs that start with the weights of a trained model, and weights that are frozen."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ganzoo.config import instantiate
from ganzoo.errors import GanzooError, IncompatibleError, RecipeError, RunError
from ganzoo.runs import checkpoint, resume
from ganzoo.sampling.run import Run
from ganzoo.sharing import export, trained_weights
from ganzoo.sharing.trained_weights import TrainedWeights
from ganzoo.training import dry_run, loop, state
from ganzoo.training.initial_weights import trained_weights as trained_weights_of
from ganzoo.training.session import Session
from helpers.commands import ganzoo
from helpers.support import PLUGINS, accelerator, tiny, train, weights_hash

LINEAR = """
[generator]
use = "mlp"
z_dim = 2
hidden = []
[discriminator]
use = "mlp"
hidden = []
[optimizer]
use = "sgd"
lr = 0.5
fused = false
"""
LETTERS = """
[dataset]
use = "glyphs"
n = 60
size = 16
characters = "%s"
[generator]
use = "compact"
z_dim = 2
width = 2
condition = "batch_norm"
[discriminator]
use = "compact"
width = 2
hidden = 4
condition = "projection"
"""


def planted(folder: Path, weight: Tensor, bias: Tensor, *changes: str) -> Run:
    """Return a run of LINEAR after 0 steps, whose generator is x = weight z + bias."""
    recipe = tiny(LINEAR, *changes)
    session = Session(recipe, accelerator())
    layer = session.procedure.G.layers[0]
    layer.weight.data.copy_(weight)
    layer.bias.data.copy_(bias)
    run = Run.create(recipe, folder)
    session.write_resolved(run)
    checkpoint.write(run.checkpoints, 0, state.capture(session.engine, session.ema, session.batches, 0), keep=2)
    return run


def saved(run: Run, folder: Path | None = None) -> dict[str, Tensor]:
    return checkpoint.read(folder or run.latest).tensors["model"]


def first_samples(run: Run) -> bytes:
    return (run.samples / "step-00000000.png").read_bytes()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """On points, with batch norm and averaged weights."""
    return train(tiny("", "run.ema=0.9"), tmp_path_factory.mktemp("runs"))


def test_a_linear_toy_starts_where_it_is_told_and_makes_the_step_of_its_equation(tmp_path: Path) -> None:
    weight, bias = torch.tensor([[2.0, 0.0], [1.0, -1.0]]), torch.tensor([0.5, -0.5])
    run = planted(tmp_path, weight, bias)
    recipe = tiny(LINEAR, f'run.start="{run.folder}"')
    session = Session(recipe, accelerator(), start=trained_weights.read(str(run.folder)))
    torch.manual_seed(3)
    z = torch.randn(5, 2)
    with torch.no_grad():
        assert torch.equal(session.procedure.G(z), z @ weight.T + bias)
    # The generator's loss softplus(-(v x + c)) at x = W z + b: its step follows mean(sigmoid(-logit) v z^T).
    v, c = (tensor.detach().clone() for tensor in session.procedure.D.parameters())
    logits = (z @ weight.T + bias) @ v.T + c  # (5, 1)
    slope = torch.sigmoid(-logits)
    loss = torch.nn.functional.softplus(-session.procedure.D(session.procedure.G(z))).mean()
    session.engine.apply({"generator": {"adversarial": loss}})
    moved = session.procedure.G.layers[0]
    torch.testing.assert_close(moved.weight.data, weight + 0.5 * (slope * v).T @ z / 5)
    torch.testing.assert_close(moved.bias.data, bias + 0.5 * (slope * v).mean(0))


@pytest.mark.parametrize("ema", ["run.ema=0.9", "run.ema=0"])
def test_the_first_samples_are_those_of_the_source(ema: str, source: Run, tmp_path: Path) -> None:
    run = train(tiny("", ema, "run.steps=1", f'run.start="{source.folder}"', "optimizer.lr=0.1"), tmp_path)
    assert first_samples(run) == (source.samples / "step-00000012.png").read_bytes()


@pytest.mark.parametrize(("kind", "file"), [(None, "ema"), ("averaged", "ema"), ("trained", "model")])
def test_the_average_is_taken_unless_trained_weights_are_asked_for(kind: Any, file: str, source: Run) -> None:
    weights = trained_weights.read(str(source.folder), kind)
    tensors = checkpoint.read(source.latest).tensors
    assert weights.averaged == (file == "ema")
    assert all(torch.equal(weights.tensors[name], tensors[file][name]) for name in tensors["ema"])
    assert all(torch.equal(weights.tensors[n], t) for n, t in tensors["model"].items() if n.startswith("D."))


def test_an_export_starts_the_generator_alone_and_says_so(source: Run, tmp_path: Path) -> None:
    shared = export.export(source.folder, tmp_path / "shared").folder
    run = train(tiny("", "run.steps=1", f'run.start="{shared}"'), tmp_path / "runs")
    assert first_samples(run) == (source.samples / "step-00000012.png").read_bytes()
    facts = run.provenance["start"]
    assert facts["sha256"] == hashlib.sha256((shared / "manifest.json").read_bytes()).hexdigest()
    assert (facts["from"], facts["weights"], facts["taken"], facts["initialised"]) == (str(shared), "averaged", 11, 4)
    with pytest.raises(RunError, match=r"has no trained weights, only averaged ones\. Leave out run\.start_weights"):
        trained_weights.read(str(shared), "trained")


def test_a_shipped_model_is_found_by_its_name() -> None:
    assert trained_weights.read("letters").classes == 26


def test_the_report_names_what_was_not_taken(source: Run) -> None:
    recipe = tiny("", "discriminator.hidden=[6]", f'run.start="{source.folder}"')
    remarks = dry_run.inspect(recipe, PLUGINS.zoo)["remarks"]
    assert remarks == [
        f"weights from {source.folder.name}, step 12 (averaged): 12 of 15 tensors of the networks; initialised anew: "
        "D.layers.1.weight, D.layers.1.bias, D.head.weight"
    ]


def test_some_players_start_and_the_others_do_not(source: Run) -> None:
    def built(*changes: str) -> dict[str, Tensor]:
        start = trained_weights.read(str(source.folder))
        return Session(tiny("", *changes), accelerator(), start=start).procedure.state_dict()

    state_dict, random = built('run.start_players=["discriminator"]'), Session(tiny(), accelerator()).procedure
    trained = saved(source)
    for name, tensor in random.state_dict().items():
        assert torch.equal(state_dict[name], trained[name] if name.startswith("D.") else tensor), name
    with pytest.raises(RecipeError, match=r"no player 'critic'\. The procedure has: discriminator, generator"):
        built('run.start_players=["critic"]')


def test_augmentations_fit_onto_networks_without_and_the_other_way(source: Run, tmp_path: Path) -> None:
    noise = '[[augmentation]]\nuse = "instance_noise"\n'
    augmented = train(tiny(noise, "run.steps=1", f'run.start="{source.folder}"'), tmp_path)
    assert augmented.provenance["start"]["initialised"] == 0
    weights = trained_weights.read(str(augmented.folder))
    session = Session(tiny(), accelerator(), start=weights)
    assert torch.equal(session.procedure.D.head.weight, saved(augmented)["D.network.head.weight"])


def letters(characters: str) -> tuple[Any, TrainedWeights]:
    """Return networks for some letters, and their weights as those of a trained model."""
    session = Session(tiny(LETTERS % characters), accelerator())
    tensors = {name: tensor.clone() for name, tensor in session.procedure.state_dict().items()}
    weights = TrainedWeights("old", "old", 1, False, tensors, len(characters), list(characters), "")
    return session, weights


@pytest.mark.parametrize(
    ("old", "new", "rows", "told"),
    [
        ("ABC", "ABCD", [0, 1, 2, None], "3 of 4 classes by name, initialised anew: D"),
        ("ABC", "BXCA", [1, None, 2, 0], "3 of 4 classes by name, initialised anew: X"),
        ("ABC", "CBA", [2, 1, 0], "3 of 3 classes by name"),
        ("ABC", "CA", [2, 0], "2 of 2 classes by name"),
        ("ABC", "XYZW", [0, 1, 2, None], "3 of 4 classes by number, initialised anew: 3"),
        ("ABC", "XYZ", [0, 1, 2], ""),
    ],
)
def test_a_table_of_classes_takes_the_rows_that_exist(old: str, new: str, rows: list[int | None], told: str) -> None:
    _, weights = letters(old)
    recipe = tiny(LETTERS % new, "run.seed=5")
    random = Session(recipe, accelerator()).procedure.state_dict()
    session = Session(recipe, accelerator(), start=weights)
    assert session.initial_weights is not None
    tables = [name for name in random if "class_vectors" in name or ".gain" in name or "bias.weight" in name]
    assert len(tables) >= 3
    with_columns = ["G.layers.0.embedding.weight", "G.layers.1.weight"]  # of a vector as wide as there are classes
    for name, tensor in session.procedure.state_dict().items():
        if name in with_columns:
            pairs = [(k, row) for k, row in enumerate(rows) if row is not None]
            fixed = tensor.shape[1] - len(new)  # columns of z
            before = weights.tensors[name]
            for k, row in pairs:
                line, source = (k, row) if len(tensor) == len(new) else (slice(None), slice(None))
                assert torch.equal(tensor[line, :fixed], before[source, :fixed]), name
                for column, known in pairs:
                    assert torch.equal(tensor[line, fixed + column], before[source, fixed + known]), name
        elif name in tables:
            expected = [random[name][k] if row is None else weights.tensors[name][row] for k, row in enumerate(rows)]
            assert torch.equal(tensor, torch.stack(expected)), name
        elif tensor.shape == weights.tensors[name].shape:
            assert torch.equal(tensor, weights.tensors[name]), name
    assert session.initial_weights.report().endswith(told)


def test_letters_in_another_order_are_drawn_as_before() -> None:
    old, weights = letters("ABC")
    new = Session(tiny(LETTERS % "CBA", "run.seed=5"), accelerator(), start=weights)
    z = torch.randn(4, 2)
    before, after = (session.procedure.G.eval() for session in (old, new))
    assert torch.allclose(after(z, torch.tensor([0, 0, 1, 2])), before(z, torch.tensor([2, 2, 1, 0])), atol=1e-6)


def test_the_resumed_run_is_bit_exact_and_needs_the_start_no_more(source: Run, tmp_path: Path) -> None:
    start = Path(shutil.copytree(source.folder, tmp_path / "start"))
    changes = ("run.steps=8", "run.save=4", f'run.start="{start}"', 'run.freeze=["generator.layers.0.*"]')
    whole = train(tiny("", *changes), tmp_path / "a")
    half = train(tiny("", *changes), tmp_path / "b")
    shutil.rmtree(start)
    begun = half.provenance["start"]
    recipe = half.recipe(PLUGINS.zoo)
    resumed = loop.train(recipe, PLUGINS, tmp_path, resume.at(half, half.checkpoints / "step-00000004"))
    assert weights_hash(resumed) == weights_hash(whole)
    assert resumed.provenance["start"] == begun
    assert resume.to_continue(tmp_path / "b", tiny("", *changes, "run.steps=9"), PLUGINS.zoo)[0] is not None


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (
            lambda run: run.joinpath("checkpoints/latest").unlink() or shutil.rmtree(run / "checkpoints"),
            "no checkpoint",
        ),
        (lambda run: next(run.glob("checkpoints/*/model.safetensors")).write_bytes(b"x"), "model.safetensors: damaged"),
        (lambda run: (run / "resolved.json").write_text("{"), "not JSON"),
        (lambda run: shutil.rmtree(run), "not a run folder"),
    ],
)
def test_a_damaged_start_is_refused_in_one_line(spoil: Any, told: str, source: Run, tmp_path: Path) -> None:
    start = Path(shutil.copytree(source.folder, tmp_path / "start"))
    for folder in sorted(start.glob("checkpoints/step-*"))[:-1]:
        shutil.rmtree(folder)
    spoil(start)
    with pytest.raises(GanzooError) as refused:
        train(tiny("", f'run.start="{start}"'), tmp_path / "runs")
    assert "cannot be started from" in refused.value.message and told in refused.value.message
    assert "\n" not in refused.value.message
    assert not (tmp_path / "runs").exists()


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    run = planted(tmp_path, torch.full((2, 2), torch.nan), torch.zeros(2))
    with pytest.raises(RunError, match=r"G\.layers\.0\.weight is not finite"):
        trained_weights.read(str(run.folder))


def test_networks_of_which_nothing_fits_are_refused_in_one_line(source: Run) -> None:
    start = trained_weights.read(str(source.folder))
    for changes, told in (
        (("generator.hidden=[5]", "generator.z_dim=3", "discriminator.hidden=[5]"), "no weight of these networks"),
        (
            ("discriminator.hidden=[5]", 'run.start_players=["discriminator"]'),
            "no weight of the player 'discriminator'",
        ),
    ):
        with pytest.raises(IncompatibleError) as refused:
            Session(tiny("", *changes), accelerator(), start=start)
        assert told in refused.value.message and "with the same name and shape (" in refused.value.message
        assert "\n" not in refused.value.message


def test_start_players_and_start_weights_need_a_start() -> None:
    for setting in ('run.start_players=["generator"]', 'run.start_weights="trained"'):
        with pytest.raises(RecipeError, match=r"needs run\.start"):
            trained_weights_of(tiny("", setting).run)


FROZEN = {
    "adam": "",
    "weight clipping": '[[regularizer]]\nuse = "weight_clipping"\n',
    "spectral norm": '[[regularizer]]\nuse = "spectral_norm"\n',
    "noise": '[[augmentation]]\nuse = "instance_noise"\n',
}


@pytest.mark.parametrize("text", FROZEN.values(), ids=FROZEN)
def test_frozen_layers_do_not_move_one_bit(text: str) -> None:
    patterns = ["generator.layers.2.*", "generator.layers.3.*", "discriminator.layers.1.*"]
    recipe = tiny(text, f"run.freeze={json.dumps(patterns)}", "run.ema=0.9", "optimizer.weight_decay=0.1")
    session = Session(recipe, accelerator())
    before = {name: tensor.clone() for name, tensor in session.procedure.state_dict().items()}
    for t in range(3):
        session.step(t)
        session.ema.tensors()
    prefixes = ("G.layers.2.", "G.layers.3.", "D.layers.1.", "D.network.layers.1.")
    frozen = {name for name in before if name.startswith(prefixes)}
    assert len(frozen) >= 9  # two linear layers, and batch norm with its statistics
    for name, tensor in session.procedure.state_dict().items():
        if not name.endswith(("_u", "_v")):
            assert torch.equal(tensor, before[name]) == (name in frozen), name
        elif name in frozen:
            assert torch.equal(tensor, before[name]), name
    assert not frozen & session.ema.tensors().keys()


def test_a_pattern_that_fits_nothing_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(RecipeError) as refused:
        instantiate.procedure(
            tiny("", 'run.freeze=["discriminator.layer.1.*"]'), Session(tiny(), accelerator()).procedure.spec
        )
    assert (
        "nothing is called 'discriminator.layer.1.*'. Did you mean 'discriminator.layers.1.*'?" in refused.value.message
    )


def test_a_player_without_trained_weights_is_refused() -> None:
    with pytest.raises(IncompatibleError, match="'generator' has nothing to train"):
        Session(tiny("", 'run.freeze=["generator.*"]'), accelerator())


def test_a_refused_resume_names_the_way(source: Run) -> None:
    result = ganzoo("resume", str(source.folder), "optimizer.lr=0.1")
    assert result.exit_code == 5
    assert f"ganzoo run RECIPE run.start={source.folder} optimizer.lr=0.1" in result.stderr
