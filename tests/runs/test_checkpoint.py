"""Checkpoints are written whole or not at all, and damage is found and named before anything is used."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from torch import nn

from ganzoo.cli import cli
from ganzoo.errors import RunError
from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint import Checkpoint, read, write
from ganzoo.runs.retention import latest
from ganzoo.sampling.run import Run
from ganzoo.utils import atomic, regular
from helpers.support import tiny, train


def some(value: float = 1.0) -> Checkpoint:
    return Checkpoint(
        {"model": {"w": torch.full((3, 2), value), "n": torch.tensor(7)}, "ema": {"w": torch.zeros(2)}},
        {"state": {"step": 5, "words": ["a", None, 1.5]}},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint at step 5."""
    return write(tmp_path / "checkpoints", 5, some(), keep=3)


def test_what_is_written_is_read_back(folder: Path) -> None:
    found = read(folder)
    assert found.states == some().states
    assert found.tensors.keys() == some().tensors.keys()
    for part, tensors in some().tensors.items():
        assert all(torch.equal(found.tensors[part][name], tensor) for name, tensor in tensors.items())
        assert all(found.tensors[part][name].dtype == tensor.dtype for name, tensor in tensors.items())


def test_a_checkpoint_is_safetensors_and_json_alone(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {
        "model.safetensors",
        "ema.safetensors",
        "state.json",
        "manifest.json",
    }


def test_tied_weights_survive(tmp_path: Path) -> None:
    tied = nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.Linear(3, 3)})
    tied["b"].weight = tied["a"].weight
    folder = write(tmp_path, 1, Checkpoint({"model": tied.state_dict()}), keep=2)
    again = nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.Linear(3, 3)})
    again["b"].weight = again["a"].weight
    again.load_state_dict(read(folder).tensors["model"])
    assert all(torch.equal(tensor, tied.state_dict()[name]) for name, tensor in again.state_dict().items())


def test_a_view_is_stored_as_itself(tmp_path: Path) -> None:
    """Neither the memory behind a slice nor its strides."""
    columns = torch.arange(12.0).view(3, 4).T
    folder = write(tmp_path, 1, Checkpoint({"model": {"w": columns[1:3]}}), keep=2)
    assert torch.equal(read(folder).tensors["model"]["w"], columns[1:3])


def test_as_many_as_asked_for_are_kept(tmp_path: Path) -> None:
    for step in (5, 10, 15, 20):
        write(tmp_path, step, some(), keep=2)
    assert sorted(path.name for path in tmp_path.glob("step-*")) == ["step-00000015", "step-00000020"]
    assert latest(tmp_path).name == "step-00000020"


def test_the_newest_is_kept_after_a_hundred_million_steps(tmp_path: Path) -> None:
    for step in (99_999_990, 99_999_999, 100_000_008):
        write(tmp_path, step, some(), keep=2)
    (tmp_path / "latest").unlink()
    assert latest(tmp_path).name == "step-100000008"
    assert {path.name for path in tmp_path.glob("step-*")} == {"step-99999999", "step-100000008"}


def test_a_folder_of_somebody_elses_is_left_alone(folder: Path) -> None:
    mine = Path(shutil.copytree(folder, folder.parent / "step-00000005-the-best"))
    for step in (6, 7, 8):
        write(folder.parent, step, some(), keep=2)
    assert sorted(path.name for path in folder.parent.glob("step-*")) == [mine.name, "step-00000007", "step-00000008"]
    (folder.parent / "latest").unlink()
    assert latest(folder.parent).name == "step-00000008"


def test_writing_a_step_again_replaces_it(tmp_path: Path) -> None:
    write(tmp_path, 5, some(1.0), keep=2)
    folder = write(tmp_path, 5, some(2.0), keep=2)
    assert read(folder).tensors["model"]["w"][0, 0] == 2


def test_leftovers_are_cleared_away(folder: Path) -> None:
    checkpoints = folder.parent
    (checkpoints / ".partial-step-00000009").mkdir()
    (checkpoints / ".partial-step-00000009" / "model.safetensors").write_bytes(b"half")
    write(checkpoints, 10, some(), keep=3)
    assert not list(checkpoints.glob(".partial-*"))


class Disk:
    """Lets so many operations pass and fails the next one, as a full disk or a power cut does."""

    def __init__(self, allowed: int):
        self.left = allowed

    def fails_in(self, call: Callable) -> Callable:  # type: ignore[type-arg]
        def guarded(*args: object, **more: object) -> object:
            self.left -= 1
            if self.left < 0:
                raise OSError(28, "No space left on device")
            return call(*args, **more)

        return guarded


def fails_to_write(checkpoints: Path, allowed: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Write step 10 on a disk that fails after so many operations."""
    disk = Disk(allowed)
    with monkeypatch.context() as broken:
        broken.setattr(atomic, "write_synced", disk.fails_in(atomic.write_synced))
        broken.setattr(atomic, "sync_folder", disk.fails_in(atomic.sync_folder))
        for operation in ("mkdir", "rename", "replace", "iterdir"):
            broken.setattr(Path, operation, disk.fails_in(getattr(Path, operation)))
        try:
            write(checkpoints, 10, some(2.0), keep=2)
        except OSError:
            return True
    return False


def test_a_failure_at_any_point_leaves_the_last_checkpoint(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints, points = folder.parent, 0
    while fails_to_write(checkpoints, points, monkeypatch):
        there = latest(checkpoints)
        assert read(there).tensors["model"]["w"][0, 0] == (1 if there == folder else 2)
        assert there == folder or points >= 10  # the last thing to fail is syncing the pointer's folder
        points += 1
    assert points >= 10  # two folders, three files, a manifest, two folders synced, two renames, the pointer, ...
    assert read(latest(checkpoints)).tensors["model"]["w"][0, 0] == 2
    assert not list(checkpoints.glob(".partial-*"))


def damage(folder: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    (folder / name).write_bytes(change((folder / name).read_bytes()))


FILES = ["model.safetensors", "ema.safetensors", "state.json", "manifest.json"]


@pytest.mark.parametrize("name", FILES[:3])
@pytest.mark.parametrize("where", [0.0, 0.3, 0.6, 0.999])
def test_a_flipped_byte_is_found(name: str, where: float, folder: Path) -> None:
    def flip(content: bytes) -> bytes:
        changed = bytearray(content)
        changed[int(where * len(content))] ^= 0x40
        return bytes(changed)

    damage(folder, name, flip)
    with pytest.raises(RunError, match=rf"{name}: damaged"):
        read(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_pointer_of_git_lfs_is_named(name: str, folder: Path) -> None:
    damage(folder, name, lambda content: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(RunError, match=rf"{name}: it is a pointer of Git LFS.*`git lfs pull`"):
        read(folder)


@pytest.mark.parametrize("tenth", range(10))
@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_found(name: str, tenth: int, folder: Path) -> None:
    damage(folder, name, lambda content: content[: len(content) * tenth // 10])
    with pytest.raises(RunError, match=name):
        read(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(RunError, match=rf"{name}: No such file"):
        read(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_folder_in_the_place_of_a_file_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(RunError, match=rf"{name}: It is a folder"):
        read(folder)


def test_two_files_that_changed_places_are_found(tmp_path: Path) -> None:
    """Of the same size and with the same names in them, as weights and their averages are."""
    folder = write(tmp_path, 1, Checkpoint({"model": {"w": torch.zeros(3)}, "ema": {"w": torch.ones(3)}}), keep=2)
    (folder / "model.safetensors").rename(folder / "other")
    (folder / "ema.safetensors").rename(folder / "model.safetensors")
    (folder / "other").rename(folder / "ema.safetensors")
    with pytest.raises(RunError, match=r"\.safetensors: damaged"):
        read(folder)


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"format": 2, "files": {}}',
        b'{"format": 1}',
        b'{"format": 1, "files": null}',
        b'{"format": 1, "files": ["model.safetensors"]}',
        b'{"format": 1, "files": {"..": {}}}',
        b'{"format": 1, "files": {"": {}}}',
        b'{"format": 1, "files": {"model.safetensors": null}}',
        b"[" * 100_000,
    ],
)
def test_a_junk_manifest_is_refused(junk: bytes, folder: Path) -> None:
    (folder / "manifest.json").write_bytes(junk)
    with pytest.raises(RunError, match="step-00000005") as caught:
        read(folder)
    assert caught.value.exit_code == 5


def test_a_manifest_reaches_no_file_outside_its_folder(folder: Path) -> None:
    outside = folder.parent / "outside.json"
    outside.write_text("{}")
    files = {"../outside.json": checkpoint._describe(outside.read_bytes())}
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "files": files}))
    with pytest.raises(RunError, match=r"step-00000005/outside\.json: No such file"):
        read(folder)


def test_what_is_no_safetensors_file_is_refused_though_its_digest_fits(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"not tensors")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["model.safetensors"] = checkpoint._describe(b"not tensors")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match=r"model\.safetensors: not a safetensors file"):
        read(folder)


def test_without_a_pointer_the_newest_complete_one_is_taken(folder: Path) -> None:
    newer = write(folder.parent, 10, some(), keep=3)
    (folder.parent / "latest").unlink()
    assert latest(folder.parent) == newer


@pytest.mark.parametrize("pointer", [b"", b"step-00000099", b"../elsewhere", b"\xff\xfe", b"step\x00"])
def test_a_pointer_that_leads_nowhere_is_passed_over(pointer: bytes, folder: Path) -> None:
    (folder.parent / "latest").write_bytes(pointer)
    assert latest(folder.parent) == folder


def replace_by_folder(manifest: Path) -> None:
    manifest.unlink()
    manifest.mkdir()


def replace_by_link(manifest: Path) -> None:
    manifest.unlink()
    manifest.symlink_to("/dev/zero")


def test_the_rows_before_it_are_on_disk_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power failure must not cost rows that a resumed run does not write again."""
    (folder.parents[1] / "metrics.jsonl").write_text('{"step": 10}\n')
    synced: list[Path] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(Path(f"/proc/self/fd/{descriptor}").readlink()))
    write(folder.parent, 10, some(), keep=3)
    assert synced[0] == folder.parents[1] / "metrics.jsonl" and len(synced) > 1


@pytest.mark.parametrize("pointed", [True, False])
@pytest.mark.parametrize("spoil", [Path.unlink, replace_by_folder, replace_by_link])
def test_a_newest_one_without_a_manifest_is_damaged(spoil: Callable[[Path], None], pointed: bool, folder: Path) -> None:
    newer = write(folder.parent, 10, some(), keep=3)
    if not pointed:
        (folder.parent / "latest").unlink()
    spoil(newer / "manifest.json")
    with pytest.raises(RunError, match=rf"step-00000010: damaged, its manifest.json is missing. .* name {folder}\."):
        latest(folder.parent)


def test_the_pointer_is_believed_when_a_newer_one_was_not_finished(folder: Path) -> None:
    """Renamed, but the process ended before it became the latest."""
    shutil.copytree(folder, folder.parent / "step-00000010")
    assert latest(folder.parent) == folder


def test_no_checkpoint_at_all_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no checkpoint yet\. Start again with `ganzoo run`"):
        latest(tmp_path / "checkpoints")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tiny("", "run.steps=4"), tmp_path_factory.mktemp("runs"))


def with_manifest_of(folder: Path, missing: str) -> None:
    """The manifest of a checkpoint that never had this file."""
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"][missing]
    (folder / "manifest.json").write_text(json.dumps(manifest))


def spoil_weights(folder: Path) -> None:
    damage(folder, "model.safetensors", lambda content: content[:-1])


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (spoil_weights, "model.safetensors"),
        (lambda folder: (folder / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda folder: (folder / "manifest.json").write_text("{}"), "not a checkpoint"),
        (lambda folder: with_manifest_of(folder, "state.json"), "state"),
        (lambda folder: with_manifest_of(folder, "optimizer.safetensors"), "optimizer"),
        (lambda folder: with_manifest_of(folder, "model.safetensors"), "model"),
    ],
)
def test_resuming_from_a_damaged_checkpoint_ends_with_5(
    spoil: Callable[[Path], None], named: str, trained: Run, tmp_path: Path
) -> None:
    run = Run(Path(shutil.copytree(trained.folder, tmp_path / "run")))
    spoil(run.latest)
    result = CliRunner().invoke(cli, ["resume", str(run.folder), "run.steps=6"])
    assert result.exit_code == 5, result.output
    assert named in result.stderr
    assert isinstance(result.exception, SystemExit)  # an error of ours, not a traceback


def test_a_file_that_has_grown_is_refused_unread(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gigabyte in the place of a weight costs neither memory nor time."""
    with (folder / "model.safetensors").open("ab") as file:
        file.truncate(2**30)
    open_file = regular.open_file
    monkeypatch.setattr(regular, "open_file", lambda path: 1 / 0 if path.stem == "model" else open_file(path))
    with pytest.raises(RunError, match=r"model\.safetensors: damaged"):
        read(folder)


def test_a_link_in_the_place_of_a_file_is_named(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder.parent / "elsewhere")
    (folder / "model.safetensors").symlink_to(folder.parent / "elsewhere")
    with pytest.raises(RunError, match=r"model\.safetensors: It is a link"):
        read(folder)


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    os.mkfifo(folder / "model.safetensors")
    with pytest.raises(RunError, match=r"model\.safetensors: It is a pipe or a device"):
        read(folder)


def test_what_was_read_does_not_change_with_the_file(folder: Path) -> None:
    """A mapped file that shrinks would end the process without a word."""
    found = read(folder)
    with (folder / "model.safetensors").open("r+b") as file:
        file.truncate(0)
    assert found.tensors["model"]["w"].sum() == 6


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_when_one_process_cannot_write_none_does(stage: int, folder: Path) -> None:
    """`everyone` is what several processes agree on after each stage of writing."""
    asked: list[bool] = []

    def everyone(fine: bool) -> bool:
        asked.append(fine)
        return fine and len(asked) <= stage

    with pytest.raises(OSError, match="another process could not write its part"):
        write(folder.parent, 10, some(2.0), keep=2, everyone=everyone)
    assert asked == [True] * (stage + 1)
    assert read(latest(folder.parent)).tensors["model"]["w"][0, 0] == (2 if stage == 2 else 1)
    assert not list(folder.parent.glob(".partial-*"))
