"""ganzoo score: one number for each of given samples."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from ganzoo import Discriminator, GanzooError, IncompatibleError, Model, Procedure, Spec
from ganzoo.data.loader import normalised
from ganzoo.interfaces import Batch
from ganzoo.registry.zoo import Entry
from ganzoo.runs import checkpoint
from ganzoo.sampling import scoring
from ganzoo.sampling.run import Run
from ganzoo.sharing import export
from helpers.commands import ganzoo
from helpers.examples import PROCEDURES, example_of
from helpers.support import PLUGINS, tiny, train

LINEAR = """
[dataset]
use = "folder"
path = "%s"
size = 4
channels = 1
[generator]
use = "mlp"
z_dim = 2
hidden = [4]
[discriminator]
use = "mlp"
hidden = []
"""

REFUSING = {"translation", "context_encoder", "srgan", "cut", "gman", "lapgan", "pacgan", "ppgn"}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty grey pictures in a folder with a subfolder's worth of names."""
    folder = tmp_path_factory.mktemp("data") / "photos"
    folder.mkdir()
    for i in range(20):
        pixels = np.random.default_rng(i).integers(60, 250, (4, 4), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"photo, {i:02d}.png")
    return folder


@pytest.fixture(scope="module")
def run(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tiny(LINEAR % photos, "run.steps=2", "run.batch_size=4"), tmp_path_factory.mktemp("runs"))


def expected(run: Run, x: Tensor) -> Tensor:
    """Return w x + c of the linear discriminator."""
    weights = checkpoint.read(run.latest).tensors["model"]
    return x.flatten(1) @ weights["D.head.weight"][0] + weights["D.head.bias"]


def pictures(folder: Path) -> Tensor:
    files = sorted(folder.glob("*.png"))
    return normalised({"x": torch.stack([torch.from_numpy(np.array(Image.open(f)))[None] for f in files])})["x"]


def rows(text: str) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(text))]


def test_a_linear_discriminator_by_hand(run: Run, photos: Path) -> None:
    result = ganzoo("score", str(run.folder), "--input", str(photos))
    assert result.exit_code == 0, result.output
    table = rows(result.stdout)
    assert [row["name"] for row in table] == [f"photo, {i:02d}.png" for i in range(20)]
    values = torch.tensor([float(row["score"]) for row in table])
    torch.testing.assert_close(values, expected(run, pictures(photos)), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(run.load().score(pictures(photos)), values, atol=1e-6, rtol=1e-6)


def test_json_csv_one_picture_arrays_and_the_data_of_the_run_agree(run: Run, photos: Path, tmp_path: Path) -> None:
    scores = expected(run, pictures(photos)).tolist()
    np.savez(tmp_path / "photos.npz", images=np.stack([np.array(Image.open(f)) for f in sorted(photos.glob("*.png"))]))
    for place, names in (
        (photos, [f"photo, {i:02d}.png" for i in range(20)]),
        (tmp_path / "photos.npz", [str(i) for i in range(20)]),
        ("folder", [f"photo, {i:02d}.png" for i in range(20)]),
        (photos / "photo, 00.png", ["photo, 00.png"]),
    ):
        printed = json.loads(ganzoo("score", str(run.folder), "--input", str(place), "--json").stdout)
        assert [row["name"] for row in printed] == names
        assert [row["score"] for row in printed] == pytest.approx(scores[: len(names)], abs=1e-5)
    out = tmp_path / "scores.csv"
    assert ganzoo("score", str(run.folder), "--input", str(photos), "--out", str(out)).exit_code == 0
    assert [float(row["score"]) for row in rows(out.read_text())] == pytest.approx(scores, abs=1e-5)
    refused = ganzoo("score", str(run.folder), "--input", str(photos), "--out", str(out))
    assert refused.exit_code == 2 and "exists already" in refused.stderr


def test_samples_are_read_and_scored_in_parts(run: Run, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, sizes = run.load(), []
    monkeypatch.setattr(model, "chunk", lambda n: 3 if n == 20 else 2)
    score = model.procedure.score
    monkeypatch.setattr(model.procedure, "score", lambda x, y=None: (sizes.append(len(x)), score(x, y))[1])
    with scoring.opened(str(photos), model, PLUGINS.zoo) as dataset:
        found = scoring.scores(model, dataset)
        first = next(found)
        assert sizes == [2, 1] and "_images" not in vars(dataset)  # decoded one at a time
        scored = [first, *found]
    assert [row.score for row in scored] == pytest.approx(expected(run, pictures(photos)).tolist(), abs=1e-5)


def test_what_cannot_be_scored_is_refused_in_one_line(run: Run, photos: Path, tmp_path: Path) -> None:
    shared = export.export(run.folder, tmp_path / "shared").folder
    (tmp_path / "data.npz").write_bytes(b"")
    for arguments, told in (
        ([str(shared), "--input", str(photos)], "there is no discriminator to score samples with"),
        ([str(run.folder), "--input", "fotos"], "'fotos' is no folder and no file"),
        (
            [str(run.folder), "--input", "ring"],
            "its samples have the shape (2,), and this GAN was trained on (1,",
        ),
        ([str(run.folder), "--input", str(photos), "--out", "scores.txt"], "end it in .csv or .json"),
    ):
        result = ganzoo("score", *arguments)
        assert result.exit_code == 2, result.output
        assert told in result.stderr.replace("\n", " ")


class Judge(Discriminator):
    """A map of two patches: the label and the mean."""

    conditional = True

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return x

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        assert y is not None
        return torch.stack([y.float(), self.weight * x.mean(1)], 1)[:, None, None]  # (N, 1, 1, 2)


class Judging(Procedure):
    def __init__(self, *judges: Discriminator):
        super().__init__()
        self.D = nn.ModuleList(judges)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [self.D]}

    def step(self, data, t):  # type: ignore[no-untyped-def]
        yield {}

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return torch.zeros(n, 2)


class Distance(Judging):
    """A score of its own."""

    def score(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return -x.norm(dim=1)


class Labelled(torch.utils.data.Dataset[Batch]):
    """Four points of the classes b and a, in this order."""

    spec, class_names, in_memory = Spec((2,), classes=2), ("b", "a"), False

    def __len__(self) -> int:
        return 4

    def __getitem__(self, i: int) -> Batch:
        return {"x": torch.zeros(2), "y": torch.tensor(i % 2)}

    def example_name(self, i: int) -> str:
        return str(i)


def model(procedure: Procedure) -> Model:
    return Model(procedure.eval(), Spec((2,), classes=3), ["a", "x", "b"])


def test_labels_are_those_of_the_data_by_name_or_given() -> None:
    """A map of patches is averaged: (label + 0) / 2."""
    judging = model(Judging(Judge()))
    by_data = [row.score for row in scoring.scores(judging, Labelled())]  # type: ignore[arg-type]
    assert by_data == [1.0, 0.0, 1.0, 0.0]
    given = [row.score for row in scoring.scores(judging, Labelled(), "x")]  # type: ignore[arg-type]
    assert given == [0.5] * 4
    with pytest.raises(IncompatibleError, match="under their labels: give them"):
        judging.score(torch.zeros(2, 2))


def test_a_procedure_defines_its_own_score_and_others_are_refused() -> None:
    x = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    assert model(Distance(Judge())).score(x).tolist() == [-5.0, 0.0]
    with pytest.raises(IncompatibleError, match="2 discriminators, and a sample is scored by one"):
        model(Judging(Judge(), Judge())).score(x, 0)
    with pytest.raises(GanzooError, match=r"samples have shape \(3,\), and this GAN knows \(2,\)"):
        model(Distance(Judge())).score(torch.zeros(2, 3))


@pytest.mark.parametrize("entry", PROCEDURES, ids=lambda entry: entry.full_name)
def test_every_procedure_scores_its_samples_or_says_why_not(entry: Entry) -> None:
    example = example_of(entry)
    judging = Model(example.procedure().eval(), example.spec, [])
    dtype = torch.long if example.spec.vocab else torch.float32
    try:
        scores = judging.score(torch.zeros(3, *example.spec.shape, dtype=dtype), 0)
    except GanzooError as refused:
        assert entry.name in REFUSING, refused.message
        assert "\n" not in refused.message
        return
    assert scores.shape == (3,) and scores.isfinite().all() and entry.name not in REFUSING
