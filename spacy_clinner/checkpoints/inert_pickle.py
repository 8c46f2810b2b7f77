"""Read the plain data of a pickle without unpickling: no code that it names is looked up or run.

`pickletools.genops` takes the file apart into opcodes; the dozen that plain data needs are interpreted here, and
objects of a few named classes become dictionaries of their attributes. Everything else is refused.
"""

import pickletools
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ..errors import Errors

MAX_BYTES = 16_000_000


class _ClassName(str):
    """A class that the pickle names. It stays a name."""


def read_pickle(path: Path, classes: Collection[str]) -> Any:
    """Read a pickle of numbers, strings, lists, tuples, dictionaries and objects of named classes.

    path (Path): the file.
    classes (Collection[str]): allowed classes, as "module name".
    RETURNS (Any): the data; an object is a dictionary of its attributes or, if it was one, of its items.
    RAISES (ValueError): CE055 if the pickle names another class or function, or needs another opcode; CE056 if it is
        damaged, no pickle or larger than MAX_BYTES.
    """
    data = path.read_bytes() if path.stat().st_size <= MAX_BYTES else b""
    try:
        return _interpret(data, classes)
    except _Refused as refused:
        what = refused.args[0]
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ValueError(Errors.CE056.format(file=path.name, limit=MAX_BYTES)) from None
    raise ValueError(Errors.CE055.format(file=path.name, what=what))


class _Refused(Exception):
    pass


def _interpret(data: bytes, classes: Collection[str]) -> Any:
    stack: list[Any] = []
    marks: list[int] = []
    memo: dict[Any, Any] = {}
    # items that may be copied: a file that asks for more than it has bytes says the same thing over and over
    left = len(data)
    for opcode, arg, _ in pickletools.genops(data):
        match opcode.name:
            case "PROTO":
                pass
            case "STOP":
                return stack.pop()
            case "GLOBAL":
                if arg not in classes:
                    raise _Refused(repr(arg))
                stack.append(_ClassName(arg))
            case "MARK":
                marks.append(len(stack))
            case "BINPUT" | "LONG_BINPUT":
                memo[arg] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(memo[arg])
            case "NONE":
                stack.append(None)
            case "NEWTRUE" | "NEWFALSE":
                stack.append(opcode.name == "NEWTRUE")
            case "BININT" | "BININT1" | "BININT2" | "BINFLOAT" | "BINUNICODE" | "SHORT_BINUNICODE":
                stack.append(arg)
            case "EMPTY_LIST":
                stack.append([])
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_TUPLE":
                stack.append(())
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                size = int(opcode.name[-1])
                stack[-size:] = [tuple(stack[-size:])]
            case "TUPLE":
                stack.append(tuple(_since_mark(stack, marks)))
            case "APPEND":
                item = stack.pop()
                stack[-1].append(item)
            case "APPENDS":
                items = _since_mark(stack, marks)
                stack[-1].extend(items)
            case "SETITEM":
                value, key = stack.pop(), stack.pop()
                stack[-1][key] = value
            case "SETITEMS":
                items = _since_mark(stack, marks)
                stack[-1].update(zip(items[::2], items[1::2], strict=True))
            case "NEWOBJ" | "REDUCE":
                args, name = stack.pop(), stack.pop()
                if not isinstance(name, _ClassName):
                    raise TypeError
                left = _pay(left, *args)
                stack.append(dict(*args))
            case "BUILD":
                state = stack.pop()
                left = _pay(left, state)
                stack[-1].update(state)
            case other:
                raise _Refused(f"opcode {other}")
    raise ValueError


def _pay(left: int, *copied: Any) -> int:
    left -= sum(map(len, copied))
    if left < 0:
        raise _Refused("more than a file of its size can hold")
    return left


def _since_mark(stack: list[Any], marks: list[int]) -> list[Any]:
    start = marks.pop()
    items = stack[start:]
    del stack[start:]
    return items
