"""Data sets of the library `datasets` of Hugging Face: folders of images, Parquet files, saved ones, and the Hub."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from ganzoo import DataError, SetupError
from ganzoo_builtins.datasets.columns import choose_image, choose_label, class_labels
from ganzoo_builtins.datasets.image_decoder import Bits, Fit
from ganzoo_builtins.datasets.paths import find_path
from ganzoo_builtins.datasets.pictures import Pictures, decoder

HUB = "hf://"
BUILDERS = ("parquet", "imagefolder", "arrow")  # what may read files; others unpickle, or read no pictures
SAVED, SAVED_SPLITS = "state.json", "dataset_dict.json"  # files of save_to_disk()


class HuggingFace(Pictures):
    """Pictures that the library `datasets` reads. Nothing is executed: no script of a data set, no pickle.

    x: uint8 (N, channels, H, W), or float32 with depth = "full"; y: int64 (N,). Pictures are decoded like those of
    `folder`, and read from memory-mapped files. The library keeps a copy of Parquet files in its cache, HF_HOME.

    Args:
        path: A folder of images with or without metadata, a Parquet file or a folder of them, or what save_to_disk()
            wrote, relative to the current folder or to the data root; or "hf://USER/NAME" for a data set of the Hub,
            which is downloaded once.
        size: Side of the square that every image is brought to, or [height, width].
        channels: 3 for colour, 1 for grey; or as for `folder`.
        fit: "crop" cuts out the centre, "pad" adds background, "resize" changes the aspect ratio.
        background: A colour, by name or as [red, green, blue]; also used for transparent pixels.
        max_megapixels: Larger images are refused, and not decoded.
        max_value: The number that is white; see `folder`.
        depth: "8" for what a viewer shows, "full" for the numbers of the files; see `folder`.
        min_value: The number that is black, with depth = "full"; by default 0.
        image: Name of the column of pictures; by default the only one.
        label: Name of the column of classes; by default one called label, labels, class or target, if there is one;
            "none" leaves labels out.
        split: Name of the split.
        revision: Commit, tag or branch on the Hub; a commit keeps the data as they are.
        config: Name of the configuration, where there are several.
        cache: Keep decoded pictures on disk, in the cache folder, so that each is decoded once.
    """

    def __init__(
        self,
        path: str,
        size: PositiveInt | tuple[PositiveInt, PositiveInt] = 64,
        channels: PositiveInt = 3,
        fit: Fit = "crop",
        background: str | tuple[int, int, int] = "white",
        max_megapixels: PositiveInt = 64,
        max_value: PositiveFloat | None = None,
        depth: Bits = "8",
        min_value: float | None = None,
        image: str = "",
        label: str = "",
        split: str = "train",
        revision: str = "",
        config: str = "",
        cache: bool = False,
    ):
        super().__init__(
            decoder("hf", size, channels, fit, background, depth, min_value, max_value, max_megapixels), cache
        )
        self.path = path
        self.image = image
        self.label = label
        self.split = split
        self.revision = revision
        self.config = config

    @cached_property
    def class_names(self) -> tuple[str, ...]:  # type: ignore[override]  # known once the table is opened
        return self._classes[1]

    def __len__(self) -> int:
        return len(self._table)

    def all_labels(self) -> Tensor | None:
        return self._classes[0]

    def example_name(self, i: int) -> str:
        return f"{self.split}[{i}]"

    def shown(self, i: int) -> str:
        return f"{self.path}, {self.example_name(i)}"

    def source(self, i: int) -> Path | bytes:
        value = self._pictures[i][self._columns[0]] or {}
        if value.get("bytes"):
            return bytes(value["bytes"])
        if value.get("path"):
            return Path(value["path"])
        raise DataError(f"{self.shown(i)}: {self._columns[0]!r} holds no picture. Leave such rows out.")

    def stamps(self) -> Iterator[str]:
        yield f"{self._table.num_rows}\0{self._table.data.nbytes}\0{self._columns}"

    @cached_property
    def _table(self) -> Any:
        """The split, a datasets.Dataset. Reading this raises DataError when there is none."""
        place = None if self.path.startswith(HUB) else find_path(self.path, "either")
        datasets = _library()
        bars = datasets.is_progress_bar_enabled()
        datasets.disable_progress_bar()
        try:
            return self._opened(datasets, place)
        except (DataError, SetupError):
            raise
        except Exception as error:  # the library raises errors of many packages
            reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
            raise DataError(f"{self.path} cannot be opened by datasets: {reason}. {self._remedy()}") from error
        finally:
            if bars:
                datasets.enable_progress_bar()

    def _opened(self, datasets: Any, place: Path | None) -> Any:
        if place is not None and (place / SAVED).is_file():
            return datasets.load_from_disk(str(place))
        if place is not None and (place / SAVED_SPLITS).is_file():
            return self._of_splits(datasets.load_from_disk(str(place)))
        builder = self._builder(datasets, place)
        if (kind := type(builder).__module__.rpartition(".")[2]) not in BUILDERS:
            raise DataError(
                f"{self.path} is read as {kind}, and only {', '.join(BUILDERS)} are. Convert it to Parquet."
            )
        builder.download_and_prepare()
        return self._of_splits(builder.as_dataset())

    def _builder(self, datasets: Any, place: Path | None) -> Any:
        if place is not None and place.is_file():
            return datasets.load_dataset_builder("parquet", data_files={self.split: str(place)})
        name = str(place) if place is not None else self.path.removeprefix(HUB).removeprefix("datasets/")
        options = {} if place is not None or not self.revision else {"revision": self.revision}
        return datasets.load_dataset_builder(name, self.config or None, **options)

    def _of_splits(self, splits: Any) -> Any:
        if self.split not in splits:
            raise DataError(f"{self.path} has no split {self.split!r}. Set split to one of: {', '.join(splits)}.")
        return splits[self.split]

    def _remedy(self) -> str:
        if self.path.startswith(HUB):
            return "Check the name and the connection, or download the files and set path to their folder."
        return "Set path to a folder of images, to Parquet files, or to what save_to_disk() wrote."

    @cached_property
    def _columns(self) -> tuple[str, str]:
        """Names of the columns of pictures and of labels, "" for none."""
        features = self._table.features
        pictures = [name for name, feature in features.items() if isinstance(feature, _library().Image)]
        image = choose_image(self.image, pictures, [*features], self.path)
        return image, choose_label(self.label, [*features], self.path)

    @cached_property
    def _pictures(self) -> Any:
        """The column of pictures, not decoded."""
        image = self._columns[0]
        return self._table.select_columns([image]).cast_column(image, _library().Image(decode=False))

    @cached_property
    def _classes(self) -> tuple[Tensor | None, tuple[str, ...]]:
        """The labels and the names of the classes."""
        _, column = self._columns
        if not column:
            return None, ()
        values = self._table.select_columns([column]).with_format("numpy")[:][column]
        names = getattr(self._table.features[column], "names", None) or ()
        return class_labels(values, names, column, Path(self.path))


def _library() -> Any:
    """Return the library `datasets`; SetupError if it is not installed."""
    try:
        import datasets
    except ImportError:
        raise SetupError("dataset hf needs the library datasets: pip install 'ganzoo-torch[hf]'") from None
    return datasets
