"""Small GCP and Azure parts to break, and the ways to break them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

Data = dict[str, Any]
Break = Callable[[Data], object]

_HEAD: Data = {
    "vendor": "acme",
    "version": "1",
    "title": "Acme's access",
    "publication": "published",
    "name_prefix": "acme",
    "documents": {"D1": {"title": "Page", "retrieved": "2026-01-01", "publication": "published"}},
}
_SOURCE = {"document": "D1", "line": 1}
_READER = "roles/storage.objectViewer"
_GUID = "19dbc75e-c2e2-444c-a770-ec69d8559fc7"

GCP: Data = {
    "format": "porter-audit/baseline/gcp/v1",
    "cloud": "gcp",
    **_HEAD,
    "variables": {
        "vendor_account": {"description": "their AWS account", "kind": "account-id"},
        "number": {"description": "of the project"},
    },
    "apis": [{"name": "iam.googleapis.com", "source": _SOURCE}],
    "service_accounts": {
        "acme-reader": {
            "created_by": "the customer",
            "purpose": "reads",
            "source": _SOURCE,
            "grants": [{"role": _READER, "granted_by": "customer", "source": _SOURCE}],
            "open_list": {"summary": "and so on", "source": _SOURCE},
            "keys": {"user_managed": "expected", "at_most": 1, "reason": "a file", "source": _SOURCE},
        },
        "acme-federated": {
            "created_by": "the customer",
            "purpose": "reads without key",
            "source": _SOURCE,
            "keys": {"user_managed": "forbidden", "reason": "federation", "source": _SOURCE},
            "federation": {
                "pool_pattern": "acme-*",
                "provider_pattern": "aws",
                "aws_account": "{vendor_account}",
                "attribute_mapping": {"google.subject": "assertion.arn"},
                "conjuncts": ["assertion.account == '{vendor_account}'"],
                "member": "principalSet://x/projects/{number}/y",
                "member_role": "roles/iam.workloadIdentityUser",
                "source": _SOURCE,
            },
        },
    },
    "known_extras": [{"kind": "bucket", "name_pattern": "acme-*", "severity": "info", "reason": "x", "source": "y"}],
    "contradictions": {"G1": {"summary": "a", "settled": "b", "service_accounts": ["acme-reader"]}},
    "risk_notes": {"R1": {"severity": "high", "service_accounts": ["acme-reader"], "summary": "c"}},
}

AZURE: Data = {
    "format": "porter-audit/baseline/azure/v1",
    "cloud": "azure",
    **_HEAD,
    "variables": {"subscription_id": {"description": "audited", "kind": "subscription-id"}},
    "providers": [{"name": "Microsoft.Compute", "source": _SOURCE}],
    "role_definitions": {
        "acme-role": {
            "kind": "CustomRole",
            "permissions": [{"actions": ["*/read"], "not_actions": ["Microsoft.Authorization/*"]}],
            "assignable_scopes": ["/subscriptions/{subscription_id}"],
            "source": _SOURCE,
        }
    },
    "applications": {
        "acme-sp": {
            "created_by": "the customer",
            "purpose": "reads",
            "source": _SOURCE,
            "role_assignments": [{"role": "acme-role", "scope": "/", "source": _SOURCE}],
            "app_roles": [{"value": "Directory.Read.All", "id": _GUID, "source": _SOURCE}],
            "secrets": {"client_secret": "expected", "max_age_days": 30, "reason": "x", "source": _SOURCE},
        },
        "acme-federated": {
            "created_by": "the customer",
            "purpose": "reads without secret",
            "source": _SOURCE,
            "secrets": {"client_secret": "forbidden", "reason": "federation", "source": _SOURCE},
            "federated_credentials": [
                {"name_pattern": "n", "issuer_pattern": "i", "subject_pattern": "s", "audience": "a", "source": _SOURCE}
            ],
        },
    },
    "contradictions": {"A1": {"summary": "a", "settled": "b", "identities": ["acme-role", "acme-sp"]}},
}


def fresh(data: Data) -> Data:
    """Return a copy to break."""
    return copy.deepcopy(data)


def _sa(data: Data, name: str = "acme-reader") -> Data:
    found: Data = data["service_accounts"][name]
    return found


def _role(data: Data) -> Data:
    found: Data = data["role_definitions"]["acme-role"]
    return found


def _app(data: Data, name: str = "acme-sp") -> Data:
    found: Data = data["applications"][name]
    return found


_READS = "service account `acme-reader`"

BROKEN_GCP: dict[str, tuple[Break, str]] = {
    "unknown key at the top": (lambda d: d.update(roles={}), "unknown key `roles`"),
    "unknown key of an account": (lambda d: _sa(d).update(key=1), f"{_READS}: unknown key `key`"),
    "unknown key of a grant": (lambda d: _sa(d)["grants"][0].update(on="x"), "unknown key `on`"),
    "other cloud": (lambda d: d.update(cloud="aws"), "`cloud` must be one of `gcp`"),
    "no accounts": (lambda d: d.pop("service_accounts"), "missing key `service_accounts`"),
    "no keys claim": (lambda d: _sa(d).pop("keys"), f"{_READS}: missing key `keys`"),
    "no source of a grant": (lambda d: _sa(d)["grants"][0].pop("source"), "missing key `source`"),
    "role without prefix": (
        lambda d: _sa(d)["grants"][0].update(role="storage.admin"),
        "`storage.admin` is not a role's id",
    ),
    "role with a wildcard": (lambda d: _sa(d)["grants"][0].update(role="roles/*"), "`roles/*` is not a role's id"),
    "scope misspelt": (lambda d: _sa(d)["grants"][0].update(scope="projects"), "`scope` must be one of"),
    "granted by nobody": (lambda d: _sa(d)["grants"][0].pop("granted_by"), "missing key `granted_by`"),
    "standing misspelt": (lambda d: _sa(d)["grants"][0].update(standing="draft"), "`standing` must be one of"),
    "keys expected without a number": (lambda d: _sa(d)["keys"].pop("at_most"), "`at_most` is 0"),
    "keys forbidden with a number": (
        lambda d: _sa(d, "acme-federated")["keys"].update(at_most=1),
        "`user_managed` is `forbidden` but `at_most` is 1",
    ),
    "no condition of a federation": (
        lambda d: _sa(d, "acme-federated")["federation"].update(conjuncts=[]),
        "`conjuncts` must not be empty",
    ),
    "account of eleven digits": (
        lambda d: _sa(d, "acme-federated")["federation"].update(aws_account="11111111111"),
        "is not an account id or a variable",
    ),
    "API that is none": (lambda d: d["apis"][0].update(name="iam"), "`iam` is not a Google API"),
    "extra of an unknown kind": (lambda d: d["known_extras"][0].update(kind="vm"), "`kind` must be one of"),
    "variable of another cloud's kind": (
        lambda d: d["variables"]["number"].update(kind="external-id"),
        "`kind` must be one of",
    ),
}

LOOSE_GCP: dict[str, tuple[Break, str]] = {
    "source of an unknown document": (
        lambda d: _sa(d)["grants"][0]["source"].update(document="D9"),
        "unknown document `D9`",
    ),
    "grant given twice": (
        lambda d: _sa(d)["grants"].append(dict(_sa(d)["grants"][0])),
        f"{_READS}: duplicate grant `{_READER} on project`",
    ),
    "variable not declared": (
        lambda d: d["variables"].pop("number"),
        "variable `number` is used but not declared",
    ),
    "note on an unknown account": (
        lambda d: d["risk_notes"]["R1"].update(service_accounts=["acme-writer"]),
        "risk note `R1`: unknown service account `acme-writer`",
    ),
    "two accounts of one name": (
        lambda d: _sa(d, "acme-federated").update(name_pattern="acme-reader"),
        "two accounts have the name `acme-reader`",
    ),
    "API twice": (lambda d: d["apis"].append(dict(d["apis"][0])), "duplicate API `iam.googleapis.com`"),
    "federation beside a key": (
        lambda d: _sa(d).update(federation=_sa(d, "acme-federated")["federation"]),
        f"{_READS}: `federation` is given but `keys` expects a key",
    ),
}

BROKEN_AZURE: dict[str, tuple[Break, str]] = {
    "unknown key of a definition": (lambda d: _role(d).update(action=[]), "unknown key `action`"),
    "no permissions": (lambda d: _role(d).pop("permissions"), "missing key `permissions`"),
    "kind misspelt": (lambda d: _role(d).update(kind="Custom"), "`kind` must be one of `CustomRole`"),
    "operation that is none": (
        lambda d: _role(d)["permissions"][0].update(actions=["Microsoft.Compute"]),
        "`Microsoft.Compute` is not an operation",
    ),
    "scope that is none": (lambda d: _role(d).update(assignable_scopes=["subscriptions/x"]), "is not a scope"),
    "no scope": (lambda d: _role(d).update(assignable_scopes=[]), "`assignable_scopes` must not be empty"),
    "no applications": (lambda d: d.pop("applications"), "missing key `applications`"),
    "app role without id": (lambda d: _app(d)["app_roles"][0].pop("id"), "missing key `id`"),
    "app role with a bad id": (lambda d: _app(d)["app_roles"][0].update(id="1"), "is not a lower-case GUID"),
    "secret expected without an age": (lambda d: _app(d)["secrets"].pop("max_age_days"), "`max_age_days` is 0"),
    "secret forbidden with an age": (
        lambda d: _app(d, "acme-federated")["secrets"].update(max_age_days=3),
        "`client_secret` is `forbidden` but `max_age_days` is 3",
    ),
    "age as text": (
        lambda d: _app(d)["secrets"].update(max_age_days="365"),
        "`max_age_days` must be a number from 1, not text",
    ),
    "credential without audience": (
        lambda d: _app(d, "acme-federated")["federated_credentials"][0].pop("audience"),
        "missing key `audience`",
    ),
    "provider that is none": (lambda d: d["providers"][0].update(name="Compute"), "is not a resource provider"),
}

LOOSE_AZURE: dict[str, tuple[Break, str]] = {
    "source of an unknown document": (lambda d: _role(d).update(source={"document": "D9"}), "unknown document `D9`"),
    "assignment of an unknown role": (
        lambda d: _app(d)["role_assignments"][0].update(role="Owner"),
        "application `acme-sp`: role assignment: unknown role definition `Owner`",
    ),
    "app role twice": (
        lambda d: _app(d)["app_roles"].append(dict(_app(d)["app_roles"][0])),
        f"application `acme-sp`: duplicate app role `{_GUID}`",
    ),
    "provider twice in another case": (
        lambda d: d["providers"].append({"name": "microsoft.compute", "source": _SOURCE}),
        "duplicate provider `microsoft.compute`",
    ),
    "credential beside a secret": (
        lambda d: _app(d).update(federated_credentials=_app(d, "acme-federated")["federated_credentials"]),
        "`federated_credentials` is given but `secrets` expects a client secret",
    ),
    "variable not declared": (lambda d: d.pop("variables"), "variable `subscription_id` is used but not declared"),
    "note on an unknown identity": (
        lambda d: d["contradictions"]["A1"].update(identities=["acme-x"]),
        "contradiction `A1`: unknown identity `acme-x`",
    ),
}
