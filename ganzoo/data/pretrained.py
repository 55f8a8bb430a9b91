"""Frozen networks with published weights: a safetensors file that is named with its SHA-256, and never unpickled."""

from __future__ import annotations

import hashlib
import http.client
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from ganzoo.data.download import download
from ganzoo.data.sources import data_root, with_home
from ganzoo.errors import DataError, IncompatibleError, SetupError, one_line
from ganzoo.utils import git_lfs

FOLDER = "pretrained"  # below the data root
LARGEST = 2**34  # bytes of a file
DIGEST = re.compile(r"[0-9a-f]{64}")


class Pretrained(nn.Module):
    """A frozen network with published weights, such as a classifier whose features a discriminator judges.

    No player trains it, it stays in evaluation mode, and gradients flow through it to its input. Its weights are read
    when it is first called, not when it is built, so that loading a shared model reads and downloads nothing for a
    discriminator. They are in no checkpoint: a resumed run reads them again, by the same digest.

    Args:
        network: The network that the weights are for.
        weights: A safetensors file: a path, absolute or below `data_root()`, or an https address, from which it is
            downloaded once. An empty string keeps the initial weights, which are then saved in checkpoints.
        sha256: SHA-256 of the file, 64 hexadecimal digits. Tensors in it that the network lacks, such as those of a
            last layer that was left out, are ignored.

    Raises:
        IncompatibleError: `weights` are named without a digest.
    """

    def __init__(self, network: nn.Module, weights: str = "", sha256: str = ""):
        super().__init__()
        if weights and not DIGEST.fullmatch(sha256):
            raise IncompatibleError(
                f"weights {one_line(weights)} need their SHA-256, 64 hexadecimal digits, not {one_line(sha256)!r}: "
                "give the digest that their publisher states, or that `sha256sum FILE` prints."
            )
        _fix(network)
        self.weights = weights
        self.sha256 = sha256
        self.is_loaded = not weights
        self.hidden: tuple[nn.Module, ...] = ()  # in a tuple, so that its weights are in no state_dict()
        if weights:
            self.hidden = (network.eval(),)
        else:
            self.network = network.eval()

    def forward(self, *args: Any) -> Any:
        """Call the network, whose weights are read at the first call.

        Args:
            *args: Arguments of the network.

        Returns:
            What it returns.

        Raises:
            DataError: The file is missing, is not the one with this digest, or holds other tensors.
        """
        network = self.hidden[0] if self.hidden else self.network
        if not self.is_loaded and not any(tensor.is_meta for tensor in network.state_dict().values()):
            self._load(network)
            self.is_loaded = True
        return network(*args)

    def train(self, mode: bool = True) -> Pretrained:
        """Leave the network in evaluation mode."""
        super().train(mode)
        for child in self.children():
            child.eval()
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        """Move the network as well when the module is moved to a device."""
        for network in self.hidden:
            network._apply(fn, recurse)
        return super()._apply(fn, recurse)  # type: ignore[no-untyped-call]

    def _load(self, network: nn.Module) -> None:
        tensors = read_weights(self.weights, self.sha256)
        try:
            missing = network.load_state_dict(tensors, strict=False).missing_keys
            problem = f"it has no {missing[0]}" if missing else ""
        except RuntimeError as error:  # other shapes
            problem = one_line(" ".join(str(error).split()), 300)
        if problem:
            raise DataError(
                f"{one_line(self.weights)} holds the weights of another network: {problem}. Name the network that they "
                "are for."
            )


def _fix(network: nn.Module) -> None:
    """Make buffers of all parameters, under the same names: nobody trains them."""
    for module in network.modules():
        for name, parameter in [*module._parameters.items()]:
            if parameter is not None:
                del module._parameters[name]
                module.register_buffer(name, parameter.detach())


def read_weights(weights: str, sha256: str) -> dict[str, Tensor]:
    """Read a safetensors file after comparing its digest.

    Args:
        weights: Path, absolute or below `data_root()`, or an https address.
        sha256: SHA-256 of the file.

    Returns:
        Tensors by name.

    Raises:
        DataError: The file is missing, too large, not the one with this digest, or no safetensors file.
        SetupError: The file cannot be written.
    """
    path = _downloaded(weights, sha256) if "://" in weights else data_root() / with_home(weights)
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path} is larger than {LARGEST:,} bytes: name a smaller file of weights.")
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"weights {path} cannot be read: {error.strerror or error}. Put the file there.") from error
    if git_lfs.is_pointer(content):
        raise DataError(f"weights {path} cannot be read: {git_lfs.REMEDY}.")
    if (actual := hashlib.sha256(content).hexdigest()) != sha256:
        raise DataError(
            f"{path} is not opened: its SHA-256 is {actual}, not {sha256}. Put the right file there, or give its "
            "digest."
        )
    try:
        return safetensors.torch.load(content)
    except SafetensorError as error:
        raise DataError(
            f"{path} is no safetensors file: {error}. Convert other formats by `safetensors.torch.save_file()`."
        ) from error


def _downloaded(address: str, sha256: str) -> Path:
    """Return the file of an address, downloaded unless it has been; only a file with the digest gets its name."""
    if not address.startswith("https://"):
        raise DataError(f"{one_line(address)}: weights are downloaded by https only. Name such an address, or a file.")
    path = data_root() / FOLDER / f"{sha256}.safetensors"
    if path.exists():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            partial = Path(folder, path.name)  # one of this process alone
            download(address, partial, lambda done, total: None)
            with partial.open("rb") as file:
                actual = hashlib.file_digest(file, "sha256").hexdigest()
            if actual != sha256:
                raise DataError(
                    f"{one_line(address)} is not used: its SHA-256 is {actual}, not {sha256}. Name the right file, or "
                    "give its digest."
                )
            partial.replace(path)
    except (http.client.HTTPException, ValueError) as error:
        raise DataError(f"{one_line(address)} could not be downloaded: {one_line(str(error))}. Name a file.") from error
    except OSError as error:
        raise SetupError(
            f"{one_line(address)} could not be downloaded to {path.parent}: {one_line(str(error))}. Put the file at "
            f"{path}."
        ) from error
    return path
