# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the simulator's own tests: an SMSC in a thread, and ESMEs that end with the test."""
import pytest

from esmes import BareEsme, PerlEsme
from smsc import Background, LinkConfig


@pytest.fixture
def start():
    """start(links=[…], setting=…): an SMSC on a free port, stopped after the test."""
    running = []

    def go(links=None, **settings):
        smsc = Background(links or [LinkConfig(port=0)], **{"receipt_delay": 0.02, "retry_delay": 0.05, **settings})
        running.append(smsc)
        return smsc.start()
    yield go
    for smsc in running:
        smsc.stop()


@pytest.fixture
def perl():
    running = []

    def go(*args, **kw):
        esme = PerlEsme(*args, **kw)
        running.append(esme)
        return esme
    yield go
    for esme in running:
        esme.stop()


@pytest.fixture
def bare():
    running = []

    def go(*args, **kw):
        esme = BareEsme(*args, **kw)
        running.append(esme)
        return esme
    yield go
    for esme in running:
        esme.close()
