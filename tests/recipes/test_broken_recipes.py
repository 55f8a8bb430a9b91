"""Recipes with a mistake in them: each is refused before training, with its place, the mistake and the remedy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result

from ganzoo.terminal import progress
from helpers.commands import ganzoo

POINTS = """\
# A GAN on points.
[run]
steps = 3
batch_size = 16

[dataset]
use = "ring"
n = 64

[procedure]
use = "adversarial"

[generator]
use = "mlp"
z_dim = 4
hidden = [8]

[discriminator]
use = "mlp"
hidden = [8]

[loss]
use = "hinge"

[optimizer]
use = "adam"
lr = 1e-3
"""
IMAGES = """\
# A GAN on drawn letters.
[run]
steps = 3
batch_size = 16

[dataset]
use = "glyphs"
n = 64

[procedure]
use = "adversarial"

[generator]
use = "dcgan"
width = 4

[discriminator]
use = "dcgan"
width = 4

[loss]
use = "hinge"

[optimizer]
use = "adam"
"""


@dataclass(frozen=True)
class Spoilt:
    """A good recipe in which `old` became `new`, and what the message must say of it."""

    old: str
    new: str
    says: tuple[str, ...]
    recipe: str = POINTS
    exit_code: int = 2

    @property
    def text(self) -> str:
        assert self.old in self.recipe
        return self.recipe.replace(self.old, self.new, 1)


UNKNOWN = {
    "a table": Spoilt(
        "[generator]",
        "[generater]",
        ("[generater]: no table of that name. Did you mean 'generator'? Tables: about, run, dataset, dataset_a,",),
    ),
    "a setting of run": Spoilt(
        "steps = 3", "stepz = 3", ("[run]: it has no setting 'stepz'. Did you mean 'steps'? It has: steps, epochs,",)
    ),
    "a setting of a component": Spoilt(
        "z_dim",
        "z_dims",
        ("[generator]: generator 'mlp' has no setting 'z_dims'. Did you mean 'z_dim'? It has: z_dim",),
    ),
    "a setting where there is none": Spoilt(
        'use = "hinge"', 'use = "hinge"\nmargin = 1', ("[loss]: loss 'hinge' has no setting 'margin'. It has none.",)
    ),
    "a component": Spoilt(
        '"hinge"', '"hinje"', ("[loss]: no loss named 'hinje'. Did you mean 'hinge'? See `ganzoo list loss`.",)
    ),
    "a component of another kind": Spoilt(
        '"hinge"', '"adam"', ("[loss]: no loss named 'adam'.", "See `ganzoo list loss`.")
    ),
    "an owner": Spoilt(
        '"hinge"', '"gonzoo/hinge"', ("[loss]: no loss named 'gonzoo/hinge'. Did you mean 'ganzoo/hinge'?",)
    ),
    "a dotted import path": Spoilt(
        'use = "mlp"',
        'use = "os.system"',
        ("[generator]: no generator named 'os.system'. See `ganzoo list generator`.",),
    ),
    "an import path with a colon": Spoilt(
        '"hinge"', '"subprocess:run"', ("[loss]: no loss named 'subprocess:run'. See `ganzoo list loss`.",)
    ),
    "a second part": Spoilt(
        "[loss]",
        '[generator_b]\nuse = "mlp"\n[loss]',
        (
            "[generator_b]: procedure 'adversarial' takes no such table. Did you mean 'generator'?",
            "It takes: [generator]",
        ),
    ),
    "a choice": Spoilt(
        'use = "adversarial"',
        'use = "shared_fakes"\nfirst = "nobody"',
        ("[procedure]: procedure 'shared_fakes', first: should be 'discriminator' or 'generator', not 'nobody'",),
    ),
    "a precision": Spoilt(
        "steps = 3",
        'steps = 3\nprecision = "fp8"',
        ("[run]: precision: should be 'no', 'bf16' or 'fp16', not 'fp8'",),
    ),
    "a player": Spoilt(
        "lr = 1e-3",
        "lr = 1e-3\n[optimizer.generater]\nlr = 1e-4",
        ("no player 'generater'. Did you mean 'generator'?", "has: discriminator, generator."),
    ),
}
MISSING = {
    "the dataset": Spoilt(
        '[dataset]\nuse = "ring"\nn = 64\n',
        "",
        ('[dataset]: this table is missing: add it with use = "..."; see `ganzoo list dataset`',),
    ),
    "the optimizer": Spoilt(
        '[optimizer]\nuse = "adam"\nlr = 1e-3\n',
        "",
        ('[optimizer]: this table is missing: add it with use = "..."; see `ganzoo list optimizer`',),
    ),
    "a part": Spoilt(
        '[loss]\nuse = "hinge"\n',
        "",
        ("[loss]: procedure 'adversarial' needs this table: add it with use = \"...\"; see `ganzoo list loss`",),
    ),
    "use": Spoilt('use = "hinge"', "", ('[loss]: needs use = "NAME" to say which loss; see `ganzoo list loss`',)),
    "a needed setting": Spoilt(
        'use = "ring"\nn = 64',
        'use = "npz"',
        ("[dataset]: dataset 'npz' needs the setting 'path': add path = ...",),
    ),
    "how long": Spoilt("steps = 3\n", "", ("[run]: say how long to train: either steps = ... or epochs = ...",)),
}
WRONG = {
    "a number as text": Spoilt(
        "steps = 3",
        'steps = "3"',
        ("[run]: steps: should be a valid integer, not '3'. Write numbers without quotes: 3",),
    ),
    "a yes as a number": Spoilt(
        "n = 64", "n = true", ("[dataset]: dataset 'ring', n: should be a valid integer, not True",)
    ),
    "a number as a yes": Spoilt(
        "n = 64", "labelled = 1", ("[dataset]: dataset 'ring', labelled: should be a valid boolean, not 1",)
    ),
    "a fraction": Spoilt(
        "z_dim = 4", "z_dim = 4.5", ("[generator]: generator 'mlp', z_dim: should be a valid integer",)
    ),
    "a number for a list": Spoilt(
        "hidden = [8]", "hidden = 8", ("[generator]: generator 'mlp', hidden: should be a valid", "not 8")
    ),
    "an item of a list": Spoilt(
        "hidden = [8]",
        "hidden = [8, -8]",
        ("[generator]: generator 'mlp', hidden.1: should be greater than 0, not -8",),
    ),
    "a date": Spoilt("n = 64", "n = 2020-01-01", ("[dataset]: dataset 'ring', n: should be a valid integer",)),
    "not a number": Spoilt("lr = 1e-3", "lr = nan", ("[optimizer]: optimizer 'adam', lr: should be a finite number",)),
    "negative steps": Spoilt("steps = 3", "steps = -3", ("[run]: steps: should be greater than 0, not -3",)),
    "an empty batch": Spoilt(
        "batch_size = 16", "batch_size = 0", ("[run]: batch_size: should be greater than 0, not 0",)
    ),
    "both steps and epochs": Spoilt(
        "steps = 3", "steps = 3\nepochs = 2", ("[run]: say how long to train: either steps = ... or epochs = ...",)
    ),
    "use as a number": Spoilt('use = "hinge"', "use = 3", ('[loss]: needs use = "NAME" to say which loss',)),
    "one regularizer": Spoilt(
        "[optimizer]",
        '[regularizer]\nuse = "r1"\n[optimizer]',
        ("[regularizer]: procedure 'adversarial' takes any number of these: write [[regularizer]]",),
    ),
    "a list of losses": Spoilt(
        "[loss]", "[[loss]]", ("[loss]: procedure 'adversarial' takes one of these: write [loss]",)
    ),
    "a learning rate": Spoilt(
        "lr = 1e-3", "lr = -1.0", ("[optimizer] 'adam' for 'discriminator': Invalid learning rate: -1.0",)
    ),
}
SENSELESS = {
    "labels wanted from unlabelled data": Spoilt(
        'use = "mlp"\nz_dim = 4',
        'use = "cgan"\nz_dim = 4',
        ("generator cgan is conditional, but the dataset has no labels: choose a labelled dataset",),
    ),
    "one player conditional": Spoilt(
        'use = "dcgan"\nwidth = 4\n\n[discriminator]',
        'use = "cgan"\n\n[discriminator]',
        ("the generator is conditional on labels and the discriminator is not", "Use a conditional network for both"),
        IMAGES,
    ),
    "a penalty for each sample over batch norm": Spoilt(
        "[optimizer]",
        '[[regularizer]]\nuse = "gradient_penalty"\n[optimizer]',
        ("the discriminator mixes samples by BatchNorm2d", 'norm = "none"'),
        IMAGES,
    ),
    "images of a size that a network cannot take": Spoilt(
        "n = 64", "n = 64\nsize = 30", ("images whose side is 3 to 7 times a power of two", "not 30"), IMAGES
    ),
    "points for a network of images": Spoilt(
        'use = "mlp"\nz_dim = 4\nhidden = [8]',
        'use = "dcgan"',
        ("generator dcgan works on images, but a sample has the shape (2,)", 'use "mlp" instead'),
    ),
    "half precision on a CPU": Spoilt(
        "steps = 3",
        'steps = 3\nprecision = "fp16"',
        ('run.precision = "fp16" needs a GPU', 'use "bf16" or "no"'),
    ),
    "simultaneous updates of several moves": Spoilt(
        'use = "adversarial"',
        'use = "simultaneous"\nd_steps = 2',
        ("[procedure]: procedure 'simultaneous' has no setting 'd_steps'",),
    ),
    "more fakes than real samples to compare them with": Spoilt(
        'use = "adversarial"',
        'use = "larger_generator_batch"\n[[regularizer]]\nuse = "feature_matching"',
        ("g_batch = 2 leaves FeatureMatching without a real sample for each fake", "Leave one of them out"),
    ),
    "batch norm over one sample": Spoilt(
        "batch_size = 16",
        "batch_size = 1",
        ("run.batch_size = 1 and BatchNorm2d", "Set run.batch_size=2 or more"),
        IMAGES,
    ),
    "networks larger than the machine": Spoilt(
        "width = 4",
        "width = 4000000",
        ("this recipe needs at least", "and this machine has", "Take narrower networks"),
        IMAGES,
    ),
    "data larger than the machine": Spoilt(
        "n = 64",
        "n = 100_000_000\nsize = 128",
        ("this recipe needs at least 1,5", "GiB: data 1,5", "Take a smaller dataset.n or dataset.size"),
        IMAGES,
    ),
    "a batch larger than the machine": Spoilt(
        "n = 64",
        "n = 100_000_000",
        ("one batch", "Take a smaller run.batch_size."),
        IMAGES.replace("batch_size = 16", "batch_size = 90_000_000"),
    ),
    "compiled networks under a penalty": Spoilt(
        "[optimizer]",
        '[[regularizer]]\nuse = "r1"\n[optimizer]',
        ("run.compile = true", "Set run.compile=false"),
        POINTS.replace("steps = 3", "steps = 3\ncompile = true"),
    ),
    "fewer samples than a batch": Spoilt(
        "n = 64", "n = 10", ("10 examples, fewer than one batch of 16: set run.batch_size=10 or less",), exit_code=3
    ),
}
TEXTS = {
    "TOML": ("bad.toml", b"[run\nsteps = 3", ("bad.toml: cannot be read as TOML:", "line 1")),
    "a key twice in TOML": (
        "bad.toml",
        b"[run]\nsteps = 3\nsteps = 4\n",
        ("bad.toml: cannot be read as TOML: Cannot overwrite a value",),
    ),
    "JSON": ("bad.json", b'{"run": {"steps": 3,}}', ("bad.json: cannot be read as JSON:", "line 1")),
    "a key twice in JSON": ("bad.json", b'{"run": {"steps": 3, "steps": 4}}', ("the key 'steps' stands twice",)),
    "NaN in JSON": ("bad.json", b'{"run": {"ema": NaN}}', ("NaN is not a number that a setting can have",)),
    "a list for a recipe": ("bad.json", b"[]", ("bad.json: a recipe is a set of tables such as [run] and [dataset]",)),
    "not UTF-8": (
        "bad.toml",
        b"# \xff\xfe",
        ("bad.toml: cannot be read as TOML: byte 0xFF in line 1", "Save it as UTF-8"),
    ),
    "deep nesting": ("bad.json", b"[" * 100_000, ("bad.json: cannot be read as JSON:",)),
    "empty": ("bad.toml", b"", ("4 problems in this recipe", "[run]: say how long to train", "[dataset]: this table")),
}


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No line on what is waited for, which a slow machine would print before the error."""
    monkeypatch.setattr(progress, "PATIENCE", 1000.0)


@pytest.mark.parametrize("spoilt", [pytest.param(one, id=f"unknown: {name}") for name, one in UNKNOWN.items()])
def test_an_unknown_name(spoilt: Spoilt, tmp_path: Path) -> None:
    assert_refused(spoilt, tmp_path)


@pytest.mark.parametrize("spoilt", [pytest.param(one, id=f"missing: {name}") for name, one in MISSING.items()])
def test_something_missing(spoilt: Spoilt, tmp_path: Path) -> None:
    assert_refused(spoilt, tmp_path)


@pytest.mark.parametrize("spoilt", [pytest.param(one, id=f"wrong: {name}") for name, one in WRONG.items()])
def test_a_wrong_value(spoilt: Spoilt, tmp_path: Path) -> None:
    assert_refused(spoilt, tmp_path)


@pytest.mark.parametrize("spoilt", [pytest.param(one, id=name) for name, one in SENSELESS.items()])
def test_a_combination_that_makes_no_sense(spoilt: Spoilt, tmp_path: Path) -> None:
    assert_refused(spoilt, tmp_path, verb="check")
    assert_refused(spoilt, tmp_path, verb="run")
    assert not [path for path in (tmp_path / "runs").rglob("*") if path.is_file()], "refused before there is a run"


@pytest.mark.parametrize(("name", "content", "says"), [pytest.param(*case, id=name) for name, case in TEXTS.items()])
def test_a_file_that_is_no_recipe(name: str, content: bytes, says: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    assert_message(ganzoo("check", str(file)), says)


@pytest.mark.parametrize("recipe", [POINTS, IMAGES], ids=["points", "images"])
def test_the_recipes_above_are_good_until_they_are_spoilt(recipe: str, tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text(recipe)
    result = ganzoo("check", str(tmp_path / "good.toml"), "--no-time")
    assert result.exit_code == 0, result.output


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(
        POINTS.replace("steps", "step").replace("z_dim", "zdim").replace("hinge", "hing").replace("lr =", "lrr =")
    )
    result = ganzoo("check", str(tmp_path / "bad.toml"))
    assert_message(
        result,
        (
            "Error: 4 problems in this recipe",
            "bad.toml [run]: it has no setting 'step'. Did you mean 'steps'?",
            "bad.toml [generator]: generator 'mlp' has no setting 'zdim'. Did you mean 'z_dim'?",
            "bad.toml [loss]: no loss named 'hing'. Did you mean 'hinge'?",
            "bad.toml [optimizer]: optimizer 'adam' has no setting 'lrr'. Did you mean 'lr'?",
        ),
    )
    assert len(result.stderr.splitlines()) == 5


def test_a_missing_file() -> None:
    assert_message(ganzoo("check", "nowhere/mine.toml"), ("no file 'nowhere/mine.toml'. no recipe named 'mine'.",))


def test_the_file_of_a_recipe_that_has_a_name() -> None:
    says = "no file 'quickstart.toml'. A recipe has that name: `ganzoo run quickstart`."
    assert_message(ganzoo("check", "quickstart.toml"), (says,))


def test_a_misspelt_name() -> None:
    assert_message(
        ganzoo("check", "quikstart"),
        ("no recipe named 'quikstart'. Did you mean 'quickstart'?", "give a path ending in .toml"),
    )


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    assert_message(
        ganzoo("check", str(tmp_path / "folder.toml")), ("folder.toml: Is a directory. `ganzoo list recipe` names",)
    )


def assert_refused(spoilt: Spoilt, folder: Path, verb: str = "check") -> None:
    file = folder / "bad.toml"
    file.write_text(spoilt.text)
    out = ("--out", str(folder / "runs")) if verb == "run" else ()
    says = tuple(f"bad.toml {line}" if line.startswith("[") and "]: " in line else line for line in spoilt.says)
    assert_message(ganzoo(verb, str(file), *out), says, spoilt.exit_code)


def assert_message(result: Result, says: tuple[str, ...], exit_code: int = 2) -> None:
    assert result.exit_code == exit_code, result.output
    assert result.stderr.startswith("Error: ")
    for fragment in says:
        assert fragment in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.output
