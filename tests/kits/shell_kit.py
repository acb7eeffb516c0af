"""The commands of a shell script, as far as documentation writes them: pipes, quotes, substitutions, functions."""

from collections.abc import Iterator

ENDS = "|;&\n{}"
KEYWORDS = {"while", "do", "done", "then", "if", "fi"}
SUBSTITUTED = "SUBSTITUTED"  # stands for what a $(...) gives

Words = list[str]


def commands(script: str) -> Iterator[Words]:
    """Each command as its words, those in substitutions too; assignments, redirections and comments are left out."""
    inner: list[str] = []
    words: Words = []
    for word in _words(script.replace("\\\n", " ") + "\n", inner):
        if word is None:
            yield from _command(words)
            words = []
        else:
            words.append(word)
    for script_inside in inner:
        yield from commands(script_inside)


def _words(script: str, inner: list[str]) -> Iterator[str | None]:
    """The words of a script, with None where a command ends; what is substituted goes to `inner`."""
    word, started, place = "", False, 0
    while place < len(script):
        letter = script[place]
        if letter in "'\"":
            text, place = _quoted(script, place, inner)
            word, started = word + text, True
        elif script.startswith("$(", place):
            text, place = _substituted(script, place, inner)
            word, started = word + text, True
        elif letter == "#" and not started:
            place = script.index("\n", place)
        elif letter in ENDS or letter.isspace():
            yield from [word] * started + [None] * (letter in ENDS)
            word, started, place = "", False, place + 1
        else:
            word, started, place = word + letter, True, place + 1


def _substituted(script: str, place: int, inner: list[str]) -> tuple[str, int]:
    end = _closing(script, place + 2)
    inner.append(script[place + 2 : end])
    return SUBSTITUTED, end + 1


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
            found, place = _substituted(script, place, inner)
            text += found
            continue
        if quote == '"' and script[place] == "\\":
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
