from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from flask_continuum.presenters.words import (
    ENGLISH,
    N_,
    Language,
    _,
    decimal,
    interleave,
    joined,
    ngettext,
    number,
    speaking,
    spoken,
)


class Loud(Language):
    """Says everything in capitals, and has a plural of its own for 0."""

    code = "x-loud"

    def text(self, message: str) -> str:
        return message.upper().replace("%(NAME)S", "%(name)s")

    def plural(self, one: str, many: str, number: int) -> str:
        return "no fields" if number == 0 else super().plural(one, many, number)

    def number(self, value: int) -> str:
        return f"<{value}>"

    def decimal(self, digits: str) -> str:
        return digits.replace(".", ",")


def test_english_is_what_stands_in_the_code() -> None:
    assert spoken() is ENGLISH
    assert _("Put back %(name)s", name="Body") == "Put back Body"
    assert _("100 %") == "100 %"
    assert ngettext("%(num)s field", "%(num)s fields", 1) == "1 field"
    assert ngettext("%(num)s field", "%(num)s fields", 1204) == "1,204 fields"
    assert ngettext("%(num)s %(what)s", "%(num)s %(what)s", 2, what="tags") == "2 tags"
    assert (number(1204), decimal(1.25, 1)) == ("1,204", "1.2")


def test_another_language_is_spoken_inside_a_block_only() -> None:
    later = N_("Overview")
    with speaking(Loud()):
        assert spoken().code == "x-loud"
        assert _(later) == "OVERVIEW"
        assert _("by %(name)s", name="Maya") == "BY Maya"
        assert ngettext("%(num)s field", "%(num)s fields", 0) == "no fields"
        assert ngettext("%(num)s field", "%(num)s fields", 2) == "<2> fields"
        assert decimal(1.25, 2) == "1,25"
    assert _(later) == "Overview"


def test_the_language_ends_with_an_error_too_and_is_each_threads_own() -> None:
    try:
        with speaking(Loud()), ThreadPoolExecutor(1) as pool:
            assert pool.submit(_, "Fields").result() == "Fields"
            raise LookupError
    except LookupError:
        pass
    assert _("Fields") == "Fields"


def test_words_are_joined_as_a_list() -> None:
    assert [joined([]), joined(["a"]), joined(["a", "b"]), joined(("a", "b", "c"))] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_parts_stand_where_the_translation_has_them() -> None:
    said = "%(new)s after %(old)s, 100 %(what)s"
    assert interleave(said, str, new="#2", old=("#", "1")) == (
        "#2", " after ", "#", "1", ", 100 ", "%(what)s",
    )  # fmt: skip
    assert interleave("%(one)s", str, one="x") == ("x",)
    assert interleave("nothing", str) == ("nothing",)
