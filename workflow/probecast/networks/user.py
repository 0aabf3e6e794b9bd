"""A network of the user's own: one Python file with a function that builds it.

It is called ``<file>:<function>`` where the name of an architecture is expected. The file is the
one thing that makes this project run code that did not come with it; what is asked of it stands
in docs/own-network.md, and ``training.check`` checks that.
"""

import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from symtable import symtable
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from probecast.errors import ProbecastError, suggest

if TYPE_CHECKING:
    from torch import nn

    from probecast.data.spec import DataSpec


def is_own(architecture: str) -> bool:
    """Whether an architecture is a network of the user's own."""
    return ":" in architecture


class Watched(Mapping):
    """A configuration that cannot be changed, and remembers what was read of it.

    Attributes:
        read: the hyperparameters that somebody has asked the value of.
    """

    def __init__(self, configuration: Mapping[str, Any]) -> None:
        self._configuration = dict(configuration)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        value = self._configuration[name]
        self.read.add(name)
        return value

    def __contains__(self, name: object) -> bool:
        return name in self._configuration

    def __iter__(self) -> Iterator[str]:
        return iter(self._configuration)

    def __len__(self) -> int:
        return len(self._configuration)

    def __repr__(self) -> str:
        return repr(self._configuration)


class UserNetwork:
    """What stands in for the module of a built-in architecture.

    Args:
        architecture: ``<file>:<function>``.

    Attributes:
        read: the hyperparameters that the function has asked for so far.
    """

    INPUT_KINDS = frozenset({"image", "tokens", "vectors"})
    OUTPUT_KINDS = frozenset({"classes", "values", "characters"})
    HYPERPARAMETERS = None  # known only by what it reads

    def __init__(self, architecture: str) -> None:
        self.architecture = architecture
        self.file, _, self.name = architecture.rpartition(":")
        check_file(self.file, self.name)
        self.read: set[str] = set()
        with blame(architecture, "it is imported; what it imports must be installed"):
            self.function = getattr(_run(self.file), self.name, None)
        if not callable(self.function):
            raise ProbecastError(
                f"{self.file}: {self.name!r} is {self.function!r}, but has to be a function "
                "(configuration, spec)."
            )
        if not _takes(self.function, 2):
            raise ProbecastError(
                f"{self.file}: {self.name}{inspect.signature(self.function)} cannot be called as "
                f"{self.name}(configuration, spec); give it these two arguments."
            )

    def build(self, configuration: Mapping[str, Any], spec: "DataSpec") -> "nn.Module":
        """Return the network that the user's function makes of a configuration.

        Raises:
            ProbecastError: the function fails, or returns something else.
        """
        from torch import nn

        from probecast.networks.inputs import WithoutLengths

        watched = Watched(configuration)
        doing = f"{self.name}() builds configuration {watched}"
        with blame(self.architecture, doing, configuration):
            network = self.function(watched, spec)
        self.read |= watched.read
        if not isinstance(network, nn.Module):
            raise ProbecastError(
                f"{self.file}: {self.name}() returned {type(network).__name__}, but has to return "
                "a torch.nn.Module; is a `return` missing?"
            )
        return network if _takes(network.forward, 2) else WithoutLengths(network)


def _takes(function: Callable, arguments: int) -> bool:
    """Whether a function can be called with so many arguments by their place."""
    try:
        inspect.signature(function).bind(*[None] * arguments)
    except TypeError:
        return False
    return True


def check_file(file: str, function: str) -> None:
    """Make sure, without running it, that a file may hold the function.

    Raises:
        ProbecastError: there is no such file, it is not Python, or nothing in it is called so.
    """
    _compiled(file)
    names = symtable(Path(file).read_text(encoding="utf-8"), file, "exec").get_symbols()
    if function not in [name.get_name() for name in names if name.is_local()]:
        functions = [
            name.get_name()
            for name in names
            if any(kind.get_type() == "function" for kind in name.get_namespaces())
        ]
        hint = suggest(function, functions) if functions else "It has no function at all."
        raise ProbecastError(
            f"{file}: has no function {function!r}; write one, or name another under `build`. "
            f"{hint}"
        )


def _compiled(file: str) -> CodeType:
    try:
        return compile(Path(file).read_text(encoding="utf-8"), file, "exec", dont_inherit=True)
    except FileNotFoundError:
        raise ProbecastError(f"{file}: there is no such file; correct the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ProbecastError(f"{file}: cannot be read ({error}); give a Python file.") from None
    except SyntaxError as error:
        raise ProbecastError(
            f"{file}, line {error.lineno}: not valid Python ({error.msg}); correct it."
        ) from None


def _run(file: str) -> ModuleType:
    """Execute the file as a module, and leave nothing beside it."""
    module = ModuleType(f"own_network_{Path(file).stem}")
    module.__file__ = file
    sys.modules[module.__name__] = module  # dataclasses look there for their own
    exec(_compiled(file), module.__dict__)
    return module


@contextmanager
def blame(
    architecture: str, doing: str, configuration: Mapping[str, Any] | None = None
) -> Iterator[None]:
    """Turn what goes wrong in the user's own file into one clear message; nothing for others.

    Args:
        architecture: a registered name, or ``<file>:<function>``.
        doing: what happens meanwhile, to go after "while".
        configuration: what a missing key may have been looked for in.
    """
    file = architecture.rpartition(":")[0]
    try:
        yield
    except ProbecastError:
        raise
    except (Exception, SystemExit) as error:
        if not file:
            raise
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == file
        ]
        where = f"{file}, line {lines[-1]}" if lines else file
        name = error.args[0] if isinstance(error, KeyError) and error.args else None
        if configuration is not None and isinstance(name, str) and name not in configuration:
            raise ProbecastError(
                f"{where}: reads the hyperparameter {name!r}, which the space "
                f"does not have; add it to the space. {suggest(name, list(configuration))}"
            ) from error
        raise ProbecastError(
            f"{where}: {type(error).__name__}: {error}; while {doing}."
        ) from error
