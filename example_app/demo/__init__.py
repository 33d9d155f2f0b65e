"""The demo data: several weeks in the life of a newsroom, told in TOML and played by ``fill``."""

from __future__ import annotations

from example_app.demo.play import fill

__all__ = ["fill"]
