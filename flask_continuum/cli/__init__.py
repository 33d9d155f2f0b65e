"""``flask history``: thin shells over functions that can be imported by the same names."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

import click
from flask.cli import AppGroup

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "log": "log",
        "show": "show",
        "diff": "diff",
        "blame": "blame",
        "as-of": "as_of",
        "revert": "revert",
        "undo": "undo",
        "feed": "feed",
        "export": "export",
        "models": "models",
        "doctor": "doctor",
        "verify": "verify",
        "baseline": "baseline",
        "prune": "prune",
        "vacuum": "vacuum",
        "erase": "erase",
        "seal": "seal",
    }
)
"""The commands in the order of the help, each with its module."""


class HistoryGroup(AppGroup):
    """The commands, each imported when it is first asked for: applications start as quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, ``None`` when there is none of that name."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = import_module(f"{__name__}.{module}").command
        return command


def create_group() -> HistoryGroup:
    """Return ``flask history``, to be added to an application's command line."""
    return HistoryGroup(
        "history",
        help="Look into the history of the application's data, and keep it in hand.",
        short_help="The history of the application's data.",
    )
