"""Networks on the meta device are built without memory, random numbers, or torch's compiler; noise without it, too."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
import torch
from torch import nn

from ganzoo.errors import IncompatibleError
from ganzoo.utils.meta import meta_device

BUILD = """
import sys
import pytest
import torch
from torch import nn
from ganzoo.utils.meta import meta_device
from ganzoo.utils.rng import OwnNoise
with meta_device():
    modules = [nn.Embedding(3, 4), nn.Linear(3, 4), nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.LSTM(2, 3)]
    for fill in (nn.init.normal_, nn.init.xavier_normal_, nn.init.kaiming_normal_, nn.init.trunc_normal_):
        fill(torch.empty(3, 4))
    nn.init.normal_(tensor=torch.empty(2), std=0.02)
    torch.empty(3).normal_()
assert all(p.is_meta for m in modules for p in m.parameters())
with OwnNoise(0):
    assert torch.randn(2).isfinite().all()
print("torch._dynamo" in sys.modules)
"""


def test_the_compiler_is_not_imported() -> None:
    done = subprocess.run([sys.executable, "-c", BUILD], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_random_numbers_of_other_devices_are_as_ever() -> None:
    torch.manual_seed(0)
    expected = torch.empty(3).normal_()
    after = torch.get_rng_state()
    torch.manual_seed(0)
    with meta_device():
        nn.Embedding(3, 4)
        assert torch.equal(torch.empty(3, device="cpu").normal_(), expected)
    assert torch.equal(torch.get_rng_state(), after)


@pytest.mark.parametrize(
    ("build", "size"),
    [
        (lambda: [nn.Linear(1, 1) for _ in range(10**9)], "10,001 numbers in 10,001 tensors"),
        (
            lambda: [nn.Linear(2**i, 2**i, bias=False) for i in range(10**9)],
            "1,501,199,875,790,165 numbers in 26 tensors",
        ),
    ],
)
def test_networks_without_end_are_refused_while_they_are_built(build: Callable[[], object], size: str) -> None:
    with pytest.raises(IncompatibleError, match=size), meta_device():
        build()
    assert nn.Linear(3, 3).weight.shape == (3, 3)  # nothing is counted outside the block


def test_lazy_weights_have_no_size_yet() -> None:
    with meta_device():
        assert nn.LazyLinear(3).weight.is_meta
