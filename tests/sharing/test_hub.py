"""Models on the Hub: what travels, to whom, and what is refused; by a stand-in, so that nobody is asked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from click.testing import Result
from huggingface_hub import errors

import ganzoo
from ganzoo.errors import GanzooError, RunError, SetupError
from ganzoo.registry import discovery
from ganzoo.sampling.run import Run
from ganzoo.sharing import hub
from helpers.commands import ganzoo as command
from helpers.exports import sign
from helpers.hubs import Hub, answer

NAME = "ann/letters"


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """The Hub, with nothing on it; and a working folder and a cache of this test."""
    made = Hub(tmp_path / "hub")
    monkeypatch.setattr(hub, "api", lambda: made)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return made


@pytest.fixture
def pushed(there: Hub, shared: Path) -> Hub:
    hub.push(shared, NAME)
    there.asked.clear()
    return there


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def typed(*words: object) -> Result:
    return command(*map(str, words))


def test_a_dry_run_lists_the_files_and_contacts_nobody(there: Hub, shared: Path) -> None:
    result = typed("push", shared, NAME, "--dry-run")
    assert (result.exit_code, there.asked) == (0, [])
    listed = {line.split()[1]: int(line.split()[0].replace(",", "")) for line in result.stdout.splitlines()[:-1]}
    assert listed == {path.name: path.stat().st_size for path in shared.iterdir()}
    assert result.stdout.splitlines()[-1] == "would be sent to ann/letters, private; nothing was sent"


def test_exactly_the_files_of_an_export_travel(there: Hub, shared: Path) -> None:
    result = typed("push", shared, NAME, "--json")
    told = json.loads(result.stdout)
    assert told["url"] == "https://huggingface.co/ann/letters/commit/1" and told["visibility"] == "private"
    assert names(there.folder(NAME)) == {*told["files"]} == names(shared)
    asked = dict(there.asked)
    assert asked["create_repo"] == {"name": NAME, "private": True, "exist_ok": True}
    assert set(asked["upload_folder"]["allow_patterns"]) == names(shared)
    assert not any("*" in pattern for pattern in asked["upload_folder"]["allow_patterns"])


def test_a_run_is_exported_first_and_nothing_of_training_travels(there: Hub, run: Run) -> None:
    assert typed("push", run.folder, NAME).exit_code == 0
    sent = names(there.folder(NAME))
    assert {"config.json", "model.safetensors", "README.md"} <= sent and not sent & {
        "optimizer.safetensors",
        "state.json",
    }
    assert not (run.folder / "export").exists()


def test_files_of_an_earlier_export_go(pushed: Hub, shared: Path) -> None:
    (pushed.folder(NAME) / "generator.onnx").write_text("of before")
    (pushed.folder(NAME) / ".gitattributes").write_text("the Hub's")
    hub.push(shared, NAME)
    assert names(pushed.folder(NAME)) == names(shared) | {".gitattributes"}


def test_public_has_to_be_said(there: Hub, shared: Path) -> None:
    assert typed("push", shared, NAME, "--public").exit_code == 0
    assert there.private[NAME] is False
    there.asked.clear()
    result = typed("push", shared, NAME)
    assert result.exit_code == 5 and "exists already and is public. Nothing was sent; add --public" in result.stderr
    assert "upload_folder" not in dict(there.asked)


def test_a_private_one_stays_private_and_that_is_told(pushed: Hub, shared: Path) -> None:
    result = typed("push", shared, NAME, "--public")
    assert result.exit_code == 0 and pushed.private[NAME] is True
    assert "note: ann/letters exists already and stays private" in result.stderr


def test_a_branch_and_a_pull_request(pushed: Hub, shared: Path) -> None:
    assert typed("push", shared, NAME, "--revision", "small").exit_code == 0
    asked = dict(pushed.asked)
    assert asked["create_branch"] == {"name": NAME, "branch": "small", "exist_ok": True}
    assert (asked["upload_folder"]["revision"], asked["upload_folder"]["create_pr"]) == ("small", False)
    pushed.asked.clear()
    assert typed("push", shared, NAME, "--pr").stdout.endswith("/discussions/1\n")
    assert [what for what, _ in pushed.asked] == ["upload_folder"]  # somebody else's repository is not made


def test_a_folder_that_was_changed_is_not_sent(there: Hub, copy: Path) -> None:
    (copy / "samples.png").write_bytes(bytes((copy / "samples.png").stat().st_size))
    with pytest.raises(RunError, match=r"samples\.png: changed since"):
        hub.push(copy, NAME)
    (copy / "optimizer.safetensors").write_text("x")
    with pytest.raises(RunError, match=r"optimizer\.safetensors: not part of an export"):
        hub.push(copy, NAME)
    assert there.asked == []


def test_what_was_pushed_is_pulled(pushed: Hub, shared: Path) -> None:
    result = typed("pull", NAME)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "letters")
    assert names(Path("letters")) == names(shared)
    assert torch.equal(ganzoo.load("letters").sample(3, seed=0), ganzoo.load(shared).sample(3, seed=0))
    assert names(Path.cwd()) == {"letters"}
    again = typed("pull", NAME)
    assert again.exit_code == 5 and "letters exists, and is left unchanged" in again.stderr
    told = json.loads(typed("pull", NAME, "--out", "other", "--json").stdout)
    assert told["commit"] == pushed.commit(NAME) and told["folder"] == "other" and told["plugins"] == {}


@pytest.mark.parametrize("name", ["model.pkl", "modeling.py", "old/pytorch_model.bin"])
def test_a_repository_with_files_that_do_not_belong_is_refused_before_any_is_fetched(name: str, pushed: Hub) -> None:
    (pushed.folder(NAME) / "old").mkdir()
    (pushed.folder(NAME) / name).write_text("x")
    result = typed("pull", NAME)
    assert result.exit_code == 5 and f"{name}: not part of an export. {name} could run code." in " ".join(
        result.stderr.split()
    )
    assert "snapshot_download" not in dict(pushed.asked) and names(Path.cwd()) == set()


def test_what_is_no_export_is_refused(there: Hub) -> None:
    there.folder(NAME).mkdir(parents=True)
    (there.folder(NAME) / "README.md").write_text("x")
    with pytest.raises(
        RunError, match=r"not an export of ganzoo: it has no manifest\.json, config\.json, model\.safetensors"
    ):
        hub.look_up(NAME)


def test_what_arrives_otherwise_takes_no_place(pushed: Hub) -> None:
    """A digest of something that loading would not even read."""
    path = pushed.folder(NAME) / "samples.png"
    path.write_bytes(bytes(path.stat().st_size))
    result = typed("pull", NAME)
    assert result.exit_code == 5 and "samples.png: changed since" in " ".join(result.stderr.split())
    assert names(Path.cwd()) == set()


def test_a_name_is_loaded_once_for_each_commit(pushed: Hub, shared: Path, tmp_path: Path) -> None:
    wanted = ganzoo.load(shared).sample(3, seed=0)
    assert torch.equal(ganzoo.load(NAME).sample(3, seed=0), wanted)
    assert torch.equal(ganzoo.load(f"{NAME}@main").sample(3, seed=0), wanted)
    assert [what for what, _ in pushed.asked].count("snapshot_download") == 1
    assert pushed.asked[-1][1]["revision"] == "main"
    pushed.asked.clear()
    assert torch.equal(ganzoo.load(f"{NAME}@{pushed.commit(NAME)}").sample(3, seed=0), wanted)
    assert pushed.asked == []  # a commit never changes
    assert names(tmp_path / "cache/hub/ann--letters") == {pushed.commit(NAME)}


def test_a_name_is_sampled_from_and_walked_through(pushed: Hub) -> None:
    result = typed("sample", NAME, "-n", 4, "--seed", 1)
    assert (result.exit_code, result.stdout) == (0, f"{Path.cwd() / 'ann-letters-samples.png'}\n")
    assert typed("interpolate", NAME, "--rows", 2, "--steps", 3).exit_code == 0
    assert names(Path.cwd()) == {"ann-letters-samples.png", "ann-letters-interpolation.png"}


def test_an_export_is_sampled_from_and_stays_as_it_is(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copy)
    result = typed("sample", ".", "-n", 4)
    assert (result.exit_code, result.stdout) == (0, f"{copy.parent / 'points-samples.png'}\n")
    assert ganzoo.load(copy).sample(1).shape == (1, 2)


@pytest.mark.parametrize("place", ["runs/nothing", "./ann/letters", "ann", "/ann/letters", "ann/letters/step"])
def test_a_misspelt_path_asks_nobody(place: str, there: Hub) -> None:
    Path("runs").mkdir()
    with pytest.raises(RunError, match="not a run folder"):
        ganzoo.load(place)
    assert there.asked == []


def test_a_plugin_that_is_missing_is_named(pushed: Hub, shared: Path) -> None:
    place = pushed.folder(NAME)
    config = json.loads((place / "config.json").read_text())
    config["components"]["generator"]["use"] = "acme/mine"
    config["plugins"] = {"ganzoo-acme": "0.3"}
    (place / "config.json").write_text(json.dumps(config))
    sign(place)
    result = typed("pull", NAME)
    assert result.exit_code == 0
    assert "note: it needs the plugin ganzoo-acme 0.3: pip install ganzoo-acme, if you trust it" in result.stderr
    with pytest.raises(SetupError, match="pip install ganzoo-acme"):
        ganzoo.load("letters", discovery.load())


@pytest.mark.parametrize(
    ("failure", "code", "says"),
    [
        (answer(errors.RepositoryNotFoundError, 401), 5, "the Hub has no such model, or it is private and not yours"),
        (answer(errors.RevisionNotFoundError, 404), 5, "it has no such revision"),
        (answer(errors.GatedRepoError, 403), 6, "its owner decides who may read it"),
        (answer(errors.HfHubHTTPError, 401), 6, "the Hub answered 401. Log in: hf auth login"),
        (answer(errors.HfHubHTTPError, 403), 6, "the Hub answered 403. This token may not do that"),
        (answer(errors.HfHubHTTPError, 503), 6, "the Hub answered 503. Try again later"),
        (errors.LocalTokenNotFoundError("hf_secret"), 6, "the Hub requires you to log in. Log in: hf auth login"),
        (errors.OfflineModeIsEnabled("hf_secret"), 6, "HF_HUB_OFFLINE is set"),
        (errors.HFValidationError("hf_secret"), 2, "is not a name that the Hub allows"),
        (ConnectionError("hf_secret"), 6, "the Hub was not reached (ConnectionError). Check the network."),
    ],
)
@pytest.mark.parametrize("verb", ["push", "pull"])
def test_what_the_hub_answers_is_one_line_without_the_token(
    verb: str, failure: Exception, code: int, says: str, there: Hub, shared: Path
) -> None:
    there.fails = failure
    result = typed("push", shared, NAME) if verb == "push" else typed("pull", NAME)
    assert result.exit_code == code
    assert says in result.stderr and len(result.stderr.splitlines()) == 1
    assert "hf_secret" not in result.output and names(Path.cwd()) == set()


@pytest.mark.parametrize(
    "name", ["letters", "ann/letters/x", "../letters", "ann/..", "ann/letters@", "-a/b", "ann/let ters"]
)
def test_what_is_no_name_is_refused(name: str, there: Hub, shared: Path) -> None:
    with pytest.raises(GanzooError, match="is not a name on the Hub: write OWNER/NAME"):
        hub.parse_name(name)
    assert there.asked == []


def test_a_revision_of_a_push_is_an_option(shared: Path) -> None:
    assert "give the branch with --revision small" in typed("push", shared, "ann/letters@small").stderr


def test_too_little_room_is_told_before_anything_is_fetched(pushed: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 10, 0))  # type: ignore[attr-defined]
    with pytest.raises(SetupError, match="has room for 0"):
        hub.download(hub.look_up(NAME), Path("letters"))
    assert "snapshot_download" not in dict(pushed.asked)
