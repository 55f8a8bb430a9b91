"""Trained models that travel with ganzoo: exports, each in a folder of its name."""

from __future__ import annotations

from pathlib import Path

import ganzoo


@ganzoo.hookimpl
def ganzoo_models() -> Path:
    return Path(__file__).parent
