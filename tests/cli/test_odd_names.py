"""Names of folders that are no UTF-8, as old archives have them: a run can be shown, judged and shared."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from PIL import Image

import ganzoo as package
from helpers.commands import ganzoo
from helpers.support import CONDITIONAL, tiny, train


def test_a_run_on_names_that_are_no_utf_8_is_reported_evaluated_and_exported(tmp_path: Path) -> None:
    data = tmp_path / os.fsdecode(b"ordner-\xfc")
    try:
        for name in (b"caf\xe9", b"the"):
            (data / os.fsdecode(name)).mkdir(parents=True)
            for shade in range(8):
                Image.new("L", (8, 8), 30 * shade).save(data / os.fsdecode(name) / os.fsdecode(b"\xfc%d.png" % shade))
    except OSError:
        pytest.skip("this disk has UTF-8 names only")
    settings = ["dataset.use=folder", f"dataset.path={data}", "dataset.size=8", "dataset.channels=1"]
    recipe = tiny(CONDITIONAL.replace('use = "glyphs"\nn = 200\ncharacters = "ABC"', 'use = "digits"'), *settings)
    run = train(recipe, tmp_path / "runs")
    checked = ganzoo("data", "check", "folder", f"path={data}", "--json")
    assert json.loads(checked.stdout)["classes"] == {os.fsdecode(b"caf\xe9"): 8, "the": 8}
    for command in (["report"], ["export"], ["evaluate", "-n", "4", "--extractor", "raw"], ["sample", "-n", "2"]):
        result = ganzoo(command[0], str(run.folder), *command[1:])
        assert result.exit_code == 0, (command, result.output, result.exception)
    assert "caf\\xe9" in (run.folder / "report.html").read_text(encoding="utf-8")
    assert package.load(run.folder / "export").class_names == ["caf\\xe9", "the"]
    labelled = ganzoo("sample", str(run.folder), "-n", "1", "--label", os.fsdecode(b"caf\xe9"))
    assert labelled.exit_code == 0, labelled.output
