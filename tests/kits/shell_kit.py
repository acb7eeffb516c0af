"""The commands of a shell script, as far as documentation writes them: pipes, quotes, substitutions, functions."""

from collections.abc import Iterator

ENDS = "|;&\n{}"
KEYWORDS = {"while", "do", "done", "then", "if", "fi"}
SUBSTITUTED = "SUBSTITUTED"  # stands for what a $(...) gives

Words = list[str]


def commands(script: str) -> Iterator[Words]:  # noqa: C901 - a lexer, a case a character
    """Each command as its words, those in substitutions too; assignments, redirections and comments are left out."""
    words: Words = []
    inner: list[str] = []
    word, started, place = "", False, 0
    script = script.replace("\\\n", " ") + "\n"
    while place < len(script):
        letter = script[place]
        if letter in "'\"":
            text, place = _quoted(script, place, inner)
            word, started = word + text, True
            continue
        if script.startswith("$(", place):
            end = _closing(script, place + 2)
            inner.append(script[place + 2 : end])
            word, started, place = word + SUBSTITUTED, True, end + 1
            continue
        if letter == "#" and not started:
            place = script.index("\n", place)
            continue
        if letter in ENDS or letter.isspace():
            if started:
                words.append(word)
            word, started = "", False
            if letter in ENDS:
                yield from _command(words)
                words = []
        else:
            word, started = word + letter, True
        place += 1
    for script_inside in inner:
        yield from commands(script_inside)


def _command(words: Words) -> Iterator[Words]:
    while words and (words[0] in KEYWORDS or "=" in words[0].partition("-")[0] or words[0].endswith("()")):
        words = words[1:]
    if ">" in words:
        words = words[: words.index(">")]
    if words:
        yield words


def _quoted(script: str, place: int, inner: list[str]) -> tuple[str, int]:
    """The text of a quoted part that begins at `place`, and where the script goes on after it."""
    quote, text, place = script[place], "", place + 1
    while script[place] != quote:
        if quote == '"' and script.startswith("$(", place):
            end = _closing(script, place + 2)
            inner.append(script[place + 2 : end])
            text, place = text + SUBSTITUTED, end
        elif quote == '"' and script[place] == "\\":
            place += 1
            text += script[place]
        else:
            text += script[place]
        place += 1
    return text, place + 1


def _closing(script: str, place: int) -> int:
    """Where the parenthesis closes that was opened just before `place`."""
    depth, quote = 1, ""
    while depth:
        letter = script[place]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        place += 1
    return place - 1
