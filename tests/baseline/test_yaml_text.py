"""Strict YAML: what could hide a second meaning, or cost more than it says, is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.baseline.yaml_dump import Plain, dump_yaml
from scanner.baseline.yaml_text import MAX_BYTES, read_yaml
from scanner.errors import BaselineError

REFUSED = {
    "duplicate key": (b"a: 1\nb: 2\na: 3\n", "f: line 3: duplicate key `a`"),
    "duplicate key in a flow mapping": (b"x: {a: 1, a: 2}\n", "f: line 1: duplicate key `a`"),
    "duplicate key spelt in two ways": (b'a: 1\n"a": 2\n', "f: line 2: duplicate key `a`"),
    "duplicate key deep in a list": (b"x:\n  - a: 1\n    a: 2\n", "f: line 3: duplicate key `a`"),
    "anchor": (b"x: &a 1\n", "f: line 1: anchors are not allowed"),
    "anchor on a mapping": (b"x: &a {b: 1}\n", "f: line 1: anchors are not allowed"),
    "alias": (b"x: *a\n", "f: line 1: aliases are not allowed"),
    "billion laughs": (
        b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
        "f: line 1: anchors are not allowed",
    ),
    "merge key": (b"x:\n  <<: {a: 1}\n", "f: line 2: merge keys are not allowed"),
    "tag": (b"x: !!python/object/apply:os.system [ls]\n", "f: line 1: tags are not allowed"),
    "binary tag": (b"x: !!binary aGk=\n", "f: line 1: tags are not allowed"),
    "mapping as a key": (b"{a: 1}: 2\n", "f: line 1: a key must be text"),
    "list as a key": (b"? [a]\n: 1\n", "f: line 1: a key must be text"),
    "two documents": (b"a: 1\n---\nb: 2\n", "f: more than one document"),
    "empty": (b"", "f: no document"),
    "comment alone": (b"# nothing\n", "f: no document"),
    "truncated flow list": (b"a: [x, y\n", "f: line "),
    "truncated quote": (b'a: "x\n', "f: line "),
    "tab as indentation": (b"a:\n\tb: 1\n", "f: line "),
    "control character": (b"a: \x07\n", "f: "),
    "not UTF-8": (b"a: \xff\xfe\n", "f: not UTF-8 at byte 3"),
    "too deep": (b"[" * 200 + b"]" * 200, "f: line 1: nested deeper than 40"),
    "too large": (b"a" * (MAX_BYTES + 1), f"f: larger than {MAX_BYTES} bytes"),
    "not YAML at all": (b"%PDF-1.7\n\xe2\xe3", "f: "),
}


@pytest.mark.parametrize(("data", "message"), REFUSED.values(), ids=REFUSED)
def test_refused_in_one_line(data: bytes, message: str) -> None:
    with pytest.raises(BaselineError) as caught:
        read_yaml(data, "f")
    assert str(caught.value).startswith(message)
    assert str(caught.value).isprintable()


TYPED = {
    "text": ("x: abc", "abc"),
    "date stays text": ("x: 2026-05-26", "2026-05-26"),
    "version stays text": ("x: 2026-05", "2026-05"),
    "account id keeps its zeros": ("x: 001122223333", "001122223333"),
    "octal is text": ("x: 0777", "0777"),
    "yes is text": ("x: yes", "yes"),
    "sexagesimal is text": ("x: 12:30:45", "12:30:45"),
    "float is text": ("x: 1.5", "1.5"),
    "number": ("x: 42", 42),
    "true": ("x: true", True),
    "quoted true is text": ('x: "true"', "true"),
    "nothing": ("x:", None),
    "null": ("x: null", None),
    "empty text": ("x: ''", ""),
    "byte order mark": ("\ufeffx: a", "a"),
    "folded": ("x: >-\n  a b\n  c\n", "a b c"),
}


@pytest.mark.parametrize(("text", "value"), TYPED.values(), ids=TYPED)
def test_scalars_are_typed_only_where_nobody_could_mean_another(text: str, value: object) -> None:
    found = read_yaml(text.encode(), "f")["x"]
    assert found == value
    assert type(found) is type(value)


_AWKWARD = [
    "true",
    "null",
    "~",
    "1",
    "-1",
    "0x1f",
    "1e3",
    "#",
    "<<",
    "*",
    "&a",
    "!t",
    "{x}",
    "[y]",
    "yes",
    "arn:aws:s3:::*/*",
    "2026-05-26",
    "=",
    "%",
    "@",
    "`",
    "a:",
    ":a",
    "...",
]
_AWKWARD += ["a: b", "- a", "a #b", "a b " * 60, " x", "x ", "\u2028", "\x85"]
_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=60) | st.sampled_from(_AWKWARD)
_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-999_999_999, 999_999_999) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(_TEXT, _VALUE, max_size=5))
def test_what_is_written_reads_back_the_same(value: dict[str, Plain]) -> None:
    assert read_yaml(dump_yaml(value, "a comment\n\nwith lines").encode(), "f") == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    try:
        read_yaml(data, "f")
        said = "f: "
    except BaselineError as error:
        said = str(error)
    assert said.startswith("f: ")
    assert said.isprintable()
