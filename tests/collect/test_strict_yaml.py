"""YAML that two readers could understand differently is refused with its line; so is what would exhaust a reader."""

from __future__ import annotations

import pytest

from scanner.collect.strict_yaml import MAX_YAML_BYTES, read_yaml
from scanner.errors import InputError

BOMB = "a: &a [x, x]\n" + "".join(f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcd", "bcde", strict=True))

REFUSED = {
    "a bomb of aliases": (BOMB, "line 1: anchors are not allowed"),
    "an alias": ("a: *b\n", "line 1: aliases are not allowed"),
    "a merge key": ("a: 1\nb:\n  <<: {c: 1}\n", "line 3: merge keys are not allowed"),
    "a duplicate key": ("a: 1\nb: 2\na: 3\n", "line 3: duplicate key `a`"),
    "a duplicate key below": ("a:\n  b: 1\n  b: 2\n", "line 3: duplicate key `b`"),
    "a tab": ("a:\n\tb: 1\n", "line 2: is not YAML"),
    "an unknown tag": ("a: !Nope x\n", "line 1: tag `!Nope` is not allowed"),
    "a tag that makes objects": ("a: !!python/object/apply:os.system [ls]\n", "line 1: tag `tag:yaml.org"),
    "an octal number": ("a: 0123\n", "line 1: `0123` without quotes can be read in two ways"),
    "a sexagesimal number": ("a: 22:22\n", "can be read in two ways"),
    "a truth value of YAML 1.1": ("a:\n  b: yes\n", "line 2: `yes` without quotes"),
    "a key that is a list": ("? [a, b]\n: c\n", "line 1: a key must be text"),
    "two documents": ("a: 1\n---\nb: 2\n", "line 2: holds more than one document"),
    "nothing": ("# a comment\n", "is empty"),
    "an open bracket": ("a: [1, 2\nb: 3\n", "is not YAML"),
    "a control character": ("a: x\nb: \x07\n", "line 2: is not YAML"),
    "depth": ("[" * 200 + "]" * 200, "nested deeper than 100"),
    "size": ("a: " + "x" * MAX_YAML_BYTES, "larger than"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_yaml("f.yaml", text.encode())
    assert str(caught.value).startswith("input `f.yaml`: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_not_utf_8_are_named_with_their_line() -> None:
    with pytest.raises(InputError, match="line 2: is not text in UTF-8"):
        read_yaml("f.yaml", b"a: 1\nb: \xff\n")


def test_plain_scalars_keep_what_a_policy_needs() -> None:
    text = 'a: 2012-10-17\nb: 12\nc: true\nd: "012345678901"\ne: null\nf: 1.50\ng: "yes"\nh:\n'
    value = {"a": "2012-10-17", "b": 12, "c": True, "d": "012345678901", "e": None, "f": "1.50", "g": "yes", "h": None}
    assert read_yaml("f.yaml", text.encode()).value == value


def test_permitted_tags_become_mappings_with_lines() -> None:
    text = b"a: !Ref x\nb: !J\n  - ','\n  - [!Ref y, z]\n"
    document = read_yaml("f.yaml", text, {"!Ref": "Ref", "!J": "Fn::J"})
    assert document.value == {"a": {"Ref": "x"}, "b": {"Fn::J": [",", [{"Ref": "y"}, "z"]]}}
    assert (document.lines["/a"], document.lines["/b/Fn::J/1"], document.lines["/b/Fn::J/1/0/Ref"]) == (1, 4, 4)
