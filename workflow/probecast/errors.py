"""The one exception that users are meant to read."""


class ProbecastError(Exception):
    """A problem that the user can mend.

    The message is complete in itself: it names the file, the key or column,
    the value found, and what to do. Scripts print it without a traceback and
    exit with a code other than 0.
    """


def suggest(name: str, known: list[str] | tuple[str, ...]) -> str:
    """Return ``"Did you mean 'x'? Known: a, b, x."`` for a misspelt ``name``."""
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"{hint}Known: {', '.join(sorted(known))}."
