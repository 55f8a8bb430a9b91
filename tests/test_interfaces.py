"""Methods that components inherit: the prior, fingerprints, and the checks of regularizers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Batch, DataError, Dataset, Generator, IncompatibleError, Regularizer, Spec
from helpers.support import compared


class Pixels(Dataset):
    """Numbers counting up from `start`; in memory, or one at a time."""

    def __init__(self, n: int = 10, start: int = 0, streamed: bool = False):
        self.n = n
        self.start = start
        self.streamed = streamed
        self.spec = Spec((1,))
        self.read: list[int] = []

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int) -> Batch:
        self.read.append(i)
        return {"x": torch.tensor([self.start + i])}

    def tensors(self) -> Batch | None:
        return None if self.streamed else {"x": torch.arange(self.n)[:, None] + self.start}


def test_spec() -> None:
    image, points = Spec((3, 4, 5), classes=2), Spec((7,))
    assert (image.size, image.is_image, points.size, points.is_image) == (60, True, 7, False)
    assert Spec((7,)) == points != image
    with pytest.raises(AttributeError):
        points.classes = 3  # type: ignore[misc]


def test_labels_that_are_no_classes_are_refused_before_anything_is_built_for_them() -> None:
    assert Spec((1,), classes=2**20).classes == 2**20
    with pytest.raises(DataError, match=r"20,230,102 classes .* Number them from 0, e\.g\. numpy\.unique"):
        Spec((1,), classes=20_230_102)


def test_the_prior_is_standard_normal_where_the_weights_are() -> None:
    class Made(Generator):
        z_dim = 50

        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
            return z

    torch.manual_seed(0)
    z = Made().prior(1000)
    assert z.shape == (1000, 50)
    assert abs(z.mean().item()) < 0.02 and abs(z.std().item() - 1) < 0.02
    assert Made().to("meta").prior(3).is_meta


def test_a_fingerprint_changes_with_the_content_and_with_nothing_else() -> None:
    assert Pixels().fingerprint() == Pixels().fingerprint()
    assert len({Pixels().fingerprint(), Pixels(n=11).fingerprint(), Pixels(start=1).fingerprint()}) == 3


def test_a_change_anywhere_in_memory_changes_the_fingerprint() -> None:
    class Changed(Pixels):
        def tensors(self) -> Batch:
            whole = super().tensors()
            assert whole is not None
            whole["x"][777] += 1
            return whole

    assert Changed(n=1000).fingerprint() != Pixels(n=1000).fingerprint()


def test_a_streamed_fingerprint_reads_a_few_examples_over_the_whole_length() -> None:
    dataset = Pixels(n=6400, streamed=True)
    assert dataset.fingerprint() == Pixels(n=6400, streamed=True).fingerprint()
    assert dataset.read == list(range(0, 6400, 100))
    assert dataset.fingerprint() != Pixels(n=6400, start=1, streamed=True).fingerprint()


class Smooth(Regularizer):
    per_sample = True


@pytest.mark.parametrize("norm", [nn.BatchNorm1d(3), nn.BatchNorm2d(3), nn.SyncBatchNorm(3)])
def test_a_penalty_per_sample_refuses_every_batch_norm_by_name(norm: nn.Module) -> None:
    critic = nn.Sequential(nn.Linear(3, 3), nn.ModuleDict({"norm": norm}))
    with pytest.raises(IncompatibleError, match=rf"Smooth .* {type(norm).__name__} \(1\.norm\)"):
        Smooth().check(critic)


@pytest.mark.parametrize("norm", [nn.LayerNorm(3), nn.InstanceNorm2d(3), nn.GroupNorm(1, 3), nn.Identity()])
def test_other_norms_keep_samples_apart(norm: nn.Module) -> None:
    Smooth().check(nn.Sequential(norm))


def test_a_regularizer_does_nothing_unless_it_says_so() -> None:
    critic = nn.Linear(1, 1)
    before = critic.weight.item()
    plain = Regularizer()
    plain.check(nn.BatchNorm1d(3))
    plain.project(critic)
    assert plain.terms(compared(critic, torch.zeros(1, 1), torch.zeros(1, 1))) == {}
    assert (plain.every, critic.weight.item()) == (1, before)
