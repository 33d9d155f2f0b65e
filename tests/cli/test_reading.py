"""Commands that look into the history."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Shell


def test_models_are_listed_with_their_numbers(shell: Shell) -> None:
    found = {each["name"]: each for each in shell.json("models")}
    article = found["article"]
    assert (article["model"], article["live"], article["deleted"]) == ("Article", 1, 1)
    assert found["place"]["last"] is None
    lines = shell.run("models").splitlines()
    assert lines[0].split() == ["name", "model", "records", "deleted", "changes", "last", "change"]
    (line,) = (each for each in lines if each.startswith("article "))
    assert line.split()[:4] == ["article", "Article", "1", "1"]


def test_the_log_of_everything_and_of_a_model(shell: Shell) -> None:
    everything = shell.json("log")
    assert [each["reason"] for each in everything][-1] == "First draft"
    of_comments = shell.json("log", "comment")
    assert [set(each["counts"]) >= {"comment"} for each in of_comments] == [True]
    assert len(shell.json("log", "-n", "2")) == 2
    said = shell.run("log", "-n", "100")
    assert "“First draft”" in said
    assert f"#{everything[0]['transaction']}  " in said


def test_the_log_of_a_record_tells_old_and_new_values(shell: Shell) -> None:
    newest_first = shell.json("log", "article", "1")
    first = newest_first[-1]
    assert first["operation"] == "INSERT"
    assert first["fields"]["title"] == [{"not_recorded": True}, "Harbour bridge"]
    assert first["links"] == {"tags": {"added": ["1"], "removed": []}}
    said = shell.run("log", "article", "1", "--field", "title")
    assert 'title: "Harbour bridge" → ' in said
    heads = [line for line in said.splitlines() if line.startswith("#")]
    assert len(heads) == 2 < len(newest_first)


def test_secrets_are_masked_unless_they_are_asked_for(shell: Shell) -> None:
    for words in (["log", "article", "1"], ["show", "article", "1"], ["diff", "article", "1"]):
        for form in ([], ["--json"]):
            said = shell.run(*words, *form)
            assert "sesame" not in said
            assert '"open"' not in said
    assert "sesame" in shell.run("log", "article", "1", "--reveal")
    assert "secret" in shell.run("log", "article", "1", "--field", "api_token", code=2)


def test_a_record_is_shown_as_it_is_and_as_it_was(shell: Shell) -> None:
    oldest = shell.json("log", "article", "1")[-1]["transaction"]
    then = shell.json("show", "article", "1", oldest)
    assert then["values"]["title"] == "Harbour bridge"
    assert then["values"]["api_token"] == "(masked)"
    now = shell.json("show", "article", "1")
    assert now["values"]["title"] != "Harbour bridge"
    said = shell.run("show", "article", "1", oldest)
    assert said.startswith("Harbour bridge\nINSERT in #")
    assert shell.json("show", "article", "2")["operation"] == "DELETE"


def test_two_states_are_compared(shell: Shell) -> None:
    log = shell.json("log", "article", "1")
    oldest, newest = log[-1]["transaction"], shell.json("show", "article", "1")["transaction"]
    whole = shell.json("diff", "article", "1", "--from", oldest)
    assert (whole["from"], whole["to"]) == (oldest, newest)
    assert whole["fields"]["title"][0] == "Harbour bridge"
    assert whole["links"] == {"tags": {"added": ["2"], "removed": ["1"]}}
    at_links = log[0]["transaction"]  # where only links changed
    until = shell.json("diff", "article", "1", "--from", oldest, "--to", at_links)
    assert (until["links"], until["to"]) == (whole["links"], at_links)
    said = shell.run("diff", "article", "1", "--from", oldest)
    assert '- "Harbour bridge"' in said
    assert "  -The work cost 41 million." in said
    assert "nothing before it" in shell.run("diff", "article", "1", "--to", oldest, code=2)
    same = shell.run("diff", "article", "1", "--from", newest, "--to", newest)
    assert same.splitlines()[-1] == "Nothing differs."


def test_who_set_each_field(shell: Shell) -> None:
    log = shell.json("log", "article", "1", "-n", "100")
    found = shell.json("blame", "article", "1", log[-1]["transaction"])
    assert found["title"]["value"] == "Harbour bridge"
    assert found["title"]["set"]["reason"] == "First draft"
    assert found["api_token"]["value"] == "(masked)"
    lines = shell.run("blame", "article", "1").splitlines()
    assert lines[0].split() == ["field", "value", "set", "in", "at", "by"]
    (words,) = (line for line in lines if line.startswith("words "))
    assert f"#{log[-1]['transaction']} " in words


def test_a_model_as_it_was(shell: Shell) -> None:
    log = shell.json("log", "article", "2")
    created, deleted = log[1], log[0]
    then = shell.json("as-of", "article", created["transaction"])
    assert [each["key"] for each in then] == ["1", "2"]
    assert then == shell.json("as-of", "article", created["uid"])
    assert then == shell.json("as-of", "article", created["at"])
    assert [each["key"] for each in shell.json("as-of", "article", deleted["at"])] == ["1"]
    said = shell.run("as-of", "article", created["transaction"], "-n", "1")
    assert said.splitlines()[0].split() == ["key", "record", "since"]
    assert "… and more" in said
    assert "There were no records." in shell.run("as-of", "article", "2020-01-01")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["log", "artcle"], "Did you mean 'article'?"),
        (["show", "article", "nine"], "KEY"),
        (["show", "article", "999"], "Article 999 has no history."),
        (["show", "article", "1", "0"], "was not there yet"),
        (["as-of", "article", "yesterday"], "neither a date and time"),
        (["undo", "999999"], "there is no transaction '999999'"),
        (["log", "--field", "title"], "needs a MODEL"),
        (["log", "article", "1", "--by", "x"], "without a KEY"),
    ],
)
def test_a_wrong_use_says_what_would_be_right(shell: Shell, words: list[str], said: str) -> None:
    assert said in " ".join(shell.run(*words, code=2).split())


def test_what_is_not_there_is_no_error(shell: Shell) -> None:
    assert shell.run("log", "place").strip() == "No changes."
    assert shell.json("log", "place") == []
