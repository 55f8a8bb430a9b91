"""Your own pictures in Parquet files, as Hugging Face and others write them, read by pyarrow."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from ganzoo import DataError, SetupError
from ganzoo_builtins.datasets.columns import choose_image, choose_label, class_labels
from ganzoo_builtins.datasets.image_decoder import Bits, Fit
from ganzoo_builtins.datasets.paths import find_files
from ganzoo_builtins.datasets.pictures import Pictures, decoder

CACHED = 2**28  # bytes of encoded pictures that one process keeps


class Parquet(Pictures):
    """Pictures in a column of Parquet files: the bytes of image files, or a struct that has them as "bytes".

    x: uint8 (N, channels, H, W), or float32 with depth = "full"; y: int64 (N,). Files are read in the order of their
    names. Pictures are decoded like those of `folder`. A whole row group is read for each picture, unless it was read
    shortly before: files of many pictures are read fastest with row groups of about 100 rows.

    Args:
        path: A .parquet file, or a folder of them, relative to the current folder or to the data root.
        size: Side of the square that every image is brought to, or [height, width].
        channels: 3 for colour, 1 for grey; or as for `folder`.
        fit: "crop" cuts out the centre, "pad" adds background, "resize" changes the aspect ratio.
        background: A colour, by name or as [red, green, blue]; also used for transparent pixels.
        max_megapixels: Larger images are refused, and not decoded.
        max_value: The number that is white; see `folder`.
        depth: "8" for what a viewer shows, "full" for the numbers of the files; see `folder`.
        min_value: The number that is black, with depth = "full"; by default 0.
        image: Name of the column of pictures; by default the only one.
        label: Name of the column of classes, integers from 0 or texts; by default one called label, labels, class or
            target, if there is one; "none" leaves labels out.
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
        cache: bool = False,
    ):
        super().__init__(
            decoder("parquet", size, channels, fit, background, depth, min_value, max_value, max_megapixels),
            cache,
        )
        self.path = path
        self.image = image
        self.label = label
        self._groups: OrderedDict[tuple[int, int], Sequence[Any]] = OrderedDict()
        self._owner = 0

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_groups": OrderedDict()}

    @cached_property
    def files(self) -> list[Path]:
        """The files. Reading this raises DataError when there are none."""
        return find_files(self.path, (".parquet",))

    @cached_property
    def class_names(self) -> tuple[str, ...]:  # type: ignore[override]  # known once the files are opened
        return self._classes[1]

    def __len__(self) -> int:
        return int(self._starts[-1])

    def all_labels(self) -> Tensor | None:
        return self._classes[0]

    def example_name(self, i: int) -> str:
        file, _, _ = self._places[self._group_of(i)]
        return f"{self.files[file].name}, row {i - self._first_rows[file]}"

    def source(self, i: int) -> bytes:
        group = self._group_of(i)
        value = self._pictures(group)[i - int(self._starts[group])].as_py()
        data = value.get("bytes") if isinstance(value, dict) else value
        if not data:
            raise DataError(f"{self.example_name(i)}: {self._columns[0]!r} holds no picture. Leave such rows out.")
        return bytes(data)

    def stamps(self) -> Iterator[str]:
        for file, rows in zip(self.files, self._first_rows, strict=True):
            yield f"{file.name}\0{file.stat().st_size}\0{rows}"
        yield str(self._columns)

    def _group_of(self, i: int) -> int:
        """Return the index of the row group that has example i."""
        return int(np.searchsorted(self._starts, i, side="right")) - 1

    def _pictures(self, group: int) -> Sequence[Any]:
        """Return the column of pictures of a row group, read unless it was read shortly before."""
        if self._owner != os.getpid():
            self._groups.clear()
            self._owner = os.getpid()
        file, index, size = self._places[group]
        if (file, index) not in self._groups:
            most = max(1, CACHED // max(1, size))
            while len(self._groups) >= most:
                self._groups.popitem(last=False)
            try:
                with _open(self.files[file]) as opened:
                    table = opened.read_row_group(index, columns=[self._columns[0]], use_threads=False)
            except (OSError, ValueError) as error:
                raise _damaged(self.files[file], error) from error
            self._groups[file, index] = table.column(0).combine_chunks()
        self._groups.move_to_end((file, index))
        return self._groups[file, index]

    @cached_property
    def _metadata(self) -> list[Any]:
        """The metadata of each file, and its schema."""
        found = []
        for file in self.files:
            try:
                with _open(file) as opened:
                    found.append((opened.metadata, opened.schema_arrow))
            except (OSError, ValueError) as error:
                raise _damaged(file, error) from error
            if found[-1][1].names != found[0][1].names:
                raise DataError(f"{file} has other columns than {self.files[0]}. Set path to files of one kind.")
        return found

    @cached_property
    def _places(self) -> list[tuple[int, int, int]]:
        """File, index and bytes of each row group."""
        return [
            (file, group, metadata.row_group(group).total_byte_size)
            for file, (metadata, _) in enumerate(self._metadata)
            for group in range(metadata.num_row_groups)
        ]

    @cached_property
    def _starts(self) -> np.ndarray:
        """The first example of each row group, and the number of all of them."""
        rows = [self._metadata[file][0].row_group(group).num_rows for file, group, _ in self._places]
        return np.cumsum([0, *rows])

    @cached_property
    def _first_rows(self) -> list[int]:
        """The first example of each file."""
        rows = [metadata.num_rows for metadata, _ in self._metadata]
        return [0, *np.cumsum(rows).tolist()][:-1]

    @cached_property
    def _columns(self) -> tuple[str, str]:
        """Names of the columns of pictures and of labels, "" for none."""
        schema = self._metadata[0][1]
        pictures = [field.name for field in schema if _may_hold_pictures(field.type)]
        place = str(self.files[0])
        image = choose_image(self.image, pictures, schema.names, place)
        return image, choose_label(self.label, schema.names, place)

    @cached_property
    def _classes(self) -> tuple[Tensor | None, tuple[str, ...]]:
        """The labels and the names of the classes."""
        _, column = self._columns
        if not column:
            return None, ()
        parts = []
        for file in self.files:
            with _open(file) as opened:
                parts.append(opened.read(columns=[column], use_threads=False).column(0).to_numpy())
        return class_labels(np.concatenate(parts), _names(self._metadata[0][1], column), column, self.files[0])


def _open(file: Path) -> Any:
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise SetupError("dataset parquet needs pyarrow: pip install 'ganzoo-torch[parquet]'") from None
    return ParquetFile(file, memory_map=True, pre_buffer=False)


def _damaged(file: Path, error: Exception) -> DataError:
    reason = str(error).partition("\n")[0].rstrip(".")
    return DataError(f"{file} cannot be read: {reason}. Copy it again, or leave it out.")


def _may_hold_pictures(kind: Any) -> bool:
    """Tell whether a column holds bytes, or structs with a field "bytes"."""
    from pyarrow import types

    if types.is_struct(kind):
        return any(field.name == "bytes" and _may_hold_pictures(field.type) for field in kind)
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind))


def _names(schema: Any, column: str) -> tuple[str, ...]:
    """Return the names of classes that Hugging Face writes into a file, or nothing."""
    try:
        described = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        names = described["info"]["features"][column]["names"]
    except (ValueError, KeyError, TypeError):
        return ()
    good = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return tuple(names) if good else ()
