"""ganzoo test: a plugin is asked, and what it breaks is told."""

from __future__ import annotations

import json
from pathlib import Path

from helpers.commands import ganzoo, shell
from helpers.packages import install

SOURCE = """
import ganzoo

@ganzoo.hookimpl
def ganzoo_register(zoo):
    zoo.add("loss", "upside", "planted_losses:Upside", summary="The wrong way round")
"""
LOSSES = """
from ganzoo import Loss

class Upside(Loss):
    '''Real minus fake.'''

    def discriminator(self, real, fake):
        print("hello")
        return real.mean() - fake.mean()

    def generator(self, real, fake):
        return -fake.mean()
"""
SIGN = "loss planted/upside: the discriminator pushes real up and fake down"


def planted(site: Path) -> Path:
    install(site, "ganzoo-planted", SOURCE)
    (site / "planted_losses.py").write_text(LOSSES)
    return site


def test_kept_promises_are_counted() -> None:
    result = ganzoo("test", "ganzoo", "--kind", "schedule", "--only", "constant")
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines()[:2]] == [
        ["component", "kept", "broken", "not", "asked"],
        ["schedule", "ganzoo/constant", "9", "0", "1"],
    ]


def test_a_broken_promise_is_told_with_what_to_change(tmp_path: Path) -> None:
    done = shell("test", "ganzoo-planted", site=planted(tmp_path))
    assert done.returncode == 6
    assert SIGN in done.stdout
    assert "return minus a value that should be maximised." in done.stdout
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert errors == ["Error: plugin ganzoo-planted breaks 1 of 19 promises. The messages above say what to change."]
    assert "Traceback" not in done.stderr


def test_json_is_alone_on_stdout(tmp_path: Path) -> None:
    done = shell("test", "planted", "--only", "pushes real up", "--json", site=planted(tmp_path))
    assert done.returncode == 6
    told = json.loads(done.stdout)
    assert (told["kept"], told["broken"], told["not asked"]) == (0, 1, 0)
    (row,) = told["checks"]
    assert f"{row['component']}: {row['promise']}" == SIGN
    assert row["outcome"] == "broken" and "Check its sign" in row["message"]
    assert "hello" in done.stderr


def test_what_cannot_be_asked() -> None:
    for arguments, words in (
        (("ganzo",), "no plugin 'ganzo' is installed. Did you mean 'ganzoo'?"),
        (("ganzoo", "--kind", "losses"), "no kind 'losses'."),
        (("ganzoo", "--only", "nonsense"), "has no test of that kind and name"),
    ):
        result = ganzoo("test", *arguments)
        assert result.exit_code == 2
        assert words in result.stderr


def test_names_are_completed_without_torch(tmp_path: Path) -> None:
    done = shell(
        site=planted(tmp_path), _GANZOO_COMPLETE="bash_complete", COMP_WORDS="ganzoo test ganzoo-p", COMP_CWORD="2"
    )
    assert done.stdout.splitlines() == ["plain,ganzoo-planted"]
    assert done.stderr.splitlines()[-1] == "imported:"
