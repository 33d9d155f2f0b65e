"""What can go wrong when a repository is read, in words for the person at the keyboard."""

from __future__ import annotations


class GitError(Exception):
    """A repository cannot be read; the message says why and what to do."""
