"""Compiles what comes in on the standard input, and runs none of it.

A question is a path and a source, an answer is the bytecode file; each begins with its length.
An answer without any bytes says that the source is none that this Python compiles.
"""

import marshal
import os
import sys
from importlib.util import MAGIC_NUMBER, source_hash
from types import CodeType

# PEP 552: the file is valid whatever becomes of its source.
UNCHECKED_HASH = (1).to_bytes(4, "little")
PARTS = ["consts", "names", "varnames", "cellvars", "freevars"]
PARTS += ["filename", "name", "qualname", "linetable", "exceptiontable"]


def hold(value, held):
    # What is referred to more than once is marked in the file, and what else in this process
    # refers to it counts: so everything is.
    held.append(value)
    if isinstance(value, CodeType):
        for part in PARTS:
            hold(getattr(value, "co_" + part), held)
    elif isinstance(value, (tuple, frozenset)):
        for part in value:
            hold(part, held)
    elif isinstance(value, slice):
        for part in (value.start, value.stop, value.step):
            hold(part, held)


def compiled(path, source):
    try:
        code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, OverflowError, RecursionError):
        return b""
    held = []
    hold(code, held)
    return MAGIC_NUMBER + UNCHECKED_HASH + source_hash(source) + marshal.dumps(code)


def read(questions):
    length = questions.read(4)
    if len(length) < 4:
        os._exit(0)
    return questions.read(int.from_bytes(length, "little"))


def main():
    while True:
        path = read(sys.stdin.buffer).decode()
        source = read(sys.stdin.buffer)
        # Each in a process of its own, which knows nothing of those before.
        child = os.fork()
        if child == 0:
            answer = compiled(path, source)
            sys.stdout.buffer.write(len(answer).to_bytes(4, "little") + answer)
            sys.stdout.buffer.flush()
            os._exit(0)
        if os.waitpid(child, 0)[1] != 0:
            os._exit(1)


main()
