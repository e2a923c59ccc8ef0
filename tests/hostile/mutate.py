"""Make valid input hostile: by its bytes, its lines, and, where it is JSON, its structure. Chance is an argument."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

Path = tuple[str | int, ...]

TEXTS: tuple[str, ...] = (
    "",
    "x" * 100_000,
    "\u202eevil\u2066 \u200b\ufeff",
    "\x1b[2J\x1b]0;PWNED\x07",
    "=cmd|' /C calc'!A0",
    "</script><script>document.title='PWNED'</script>",
    "<!channel> @here [x](javascript:alert(1)) ![i](https://evil.example/p.png)",
    "nul\x00nul",
    "\ud800lone",
    "a\r\nb\tc\u2028d\x85e",
    "../../../etc/passwd",
    "%00%0d%0a%ff",
    "{{7*7}}{% raw %}${AWS::Region}",
    "!!python/object/apply:os.system [id]",
    "arn:aws:iam::108458755588:root",
    "arn:" + ":" * 5_000,
    "*" * 1_000,
    "9" * 5_000,
    "2026-13-45T99:99:99Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "\U000e0041tag",
    "Allow",
)


def deep(levels: int, leaf: Any = None) -> Any:
    """Return lists and objects in turn, `levels` deep."""
    made: Any = leaf
    for level in range(levels):
        made = [made] if level % 2 else {"a": made}
    return made


VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**63,
    2**64 + 1,
    10**400,
    1e308,
    -0.5,
    float("nan"),
    float("inf"),
    [],
    {},
    [None],
    [[]],
    [{}],
    {"": ""},
    {"a": {}},
    deep(60),
    *TEXTS,
)
"""Something of every type, and of each type what is nearest to its edges."""


class Repeated(dict[str, Any]):
    """An object that is written with its first key twice."""


def written(value: Any) -> bytes:
    """Return a value as JSON text; NaN and half surrogates as lenient writers do, repeated keys repeated."""
    return _text(value).encode("utf-8", "surrogatepass")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        pairs = [f"{json.dumps(str(key))}:{_text(item)}" for key, item in value.items()]
        return "{" + ",".join(pairs + (pairs[:1] if isinstance(value, Repeated) else [])) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"1{'0' * 400}" if value == 10**400 else str(value)
    return json.dumps(value)


def places(value: Any, at: Path = ()) -> Iterator[Path]:
    """Yield the path of every value in a value, itself first."""
    yield at
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*at, index))


def value_at(value: Any, at: Path) -> Any:
    """Return what stands at a path."""
    for part in at:
        value = value[part]
    return value


def replaced(value: Any, at: Path, change: Callable[[Any], Any]) -> Any:
    """Return a value in which what stands at a path is changed; nothing given is touched."""
    if not at:
        return change(value)
    made = Repeated(value) if isinstance(value, Repeated) else value.copy()
    made[at[0]] = replaced(value[at[0]], at[1:], change)
    return made


def without(value: Any, at: Path) -> Any:
    """Return a value without what stands at a path."""

    def drop(parent: Any) -> Any:
        made = parent.copy()
        del made[at[-1]]
        return made

    return replaced(value, at[:-1], drop) if at else None


def mutated(data: bytes, random: Random, others: tuple[bytes, ...] = ()) -> bytes:
    """Return the data, changed in one to three places."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        structured = _structured(data, random) if random.random() < 0.75 else None
        data = structured if structured is not None else _bytewise(data, random, others)
    return data


def _structured(data: bytes, random: Random) -> bytes | None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return _by_lines(data, random)
    found = list(places(value))
    at = random.choice(found)
    kind = random.randrange(6)
    if kind == 0 and at:
        return written(without(value, at))
    if kind == 1:
        return written(replaced(value, at, lambda held: Repeated(held) if isinstance(held, dict) and held else [held]))
    if kind == 2:
        other = value_at(value, random.choice(found))
        return written(replaced(value, at, lambda _: other))
    if kind == 3:
        return written(replaced(value, at, lambda held: _renamed(held, random)))
    return written(replaced(value, at, lambda _: random.choice(VALUES)))


def _renamed(held: Any, random: Random) -> Any:
    if isinstance(held, dict) and held:
        key = random.choice(list(held))
        return {(random.choice(TEXTS) if name == key else name): item for name, item in held.items()}
    if isinstance(held, list) and held:
        return held + held
    return held + random.choice(TEXTS) if isinstance(held, str) else held


_SCALARS = (
    "null", "~", "true", "yes", "0x1F", "1e999", ".nan", "1:30", "0o17", "2026-05-01", "[]", "{}", "[[[[]]]]", "*a",
    "&a 1", "!!binary aGk=", "!!python/name:os.system x", "!Ref x", "!Sub '${x}'", "!GetAtt a.b.c", "<<: {a: 1}", "? a",
    "'\\ud800'", '"\\uD800"', '"\\0"', '"\\u202e"', "|", ">-", "- - - -", "%YAML 9.9", "---", "...", "9" * 400, "=1+1",
)  # fmt: skip


def _by_lines(data: bytes, random: Random) -> bytes:
    """Change lines as somebody who edits YAML or a page would break them."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    at = random.randrange(len(lines))
    line = lines[at]
    key, colon, _ = line.partition(":")
    match random.randrange(8):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, line)
        case 2:
            lines[at] = random.choice(("  ", " ", "\t", "- ")) + line
        case 3:
            lines[at] = line[random.randrange(4) :]
        case 4:
            lines[at] = f"{key}{colon} {random.choice(_SCALARS)}"
        case 5:
            lines[at] = f"{key}{colon} {json.dumps(random.choice(TEXTS))}"
        case 6:
            lines[at] = line.replace(key.strip(), random.choice((*TEXTS, *_SCALARS)), 1) if key.strip() else line
        case _:
            lines[at] = random.choice(lines)
    return "\n".join(lines).encode("utf-8", "surrogatepass" if "\ud800" in "".join(lines) else "surrogateescape")


_TOKENS = (b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\\ud800", b"NaN",
           b"\xed\xa0\x80", b"\n---\n", b"\r", b"|", b"<", b"&#0;", b"\x1b[2J", b"-Infinity", b"1e400")  # fmt: skip


def _bytewise(data: bytes, random: Random, others: tuple[bytes, ...]) -> bytes:
    at = random.randrange(len(data) + 1)
    until = min(len(data), at + random.choice((1, 2, 8, 64, 1024)))
    match random.randrange(7):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + data[until:]
        case 2:
            return data[:at] + data[at:until] * 2 + data[until:]
        case 3:
            return data[:at] + random.choice(_TOKENS) + data[at:]
        case 4 if others:
            other = random.choice(others)
            return data[:at] + other[random.randrange(len(other) + 1) :]
        case 5:
            return data.decode("utf-8", "replace").encode(random.choice(("utf-16", "utf-8-sig", "utf-32", "utf-16-be")))
        case _:
            flipped = bytes(byte ^ (1 << random.randrange(8)) for byte in data[at : at + 1])
            return data[:at] + flipped + data[at + 1 :]
