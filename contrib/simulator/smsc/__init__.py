# SPDX-License-Identifier: BSD-2-Clause
"""An SMSC to test and show an ESME with: see README.md beside this package."""
from .commands import Commands
from .control import Background, Client, ControlError, ControlServer, Remote
from .server import LinkConfig, Smsc, SmscError
from .settings import SettingError

__all__ = ["Background", "Client", "Commands", "ControlError", "ControlServer", "LinkConfig", "Remote",
           "SettingError", "Smsc", "SmscError"]
