"""porter-audit.yaml: what is accepted, what is refused and with which line, and that it never holds a secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.app.config.read import config_schema, lint_config, load_config
from scanner.app.config.secrets import looks_secret
from scanner.app.config.shape import Place, shape_problems
from scanner.errors import InputError
from scanner.model.config import Config, Event
from scanner.resources import data_dir

FULL = """\
schema: porter-audit/config/v1
defaults:
  documented: porter@2026-05
  parameters: {external_id: env:PORTER_EXTERNAL_ID, porter_account_id: "108458755588"}
  presence: unknown
targets:
  - {cloud: aws, account: "111122223333", presence: expected, name: production}
  - cloud: aws
    organization: o-exampleorg1
    role: arn:aws:iam::{account_id}:role/porter-audit
    external_id: "@secrets/external-id"
    approved: ["222233334444"]
    skip: [{id: "999988887777", reason: sandbox of the training team}]
  - {cloud: gcp, project: acme-prod, documented: porter@2026-08}
  - {cloud: gcp, folder: "424242"}
  - {cloud: azure, subscription: 8a3d1f6e-6f0e-4a2b-9d5c-1f2e3d4c5b6a, presence: absent}
  - {cloud: azure, management_group: platform}
thresholds: {fail_on: medium, fail_on_posture: critical, secret_expiry_days: [60, 30, 7], ratchet: true}
outputs: {directory: out, formats: [html, json], bundle: full, sign_key: keys/sign.pem}
history: history.db
fleet: {executor: "dask:local:2", deadline_s: 600, at_once: {aws: 4}}
notifications:
  channels:
    - {name: sec, kind: slack, secret: env:SLACK_URL, minimal: true}
    - {name: hook, kind: webhook, url: "https://hooks.example.com/porter", secret: "@hook.key", events: [digest]}
    - {name: mail, kind: email, server: "mail.example.com:587", sender: audit@example.com, to: [sec@example.com]}
    - {name: topic, kind: sns, topic: "arn:aws:sns:us-east-1:111122223333:porter"}
    - {name: issues, kind: github, repository: acme/cloud, secret: env:GH}
    - {name: team, kind: teams, secret: env:TEAMS_URL}
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "porter-audit.yaml"
    file.write_text(text)
    return file


def problems(tmp_path: Path, text: str) -> list[str]:
    return [str(problem) for problem in lint_config(written(tmp_path, text), {}).problems]


def test_a_full_file_is_read_and_valid_by_its_own_schema(tmp_path: Path) -> None:
    loaded = load_config(written(tmp_path, FULL))
    assert [type(t).__name__ for t in loaded.config.targets] == ["AwsTarget"] * 2 + ["GcpTarget"] * 2 + [
        "AzureTarget"
    ] * 2
    assert loaded.config.notifications.channels[1].events == (Event.DIGEST,)
    assert loaded.beside("history.db") == tmp_path / "history.db"
    jsonschema.Draft202012Validator(json.loads(config_schema())).validate(yaml.safe_load(FULL))


def test_the_shipped_schema_is_the_one_of_the_records() -> None:
    assert (data_dir("baselines") / "schema" / "config.schema.json").read_bytes() == config_schema()
    jsonschema.Draft202012Validator.check_schema(json.loads(config_schema()))


HEAD = "schema: porter-audit/config/v1\n"
AWS = HEAD + "targets:\n  - cloud: aws\n"
CASES: list[tuple[str, str, str]] = [
    ("no schema", "targets: []\n", "line 1: missing key `schema`"),
    ("another schema", "schema: v2\n", "line 1: schema: must be porter-audit/config/v1"),
    ("a list", "- a\n", "line 1: must be a mapping; start with `schema: porter-audit/config/v1`"),
    ("a misspelt key", HEAD + "target: []\n", "line 2: target: unknown key; did you mean `targets`?"),
    (
        "another cloud",
        HEAD + "targets:\n  - {cloud: oci}\n",
        "line 3: targets[1].cloud: must be one of aws, gcp, azure",
    ),
    ("no cloud", HEAD + "targets:\n  - {account: 'x'}\n", "line 3: targets[1]: missing key `cloud`: one of "),
    ("nothing to read", AWS, "line 3: targets[1]: names nothing to read; give one of account, organization"),
    (
        "a number",
        AWS + "    account: 111122223333\n",
        "line 4: targets[1].account: must be twelve digits in quotes, not a",
    ),
    (
        "eleven digits",
        AWS + '    account: "11112222333"\n',
        "line 4: targets[1].account: must be twelve digits in quotes",
    ),
    (
        "two kinds",
        HEAD + "targets:\n  - {cloud: gcp, project: a, folder: '1'}\n",
        "line 3: targets[1]: has project and folder; give one of",
    ),
    (
        "a subscription by name",
        HEAD + "targets:\n  - {cloud: azure, subscription: prod}\n",
        "line 3: targets[1].subscription: must be a subscription id",
    ),
    (
        "an organization without the account in its role",
        AWS + "    organization: o-exampleorg1\n    role: arn:aws:iam::111122223333:role/x\n",
        "line 5: targets[1].role: must hold `{account_id}`",
    ),
    ("an organization without role", AWS + "    organization: o-exampleorg1\n", "line 3: targets[1].role: must hold"),
    (
        "a role elsewhere",
        AWS + '    account: "111122223333"\n    role: arn:aws:iam::222233334444:role/x\n',
        "line 5: targets[1].role: is in another account than `account`",
    ),
    (
        "an ExternalId without role",
        AWS + '    account: "111122223333"\n    external_id: env:A\n',
        "line 5: targets[1].external_id: is given without `role`",
    ),
    (
        "an ExternalId inline",
        AWS + '    account: "111122223333"\n    external_id: correct-horse\n',
        "line 5: targets[1].external_id: must be `env:NAME` or `@FILE`, no value",
    ),
    (
        "Porter's ExternalId inline",
        HEAD + "defaults:\n  parameters:\n    external_id: correct-horse\n",
        "line 4: defaults.parameters.external_id: is sensitive and is not taken from this file",
    ),
    (
        "an unknown documented version",
        HEAD + "defaults: {documented: porter@1999-01}\n",
        "line 2: defaults.documented: unknown documented version `porter@1999-01`",
    ),
    (
        "the same account twice",
        HEAD + 'targets:\n  - {cloud: aws, account: "111122223333"}\n  - {cloud: aws, account: "111122223333"}\n',
        "line 4: targets[2]: reads the same as targets[1]",
    ),
    (
        "the same name twice",
        HEAD + "targets:\n  - {cloud: gcp, project: a-one, name: x}\n  - {cloud: gcp, project: b-two, name: x}\n",
        "line 4: targets[2]: has the name of targets[1]",
    ),
    (
        "approved beside one account",
        AWS + '    account: "111122223333"\n    approved: ["111122223333"]\n',
        "line 5: targets[1].approved: is for a target that stands for many",
    ),
    ("a gate", HEAD + "thresholds:\n  fail_on: severe\n", "line 3: thresholds.fail_on: must be one of critical, high"),
    (
        "rising days",
        HEAD + "thresholds:\n  secret_expiry_days: [7, 14, 30]\n",
        "line 3: thresholds.secret_expiry_days: must be three falling numbers",
    ),
    ("two days", HEAD + "thresholds: {secret_expiry_days: [7, 1]}\n", "secret_expiry_days: must be a list of 3"),
    (
        "a ratchet without history",
        HEAD + "thresholds: {ratchet: true}\n",
        "line 2: thresholds.ratchet: needs `history`",
    ),
    (
        "a format",
        HEAD + "outputs:\n  directory: out\n  formats: [html, docx]\n",
        "line 4: outputs.formats[2]: is no format; known:",
    ),
    ("nowhere to go", HEAD + "outputs:\n  formats: [html]\n", "line 3: outputs.formats: has nowhere to go without"),
    ("an executor", HEAD + "fleet:\n  executor: spark\n", "line 3: fleet.executor: executor has an unknown form"),
    (
        "a cloud at once",
        HEAD + "fleet:\n  at_once: {ibm: 2}\n",
        "line 3: fleet.at_once.ibm: must be one of aws, gcp, azure",
    ),
    ("nobody at once", HEAD + "fleet:\n  at_once: {aws: 0}\n", "line 3: fleet.at_once.aws: must be a number from 1 to"),
    (
        "a mail without password",
        HEAD + "notifications:\n  channels:\n"
        "    - {name: m, kind: email, server: 'h:25', sender: a@b, to: [c@d], username: u}\n",
        "line 4: notifications.channels[1]: `username` and `secret` go together",
    ),
    (
        "a hook without encryption",
        HEAD
        + "notifications:\n  channels:\n    - {name: m, kind: webhook, url: 'http://example.com/x', secret: env:A}\n",
        "line 4: notifications.channels[1].url: must start with https://",
    ),
    ("waivers that are not there", HEAD + "waivers: none.yaml\n", "line 2: waivers: waivers `none.yaml`: no such file"),
    ("a line break in a path", HEAD + 'history: "a\\nb"\n', "line 2: history: must be text on one line"),
    (
        "text for a flag",
        HEAD + "thresholds:\n  ratchet: 'true'\n",
        "line 3: thresholds.ratchet: must be true or false, not text",
    ),
]


@pytest.mark.parametrize(("text", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    found = problems(tmp_path, text)
    assert any(said in line for line in found), found


def test_all_problems_are_told_at_once_in_line_order(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        HEAD + "targets:\n  - {cloud: aws, account: '1'}\n  - {cloud: gcp}\nthresholds: {fail_on: x}\nfoo: 1\n",
    )
    assert [line.split(":")[0] for line in found] == ["line 3", "line 4", "line 5", "line 6"]


def test_an_error_of_yaml_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 3: duplicate key `schema`"):
        lint_config(written(tmp_path, "schema: a\nhistory: b\nschema: c\n"), {})


def test_a_file_with_problems_is_not_loaded(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line 1: missing key `schema` \(and 1 more\)"):
        load_config(written(tmp_path, "foo: 1\n"))


# Built from pieces: nothing in this repository may look like a key.
SECRETS = (
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "-----BEGIN RSA " + "PRIVATE KEY-----",
    "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0In0.x",
    "gh" + "p_" + "a1B2" * 9,
    "xox" + "b-123456789012-abcdef",
    "https://hooks" + ".slack.com/services/T000/B000/XXXX",
    "https://user:" + "pass@example.com/",
    "wJalrXUtnFEMI" + "K7MDENGbPxRfiCYEXAMPLEKEYaa",
    "abc8" + "Q~" + "d" * 34,
)


@pytest.mark.parametrize("secret", SECRETS, ids=range(len(SECRETS)))
@pytest.mark.parametrize("key", ["waivers", "history"])
def test_a_secret_is_refused_wherever_it_stands_and_never_repeated(tmp_path: Path, secret: str, key: str) -> None:
    found = problems(tmp_path, HEAD + f"{key}: {json.dumps(secret)}\n")
    assert any(f"line 2: {key}: looks like a secret" in line for line in found), found
    assert not any(secret in line for line in found)


@pytest.mark.parametrize(
    "plain",
    [
        "arn:aws:iam::{account_id}:role/porter-audit",
        "8a3d1f6e-6f0e-4a2b-9d5c-1f2e3d4c5b6a",
        "audit@acme-prod.iam.gserviceaccount.com",
        "/var/lib/porter-audit/history.db",
        "https://hooks.example.com/porter",
        "o-exampleorg1",
        "d" * 64,
    ],
)
def test_what_a_configuration_usually_holds_is_no_secret(plain: str) -> None:
    assert not looks_secret(plain)


def test_references_are_listed_with_whether_they_are_there(tmp_path: Path) -> None:
    (tmp_path / "hook.key").write_text("x")
    found = lint_config(written(tmp_path, FULL), {"SLACK_URL": "x"})
    there = {reference.named for reference in found.references if reference.found}
    assert there == {"env:SLACK_URL", "@hook.key"}
    assert "env:GH" in {reference.named for reference in found.references}


VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**13) | st.sampled_from(["aws", "x", "", "env:A", "111122223333"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["cloud", "account", "schema", "targets", "kind", "name", "z"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(VALUES)
@settings(max_examples=150, deadline=None)
def test_what_has_no_problem_of_form_converts_and_what_has_one_does_not(value: Any) -> None:
    """The checker and msgspec agree on every value, but for text that is blank or holds control characters."""
    found = shape_problems(value, Config, Place({}))
    try:
        msgspec.convert(value, Config)
    except msgspec.ValidationError:
        assert found
    else:
        assert not found
