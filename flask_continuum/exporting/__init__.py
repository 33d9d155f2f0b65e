"""The history for others: messages of the feed, files, and a git repository.

Whoever calls this may see everything; secrets stay behind unless they are asked for.
"""

from __future__ import annotations

from flask_continuum.exporting.files import FORMS, export
from flask_continuum.exporting.git import export_to_git
from flask_continuum.exporting.rows import as_message

__all__ = ["FORMS", "as_message", "export", "export_to_git"]
