"""Exports: their files, that they are the same model, and files that they leave alone."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors import safe_open

import ganzoo
from ganzoo import GanzooError, IncompatibleError
from ganzoo.config import resolver
from ganzoo.errors import RunError
from ganzoo.runs import checkpoint
from ganzoo.sampling.run import Run
from ganzoo.sharing import export
from helpers.support import PLUGINS, TINY, TRANSLATING, tiny, train

PPGN = """
[dataset]
use = "glyphs"
n = 64
characters = "AB"
size = 8
[procedure]
use = "ppgn"
pretrain = 1
iterations = 3
[generator]
use = "ppgn"
z_dim = 4
width = 2
[discriminator]
use = "ppgn"
z_dim = 4
width = 2
[discriminator_classifier]
use = "ppgn"
z_dim = 4
width = 2
"""


def config(folder: Path) -> dict:
    return json.loads((folder / "config.json").read_text())


def test_the_files_are_those_that_the_manifest_tells(shared: Path) -> None:
    names = {path.name for path in shared.iterdir()}
    described = json.loads((shared / "manifest.json").read_text())["files"]
    assert names == {*described, "manifest.json", "README.md"}
    assert {*described} == {"config.json", "model.safetensors", "provenance.json", "recipe.json", "samples.png"}
    assert all((shared / name).stat().st_size == file["size"] for name, file in described.items())


def test_the_same_seed_draws_the_same_bits(run: Run, shared: Path, letters: Run, tmp_path: Path) -> None:
    assert torch.equal(ganzoo.load(shared).sample(9, seed=3), ganzoo.load(run).sample(9, seed=3))
    made, wanted = ganzoo.load(export.export(letters.folder, tmp_path / "letters").folder), ganzoo.load(letters)
    assert torch.equal(made.sample(7, y=["A", "B", "C"] * 2 + ["A"], seed=1), wanted.sample(7, [0, 1, 2] * 2 + [0], 1))
    assert (made.class_names, made.spec) == (wanted.class_names, wanted.spec)
    assert torch.equal(made.interpolate(2, 3, seed=1), wanted.interpolate(2, 3, seed=1))


def test_averages_are_written_and_nothing_of_training(run: Run, shared: Path) -> None:
    saved = checkpoint.read(run.latest).tensors
    assert {"G.layers.0.weight", "G.layers.3.running_mean", "G.layers.3.running_var"} <= saved["ema"].keys()
    with safe_open(shared / "model.safetensors", "pt") as file:
        assert set(file.keys()) == {name for name in saved["model"] if name.startswith("G.")}
        for name, average in saved["ema"].items():
            assert torch.equal(file.get_tensor(name), average)
            assert not torch.equal(average, saved["model"][name])
    assert config(shared)["averaged"] is True and config(shared)["step"] == 6
    assert not hasattr(ganzoo.load(shared).procedure, "D")


def test_an_earlier_checkpoint_can_be_exported(run: Run, tmp_path: Path) -> None:
    earlier = run.checkpoints / "step-00000005"
    made = export.export(earlier, tmp_path / "earlier")
    assert made.config.step == 5
    assert torch.equal(ganzoo.load(made.folder).sample(4, seed=0), ganzoo.load(earlier).sample(4, seed=0))


def test_what_sampling_needs_beside_generators_is_found(tmp_path: Path) -> None:
    """PPGN's chain asks the classifier, and starts from statistics that are the procedure's own."""
    run = train(tiny(PPGN, "run.steps=3"), tmp_path)
    made = export.export(run.folder)
    assert {name.partition(".")[0] for name in made.config.tensors} == {"G", "E", "mean", "spread"}
    assert torch.equal(ganzoo.load(made.folder).sample(2, seed=1), ganzoo.load(run).sample(2, seed=1))
    assert "pipeline_tag: unconditional-image-generation\n" in (made.folder / "README.md").read_text()


def test_a_translator_brings_the_table_of_its_data(tmp_path: Path) -> None:
    run = train(tiny(TRANSLATING, "run.steps=1"), tmp_path)
    made = export.export(run.folder)
    assert made.config.components["dataset"]["use"] == "ganzoo/digits"
    assert "samples.png" not in made.sizes and "would show the data" in made.remarks[0]
    model = ganzoo.load(made.folder)
    assert torch.equal(model.sample(3, seed=2), ganzoo.load(run).sample(3, seed=2))
    assert "pipeline_tag: image-to-image" in (made.folder / "README.md").read_text()


def test_where_leaving_out_changes_samples_everything_is_stored(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A procedure whose sample() looks at what it has: without D it goes on, and makes something else."""
    kind = type(ganzoo.load(run).procedure)
    plain = kind.sample
    monkeypatch.setattr(kind, "sample", lambda self, n, y=None: plain(self, n, y) + (1 if hasattr(self, "D") else 0))
    made = export.export(run.folder, tmp_path / "whole")
    assert any(name.startswith("D.") for name in made.config.tensors)
    assert torch.equal(ganzoo.load(made.folder).sample(4, seed=0), ganzoo.load(run).sample(4, seed=0))


def test_a_procedure_that_hides_its_state_is_not_shared(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, hidden = type(ganzoo.load(run).procedure), iter(range(100))
    built = kind.__init__

    def build(self, *arguments, **more) -> None:  # type: ignore[no-untyped-def]
        built(self, *arguments, **more)
        self.hidden = next(hidden)

    monkeypatch.setattr(kind, "__init__", build)
    plain = kind.sample
    monkeypatch.setattr(kind, "sample", lambda self, n, y=None: plain(self, n, y) + self.hidden)
    with pytest.raises(IncompatibleError, match=r"keeps state outside state_dict\(\)"):
        export.export(run.folder, tmp_path / "hidden")
    assert [*tmp_path.iterdir()] == []


def test_the_card_tells_what_it_is(shared: Path) -> None:
    text = (shared / "README.md").read_text()
    front = text.split("---\n")[1]
    assert "library_name: ganzoo\n" in front and "license: mit\n" in front
    assert "pipeline_tag: other\n" in front, "of points, which are no pictures"
    for told in ("pip install ganzoo-torch\n", "ganzoo.load(", "`ganzoo/ring`", "| steps | 6 |", "averaged over"):
        assert told in text


def test_scores_stand_in_the_card_with_their_protocol(run: Run, tmp_path: Path) -> None:
    copy = Run(Path(shutil.copytree(run.folder, tmp_path / "run")))
    row = {
        "name": "modes@points",
        "value": 7.5,
        "floor": 8.0,
        "better": "higher",
        "protocol": {"samples": 99, "seed": 4},
    }
    lines = [json.dumps({"step": step, **row}) for step in (5, 6)]
    (copy.folder / "scores.jsonl").write_text(lines[0].replace("7.5", "1.25") + "\n" + lines[1] + "\n")
    text = (export.export(copy.folder).folder / "README.md").read_text()
    assert "| modes@points | 7.5 | 8 | higher | samples 99, seed 4 |" in text
    assert "name: modes@points (samples 99, seed 4)" in text.split("---\n")[1]
    assert "1.25" not in text  # of another step


def test_nothing_tells_of_the_machine_or_its_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home" / "annabel"
    home.mkdir(parents=True)
    monkeypatch.setenv("LOGNAME", "annabel")
    address = "https://ann:s3cr3t@host/x?token=s3cr3t"
    (home / "a.toml").write_text(
        f'[about]\npaper = "{address}"\ngan = "{address}"\n[dataset]\nuse = "npz"\npath = "{home}/a.npz"\n'
    )
    run = train(tiny("", "run.steps=1", f"about.paper={address}", f"about.gan={address}"), home / "runs")
    shutil.copy(home / "a.toml", run.folder / "recipe.toml")
    argv = ["ganzoo", "run", str(home / "a.toml"), f"about.paper={address}"]
    run.write_provenance({"argv": argv, "host": "box", "plugins": ["secret 1.0"]})
    made = export.export(run.folder)
    assert '"…/a.npz"' in (made.folder / "recipe.toml").read_text() and "recipe.toml: paths" in made.remarks[0]
    written = b"".join(path.read_bytes() for path in made.folder.iterdir())
    assert b"annabel" not in written and b"secret" not in written and b"s3cr3t" not in written
    assert b"https://\xe2\x80\xa6@host/x?token=" in written
    assert b"a.toml" in written


def test_an_earlier_export_gives_way_and_an_edited_card_stays(run: Run, tmp_path: Path) -> None:
    place = export.export(run.checkpoints / "step-00000005", tmp_path / "points").folder
    assert export.export(run.folder, place).remarks == []
    assert config(place)["step"] == 6
    (place / "README.md").write_text("mine")
    assert export.export(run.folder, place, license="mit").remarks[-1].startswith("README.md was edited")
    assert (place / "README.md").read_text() == "mine"
    assert export.export(run.folder, place).remarks[-1].startswith("README.md was edited")  # once more
    assert [path.name for path in tmp_path.iterdir()] == ["points"]


@pytest.mark.parametrize("there", ["file", "folder", "link", "spoilt"])
def test_what_is_there_and_no_export_is_left_alone(there: str, run: Run, shared: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    if there == "file":
        target.write_text("mine")
    elif there == "link":
        target.symlink_to(tmp_path / "elsewhere")
    else:
        shutil.copytree(shared, target) if there == "spoilt" else target.mkdir()
        (target / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match="exists and is not an export: it is left unchanged"):
        export.export(run.folder, target)
    assert os.path.lexists(target) and not (target.is_dir() and (target / "notes.txt").read_text() != "mine")
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_an_export_of_another_run_is_left_alone(letters: Run, copy: Path) -> None:
    with pytest.raises(RunError, match=r"is an export of tiny-.*, and is left unchanged"):
        export.export(letters.folder, copy)
    assert config(copy)["components"]["generator"]["use"] == "ganzoo/mlp"


def test_a_failure_leaves_the_old_export(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = export.export(run.checkpoints / "step-00000005", tmp_path / "points").folder

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "_write_samples", full)
    with pytest.raises(RunError, match="No space left on device"):
        export.export(run.folder, place)
    assert config(place)["step"] == 5 and [path.name for path in tmp_path.iterdir()] == ["points"]


def test_the_picture_is_of_the_samples(shared: Path) -> None:
    with Image.open(shared / "samples.png") as picture:
        assert picture.size == (512, 512)


def test_words_are_written_as_text(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("ab\nba\nabb\n" * 40)
    small = {"use": "seqgan", "embedding": 2}
    tables = {
        "dataset": {"use": "text", "path": str(names)},
        "procedure": {"use": "seqgan", "pretrain_g": 1, "pretrain_d": 0},
        "generator": {**small, "width": 2},
        "discriminator": {**small, "sizes": [1], "width": [2]},
    }
    tree = {**{name: table for name, table in TINY.items() if name != "loss"}, **tables, "run": {"steps": 1}}
    made = export.export(train(resolver.resolve(tree, PLUGINS.zoo, "a.toml", name="words"), tmp_path).folder)
    assert len((made.folder / "samples.txt").read_text().splitlines()) == 64
    model = ganzoo.load(made.folder)
    assert model.text(model.sample(3, seed=0)) == ganzoo.load(made.folder.parent).text(model.sample(3, seed=0))


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GanzooError, match="not a run folder"):
        export.export(tmp_path, plugins=PLUGINS)
