"""Your own pictures in two folders that do not belong together: inputs, and what outputs should look like."""

from __future__ import annotations

from pathlib import Path

from pydantic import PositiveInt

from ganzoo import Batch, DataError, Spec, Unpaired
from ganzoo_builtins.datasets.folder import Folder
from ganzoo_builtins.datasets.image_decoder import Fit
from ganzoo_builtins.datasets.paths import find_path


class UnpairedFolders(Unpaired):
    """Pictures of two folders, such as a/ and b/, in any number each, as for translation without pairs.

    a: inputs, and b: samples, uint8 (N, channels, size, size) each, read as by `folder`. Any two datasets can be joined
    by a second table [dataset_a], for the inputs.

    Args:
        path: The folder that contains both, relative to the current folder or to the data root.
        size: Side of the square that every image is brought to, or [height, width].
        channels: 3 for colour, 1 for grey; or as for `folder`.
        fit: "crop" cuts out the centre, "pad" adds white, "resize" changes the aspect ratio.
        input_size: Size of the inputs; by default that of the samples.
        input_channels: Channels of the inputs; by default those of the samples.
        folders: Names of the folders of inputs and of samples, such as ["trainA", "trainB"].
    """

    def __init__(
        self,
        path: str,
        size: PositiveInt | tuple[PositiveInt, PositiveInt] = 256,
        channels: PositiveInt = 3,
        fit: Fit = "crop",
        input_size: PositiveInt | tuple[PositiveInt, PositiveInt] | None = None,
        input_channels: PositiveInt | None = None,
        folders: tuple[str, str] = ("a", "b"),
    ):
        self.path = path
        self.folders = folders
        a, b = (str(Path(path) / folder) for folder in folders)
        inputs = Folder(a, input_size or size, input_channels or channels, fit)
        samples = Folder(b, size, channels, fit)
        self.shapes = inputs.decode.shape, samples.decode.shape
        super().__init__(inputs, samples)

    @property
    def spec(self) -> Spec:  # type: ignore[override]  # known without the folders
        return Spec(self.shapes[1], source_shape=self.shapes[0])

    def __len__(self) -> int:
        self._need_folders()
        return super().__len__()

    def tensors(self) -> Batch | None:
        self._need_folders()
        return super().tensors()

    def fingerprint(self) -> str:
        self._need_folders()
        return super().fingerprint()

    def _need_folders(self) -> None:
        root = find_path(self.path, "folder")
        for folder in self.folders:
            if not (root / folder).is_dir():
                inputs, samples = self.folders
                raise DataError(
                    f"{root} has no folder {folder!r}. Put the inputs into {inputs}/ and the samples into {samples}/, "
                    'or set folders to their names, such as ["trainA", "trainB"].'
                )
