"""Every component keeps what its interface promises, as `ganzoo test` asks it."""

import ganzoo.testing
import pytest

CHECKS = ganzoo.testing.checks("ganzoo-bigan")


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_keeps_its_promises(check):
    check()
