"""porter.yaml: connections with their lines, and everything that is not as documented named with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.collect.porter_yaml import STATIC_CREDENTIALS, parse_porter_yaml, read_porter_yaml
from scanner.errors import InputError
from scanner.model.porter_yaml import (
    AwsRoleConnection,
    AzureIdentityConnection,
    CloudSqlConnection,
    DiskConnection,
    GcpServiceAccountConnection,
    PorterYaml,
    UnreadConnection,
)

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "porter.yaml"


def parse(text: str) -> PorterYaml:
    return parse_porter_yaml("porter.yaml", text.encode())


def with_connection(connection: str) -> PorterYaml:
    """Return a file with one service whose only connection starts in line 4."""
    lines = "\n".join(f"        {line}" for line in connection.splitlines())
    return parse(f"services:\n  - name: api\n    connections:\n      - {lines.strip()}\n")


def test_the_second_example_holds_what_goes_wrong_in_practice() -> None:
    found = read_porter_yaml(EXAMPLE.with_name("porter-storefront.yaml"))
    assert [(p.line, p.code, p.service) for p in found.problems] == [
        (18, "STATIC_CREDENTIAL", "thumbnails"),
        (19, "STATIC_CREDENTIAL", "thumbnails"),
        (41, "NOT_RESOLVED", "mailer"),
    ]


def test_the_example_is_read_with_lines_and_without_problems() -> None:
    found = read_porter_yaml(EXAMPLE)
    assert (found.file, found.app, found.problems) == ("porter.yaml", "orders", ())
    assert {service.name: service.connections for service in found.services} == {
        "api": (
            AwsRoleConnection(line=13, role="orders-api-uploads"),
            DiskConnection(line=15, disk_name="orders-cache"),
        ),
        "billing": (
            AwsRoleConnection(line=22, role="arn:aws:iam::111122223333:role/team/orders-billing"),
            AzureIdentityConnection(
                line=24, identity_name="orders-billing-identity", resource_group="orders-production"
            ),
        ),
        "ledger": (
            AzureIdentityConnection(
                line=31, identity_name="orders-ledger-identity", resource_group="orders-production"
            ),
        ),
        "reports": (
            GcpServiceAccountConnection(
                line=39, email="orders-reports@porter-demo-project.iam.gserviceaccount.com"
            ),
            CloudSqlConnection(
                line=41,
                connection_name="porter-demo-project:us-east1:orders",
                port=5432,
                service_account="orders-reports",
            ),
        ),
        "exports": (
            GcpServiceAccountConnection(
                line=50, email="orders-exports@porter-demo-project.iam.gserviceaccount.com"
            ),
        ),
    }
    assert [(name.name, name.line) for name in found.env] == [("LOG_LEVEL", 6)]


GOOD = {
    "a role name": "type: awsRole\nrole: a",
    "a role's ARN": "type: awsRole\nrole: arn:aws-cn:iam::111122223333:role/a",
    "an account of a domain's project": (
        "type: gcpServiceAccount\nserviceAccountEmail: my-app@my-project.example.com.iam.gserviceaccount.com"
    ),
    "an instance of a domain's project": (
        "type: cloudSql\nconfig: {cloudSqlConnectionName: 'example.com:my-project:us-east1:db', "
        "cloudSqlDatabasePort: 5432, cloudSqlServiceAccount: my-app@my-project.iam.gserviceaccount.com}"
    ),
}


@pytest.mark.parametrize("connection", GOOD.values(), ids=GOOD)
def test_documented_forms_are_accepted(connection: str) -> None:
    found = with_connection(connection)
    assert found.problems == ()
    assert not isinstance(found.services[0].connections[0], UnreadConnection)


BAD = {
    "an unknown type": ("type: awsUser\nuser: a", 4, "UNKNOWN_TYPE", "`awsUser` is not a connection type"),
    "no type": ("role: a", 4, "UNKNOWN_TYPE", "a connection has no `type`"),
    "a type in another case": ("type: AwsRole\nrole: a", 4, "UNKNOWN_TYPE", "`AwsRole`"),
    "no role": ("type: awsRole", 4, "MISSING_FIELD", "`role` is missing"),
    "an empty role": ("type: awsRole\nrole: ''", 5, "MISSING_FIELD", "`role` is missing"),
    "a role that is a number": ("type: awsRole\nrole: 12", 5, "WRONG_FORMAT", "`role` is not text"),
    "a role with a blank": ("type: awsRole\nrole: my role", 5, "WRONG_FORMAT", "not a role name or the ARN"),
    "the ARN of a user": ("type: awsRole\nrole: 'arn:aws:iam::111122223333:user/a'", 5, "WRONG_FORMAT", "not a role"),
    "a role filled in later": ("type: awsRole\nrole: ${ROLE}", 5, "NOT_RESOLVED", "filled in elsewhere"),
    "no resource group": (
        "type: azureManagedIdentity\nidentityName: my-identity",
        4,
        "MISSING_FIELD",
        "`resourceGroup` is missing",
    ),
    "a resource group that ends in a dot": (
        "type: azureManagedIdentity\nidentityName: my-identity\nresourceGroup: group.",
        6,
        "WRONG_FORMAT",
        "not the name of a resource group",
    ),
    "an account's short name": (
        "type: gcpServiceAccount\nserviceAccountEmail: my-app",
        5,
        "WRONG_FORMAT",
        "fully qualified",
    ),
    "the default account of Compute Engine": (
        "type: gcpServiceAccount\nserviceAccountEmail: 123-compute@developer.gserviceaccount.com",
        5,
        "WRONG_FORMAT",
        "fully qualified",
    ),
    "no config": ("type: disk\ndiskName: a", 4, "MISSING_FIELD", "`config` is missing"),
    "an instance without region": (
        "type: cloudSql\nconfig:\n  cloudSqlConnectionName: my-project:db\n  cloudSqlDatabasePort: 1\n"
        "  cloudSqlServiceAccount: my-app",
        6,
        "WRONG_FORMAT",
        "PROJECT:REGION:INSTANCE",
    ),
    "a port in quotes": (
        "type: cloudSql\nconfig:\n  cloudSqlConnectionName: my-project:us-east1:db\n  cloudSqlDatabasePort: '1'\n"
        "  cloudSqlServiceAccount: my-app",
        7,
        "WRONG_FORMAT",
        "not a port number",
    ),
    "no port": (
        "type: cloudSql\nconfig:\n  cloudSqlConnectionName: my-project:us-east1:db\n  cloudSqlServiceAccount: my-app",
        6,
        "MISSING_FIELD",
        "`cloudSqlDatabasePort` is missing",
    ),
}


@pytest.mark.parametrize(("connection", "line", "code", "said"), BAD.values(), ids=BAD)
def test_what_is_not_as_documented_is_a_problem_with_its_line(connection: str, line: int, code: str, said: str) -> None:
    found = with_connection(connection)
    problem = next(problem for problem in found.problems if problem.code == code)
    assert (problem.line, problem.service) == (line, "api")
    assert said in problem.message
    assert isinstance(found.services[0].connections[0], UnreadConnection)


def test_a_field_that_is_not_documented_is_named_and_the_rest_is_read() -> None:
    found = with_connection("type: awsRole\nrole: a\nregion: us-east-2")
    assert [(p.line, p.code) for p in found.problems] == [(6, "UNKNOWN_FIELD")]
    assert found.services[0].connections == (AwsRoleConnection(line=4, role="a"),)


def test_a_second_connection_of_a_type_is_named_with_the_line_of_the_first() -> None:
    text = (
        "services:\n  - name: a\n    connections:\n      - {type: awsRole, role: x}\n      - {type: awsRole, role: y}\n"
    )
    found = parse(text)
    assert [(p.line, p.code) for p in found.problems] == [(5, "DUPLICATE_TYPE")]
    assert "the first is in line 4" in found.problems[0].message
    assert len(found.services[0].connections) == 2


@pytest.mark.parametrize("name", sorted(STATIC_CREDENTIALS))
def test_a_static_credential_is_named_and_its_value_is_not_kept(name: str) -> None:
    value = "kept-" + "secret"
    text = f"services:\n  - name: a\n    env:\n      {name}: {value}\nenv:\n  {name.lower()}: {value}\n"
    found = parse(text)
    assert [(p.line, p.code, p.service) for p in found.problems] == [
        (4, "STATIC_CREDENTIAL", "a"),
        (6, "STATIC_CREDENTIAL", ""),
    ]
    assert value not in repr(found)


def test_variables_of_deploy_jobs_are_read() -> None:
    found = parse("services: []\npredeploy:\n  run: x\n  env:\n    AZURE_CLIENT_SECRET: x\n")
    assert [(p.line, p.code, p.service) for p in found.problems] == [(5, "STATIC_CREDENTIAL", "predeploy")]


def test_what_is_not_read_is_said() -> None:
    found = parse("services:\n  - name: a\n    env: [A]\napps: {}\n")
    assert [(p.line, p.code) for p in found.problems] == [(3, "NOT_READ"), (4, "NOT_READ")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("services: []\nconnections:\n  - {type: awsRole, role: admin}\n", 3),
        ("services: []\njobs:\n  - name: j\n    connections:\n      - {type: awsRole, role: admin}\n", 5),
        ("services:\n  - name: a\n    sidecar:\n      connections: {type: awsRole}\n", 4),
    ],
)
def test_connections_that_stand_elsewhere_are_named_and_not_passed_over(text: str, line: int) -> None:
    found = parse(text)
    assert [(p.line, p.code) for p in found.problems] == [(line, "UNKNOWN_FIELD")]


def test_connections_without_a_value_are_none() -> None:
    found = parse("services:\n  - name: a\n    connections:\n")
    assert found.services[0].connections == ()
    assert found.problems == ()


REFUSED = {
    "a list": ("- a\n", "line 1: the file is not a mapping"),
    "no services": ("name: a\n", "line 1: there are no `services`"),
    "services by name": ("services:\n  api: {}\n", "line 2: `services` is not a list"),
    "a service that is text": ("services:\n  - api\n", "line 2: a service is not a mapping"),
    "a service without name": ("services:\n  - type: web\n", "line 2: a service has no `name`"),
    "two services of one name": ("services:\n  - name: a\n  - name: a\n", "line 3: service `a` stands in line 2"),
    "connections by type": ("services:\n  - name: a\n    connections: {}\n", "line 3: `connections` is not a list"),
    "a connection that is text": ("services:\n  - name: a\n    connections: [x]\n", "line 3: a connection is not"),
    "an alias": ("x: &a 1\nservices: *a\n", "line 1: anchors are not allowed"),
    "a duplicate key": ("services: []\nservices: []\n", "line 2: duplicate key `services`"),
    "a tab": ("services:\n\t- name: a\n", "line 2: is not YAML"),
    "a tag": ("services: !!set {}\n", "line 1: tag"),
    "5 MB": ("services: []\n#" + "x" * 5_000_000, "larger than"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_told_apart_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: no such file"):
        read_porter_yaml(tmp_path / "porter.yaml")


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(["awsRole", "cloudSql"])
KEYS = st.sampled_from(["name", "services", "connections", "type", "role", "config", "env"])


def said_of(value: object) -> tuple[str | None, PorterYaml | None]:
    try:
        return None, parse(json.dumps(value))
    except InputError as error:
        return str(error), None


@given(
    st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner), max_leaves=12
    )
)
def test_any_value_is_read_or_refused_in_one_line_with_its_file(value: object) -> None:
    refused, found = said_of(value)
    problems = [problem.message for problem in found.problems] if found else [str(refused)]
    assert found is not None or str(refused).startswith("input `porter.yaml`: ")
    assert not [said for said in problems if "\n" in said]
