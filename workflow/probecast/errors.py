"""The one exception that users are meant to read."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from reprlib import Repr

# In an address, up to the last @ before its host; and where it is a parameter of its own.
_PASSWORDS = (
    re.compile(r"(?<=://)([^\s/:@'\"]*):[^\s'\"]*@"),
    re.compile(
        r"([?&;](?:password|passwd|pwd|sslpassword))=[^\s&;'\"]*?(?=:?(?:[\s&;'\"]|$))", re.I
    ),
)
_repr = Repr()
_repr.maxlevel, _repr.maxstring, _repr.maxother = 4, 80, 80


class ProbecastError(Exception):
    """A problem that the user can mend.

    The message is complete in itself: it names the file, the key or column,
    the value found, and what to do. Scripts print it without a traceback and
    exit with a code other than 0. What a terminal would not print but obey is escaped, as
    names in messages may come from strangers, and passwords of addresses are masked.
    """

    def __init__(self, message: str) -> None:
        super().__init__(
            "".join(
                c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode()
                for c in masked(message)
            )
        )


def masked(text: str) -> str:
    """Return the text without the passwords of addresses in it.

    >>> masked("postgresql://me:secret@host/db and mysql://host/db?user=me&password=secret")
    'postgresql://me:***@host/db and mysql://host/db?user=me&password=***'
    """
    address, parameter = _PASSWORDS
    return parameter.sub(r"\1=***", address.sub(r"\1:***@", text))


@contextmanager
def optional(group: str, what: str, instead: str = "") -> Iterator[None]:
    """Import, in the body, packages of an optional group; name the group where one is missing.

    Args:
        group: of the packages, as in ``pyproject.toml``.
        what: needs them, the beginning of the message.
        instead: what else the user can do, the end of the message.

    Raises:
        ProbecastError: one is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "probecast":  # a module of ours is no package
            raise
        raise ProbecastError(
            f"{what} needs the package {error.name!r} of the optional group {group!r}, which is "
            f"not installed; `pip install -e '.[{group}]'`{instead}."
        ) from None


def short(value: object) -> str:
    """Return ``repr(value)``, cut where it is long or deep.

    >>> short([[["deep", ["deeper", ["deepest"]]]]])
    "[[['deep', ['deeper', [...]]]]]"
    """
    try:
        text = _repr.repr(value)
        return text if len(text) <= 200 else text[:197] + "..."
    except ValueError:  # Python spells no number of more than 4300 digits
        return f"an {type(value).__name__} of thousands of digits"


def suggest(name: str, known: list[str] | tuple[str, ...]) -> str:
    """Return ``"Did you mean 'x'? Known: a, b, x."`` for a misspelt or abbreviated ``name``.

    >>> suggest("lr", ["learning_rate", "layers"])
    "Did you mean 'learning_rate'? Known: layers, learning_rate."
    """
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1)
    close += [each for each in known if name == "".join(part[:1] for part in each.split("_"))]
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"{hint}Known: {', '.join(sorted(known))}."
