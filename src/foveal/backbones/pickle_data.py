"""Read the few pickle instructions that hold plain data, without `pickle`.

A pickle is a program. Python's unpickler runs all of it: it imports what it is told to, sizes its memo by a number in
the file, and crashes on data nested deeply enough. This one knows the instructions that PyTorch writes for a state
dict, resolves no name by itself, and refuses the rest.
"""

from __future__ import annotations

import pickletools
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

Find = Callable[[str, str], Callable[..., Any]]
Persistent = Callable[[Any], Any]

_MARK = object()
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_VALUES = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


@dataclass(eq=False)
class Record:
    """An object of a class that nothing here knows: what it was made of, and nothing that it could do.

    Args:
        kind: Its class, with the module.
        arguments: What it was made with.
        state: Its attributes, where they were stored.
    """

    kind: str
    arguments: tuple[Any, ...] = ()
    state: Any = field(default=None)


def load_data(file: IO[bytes], *, find: Find, persistent: Persistent, keys: tuple[type, ...] = (str,)) -> Any:
    """Read one pickle of protocol 2; the file then stands behind it.

    Args:
        file: Where to read.
        find: Gives the function that stands in for (module, name); refuses by raising ValueError.
        persistent: Gives the object that a persistent id stands for; refuses by raising ValueError.
        keys: What the keys of dicts may be.

    Raises:
        ValueError: Any other instruction, or a file that ends early.
    """
    machine = _Machine(find, persistent, keys)
    with warnings.catch_warnings():
        # Of a strange escape in a damaged name; such a name is refused as any other unknown one.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="pickletools")
        for opcode, argument, _ in pickletools.genops(file):
            if opcode.name == "STOP":
                return machine.pop()
            machine.step(opcode.name, argument)
    raise ValueError("the file ends early")


class _Machine:
    """The stack and the memo of the pickle machine (CPython, Lib/pickletools.py)."""

    def __init__(self, find: Find, persistent: Persistent, keys: tuple[type, ...]) -> None:
        self._find = find
        self._keys = keys
        self._persistent = persistent
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def pop(self) -> Any:
        if not self._stack or self._stack[-1] is _MARK:
            raise ValueError("an instruction finds nothing to work on")
        return self._stack.pop()

    def step(self, name: str, argument: Any) -> None:
        """Carry out one instruction."""
        if name == "PROTO":
            if argument != 2:
                raise ValueError(f"pickle protocol {argument}")
        elif name in _VALUES:
            self._stack.append(argument)
        elif name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            self._stack.append(_EMPTY[name]())
        elif name == "MARK":
            self._stack.append(_MARK)
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self._top()
        elif name in ("BINGET", "LONG_BINGET"):
            if argument not in self._memo:
                raise ValueError("the pickle recalls what it never kept")
            self._stack.append(self._memo[argument])
        else:
            self._build(name, argument)

    def _build(self, name: str, argument: Any) -> None:
        """Carry out an instruction that makes one object of others."""
        if name in _TUPLES:
            self._stack.append(tuple([self.pop() for _ in range(_TUPLES[name])][::-1]))
        elif name == "TUPLE":
            self._stack.append(tuple(self._since_mark()))
        elif name in ("APPEND", "APPENDS", "SETITEM", "SETITEMS"):
            self._add(name)
        elif name == "GLOBAL":
            module, _, attribute = argument.partition(" ")
            self._stack.append(self._find(module, attribute))
        elif name in ("REDUCE", "NEWOBJ"):
            arguments, function = self.pop(), self.pop()
            if not isinstance(arguments, tuple) or not callable(function):
                raise ValueError("a call of what cannot be called")
            self._stack.append(function(*arguments))
        elif name == "BINPERSID":
            self._stack.append(self._persistent(self.pop()))
        elif name == "BUILD":
            state, target = self.pop(), self._top()
            # Of anything else, such as PyTorch's dict with `_metadata`, nothing here reads the attributes.
            if isinstance(target, Record):
                target.state = state
        else:
            raise ValueError(f"the pickle instruction {name}, which weights never need")

    def _add(self, name: str) -> None:
        """Carry out an instruction that adds to a list or a dict."""
        if name in ("APPEND", "APPENDS"):
            items = [self.pop()] if name == "APPEND" else self._since_mark()
            self._top(list).extend(items)
            return
        items = [self.pop(), self.pop()][::-1] if name == "SETITEM" else self._since_mark()
        target = self._top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) not in self._keys:
                raise ValueError(f"a key that is no {' or '.join(each.__name__ for each in self._keys)}")
            target[key] = value

    def _top(self, kind: type | None = None) -> Any:
        value = self.pop()
        self._stack.append(value)
        if kind is not None and not isinstance(value, kind):
            raise ValueError(f"an instruction finds no {kind.__name__} to add to")
        return value

    def _since_mark(self) -> list[Any]:
        items: list[Any] = []
        while self._stack:
            item = self._stack.pop()
            if item is _MARK:
                return items[::-1]
            items.append(item)
        raise ValueError("an instruction finds no mark")
