"""Lines of a text file as token ids."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ganzoo import DataError
from ganzoo.sampling import tokens
from ganzoo_builtins.datasets.text import Text


def written(folder: Path, content: str | bytes) -> str:
    path = folder / "lines.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def test_characters_in_the_order_of_their_frequency(tmp_path: Path) -> None:
    dataset = Text(written(tmp_path, "abba\n\n  b \r\n"), length=5)
    assert dataset.words == ("", "b", "a")
    assert dataset.tensors()["x"].tolist() == [[2, 1, 1, 2, 0], [1, 0, 0, 0, 0]]
    assert (dataset.spec.shape, dataset.spec.vocab) == ((5,), 3)


def test_words_end_at_white_space(tmp_path: Path) -> None:
    dataset = Text(written(tmp_path, "to be  or\tnot\nto be"), by="word", length=4)
    assert dataset.words == ("", "be", "to", "not", "or")
    assert tokens.lines(dataset.tensors()["x"], dataset.words) == ["to be or not", "to be"]


def test_a_long_line_goes_on_in_the_next_sample(tmp_path: Path) -> None:
    dataset = Text(written(tmp_path, "abcdefg"), length=3)
    assert tokens.lines(dataset.tensors()["x"], dataset.words) == ["abc", "def", "g"]


def test_rare_tokens_become_one(tmp_path: Path) -> None:
    dataset = Text(written(tmp_path, "aaabbcd"), length=7, vocab=4)
    assert dataset.words == ("", "a", "b", "\ufffd")
    assert dataset.tensors()["x"].tolist() == [[1, 1, 1, 2, 2, 3, 3]]
    assert Text(written(tmp_path, "aaabbcd"), length=7, vocab=5).words == ("", "a", "b", "c", "d")


def test_a_mark_at_the_beginning_is_no_character(tmp_path: Path) -> None:
    assert Text(written(tmp_path, "\ufeffa"), length=1).words == ("", "a")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"good\n\xff", "is no text in UTF-8: byte 5 is not"),
        (b"", "holds no text"),
        (b" \n\n", "holds no text"),
    ],
)
def test_a_file_that_will_not_do_is_told(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        len(Text(written(tmp_path, content)))


def test_a_file_that_is_too_large_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganzoo_builtins.datasets.text.LARGEST", 3)
    with pytest.raises(DataError, match="Split it"):
        len(Text(written(tmp_path, "four")))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no such files here")
def test_no_more_is_read_than_a_file_has(tmp_path: Path) -> None:
    """Files of /proc have the size 0; reading some of them waits for ever."""
    with pytest.raises(DataError, match="/proc/self/status holds no text"):
        Text("/proc/self/status", length=5).tensors()


def test_the_order_of_lines_counts_in_the_fingerprint(tmp_path: Path) -> None:
    one = Text(written(tmp_path, "ab\nba"), length=2).fingerprint()
    assert one != Text(written(tmp_path, "ba\nab"), length=2).fingerprint()
    assert torch.equal(Text(written(tmp_path, "ab"), length=2)[0]["x"], torch.tensor([1, 2]))
