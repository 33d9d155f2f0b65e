"""What type checkers have to refuse: the lines that say so, and no others."""

from __future__ import annotations

from tests.typing.models import Article, Page


def misuse(article: Article, page: Page) -> None:
    print(article.changeset)  # refused: versions have it, articles have not
    print(article.versions["first"])  # refused
    print(article.versions[0].version_parent.title)  # refused: the article may be gone
    print(article.versions[0].index.title)  # refused: it is a number
    print(article.versions[0].whatever_column)  # any name may be a column's
    print(page.versions[0].title.shout())  # refused: the columns are known
    print(page.versions[0].title.upper())
