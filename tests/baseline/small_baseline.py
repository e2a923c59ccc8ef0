"""A small documented version to break, and the ways to break it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

Data = dict[str, Any]

SMALL: Data = {
    "format": "porter-audit/baseline/aws/v1",
    "vendor": "acme",
    "version": "1",
    "cloud": "aws",
    "title": "Acme's access",
    "publication": "published",
    "name_prefix": "acme",
    "documents": {"D1": {"title": "Page", "retrieved": "2026-01-01", "publication": "published"}},
    "variables": {
        "account_id": {"description": "audited", "kind": "account-id"},
        "vendor_id": {"description": "vendor", "kind": "account-id", "default": "111122223333"},
        "external_id": {"description": "secret", "kind": "external-id", "sensitive": True},
        "suffix": {"description": "open part"},
    },
    "vendor_accounts": {"111122223333": "Acme"},
    "roles": {
        "acme-reader": {
            "created_by": "the customer",
            "purpose": "reads",
            "assumable_from_outside": True,
            "source": {"document": "D1", "line": 1},
            "trust": {
                "external_id": "required",
                "statements": [
                    {
                        "sid": "Outside",
                        "principals": {"AWS": ["arn:aws:iam::{vendor_id}:root"]},
                        "actions": ["sts:AssumeRole"],
                        "conditions": {"StringEquals": {"sts:ExternalId": ["{external_id}"]}},
                        "source": {"document": "D1", "line": 2},
                    }
                ],
            },
            "managed_policies": [
                {"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess", "sids": ["Read"], "source": {"document": "D1"}}
            ],
            "statements": [
                {
                    "sid": "Read",
                    "actions": ["s3:Get*", "s3:ListBucket"],
                    "resources": ["arn:aws:s3:::acme-{suffix}-${aws:username}/*", "arn:aws:s3:::{other}"],
                    "conditions": {"StringEquals": {"aws:ResourceAccount": ["{account_id}"]}},
                    "permissive": {"StringLike": {"aws:ResourceAccount": ["{account_id}"]}},
                    "source": {"document": "D1", "row": 1, "line": 3},
                },
                {
                    "sid": "ReadMore",
                    "same_as": "acme-reader/Read",
                    "actions": ["s3:Get*", "s3:ListBucket"],
                    "resources": ["*"],
                    "source": {"document": "D1", "row": 2, "line": 4},
                },
            ],
        }
    },
}


def small() -> Data:
    """Return a fresh copy."""
    return copy.deepcopy(SMALL)


def role(data: Data) -> Data:
    return dict.__getitem__(data["roles"], "acme-reader")


def statement(data: Data) -> Data:
    first: Data = role(data)["statements"][0]
    return first


def trust(data: Data) -> Data:
    found: Data = role(data)["trust"]
    return found


Break = Callable[[Data], object]

_ROLE = "role `acme-reader`"
_READ = f"{_ROLE}: statement `Read`"

# name: (how to break it, what the message must hold)
BROKEN: dict[str, tuple[Break, str]] = {
    "unknown key at the top": (lambda d: d.update(rolls={}), "unknown key `rolls`"),
    "unknown key of a role": (lambda d: role(d).update(acions=[]), f"{_ROLE}: unknown key `acions`"),
    "unknown key of a statement": (lambda d: statement(d).update(acions=[]), f"{_READ}: unknown key `acions`"),
    "unknown key of trust": (lambda d: trust(d).update(who=1), f"{_ROLE}: trust: unknown key `who`"),
    "unknown key of a source": (
        lambda d: statement(d)["source"].update(page=1),
        f"{_READ}: source: unknown key `page`",
    ),
    "unknown key of a variable": (
        lambda d: d["variables"]["suffix"].update(hidden=True),
        "variable `suffix`: unknown key `hidden`",
    ),
    "other format": (lambda d: d.update(format="v9"), "`format` must be one of"),
    "other cloud": (lambda d: d.update(cloud="gcp"), "`cloud` must be one of `aws`"),
    "no title": (lambda d: d.pop("title"), "missing key `title`"),
    "no roles": (lambda d: d.pop("roles"), "missing key `roles`"),
    "roles as a list": (lambda d: d.update(roles=[]), "`roles` must be a mapping, not a list"),
    "role as text": (lambda d: d["roles"].update({"acme-reader": "x"}), f"{_ROLE}: expected a mapping, not text"),
    "no actions": (lambda d: statement(d).pop("actions"), f"{_READ}: missing key `actions`"),
    "empty actions": (lambda d: statement(d).update(actions=[]), f"{_READ}: `actions` must not be empty"),
    "actions as text": (lambda d: statement(d).update(actions="s3:*"), f"{_READ}: `actions` must be a list, not text"),
    "action as a number": (
        lambda d: statement(d).update(actions=[7]),
        f"{_READ}: `actions` must hold text, not a number",
    ),
    "actions run together": (
        lambda d: statement(d).update(actions=["s3:GetObjects3:PutObject"]),
        f"{_READ}: `s3:GetObjects3:PutObject` is not an action",
    ),
    "resource that is no ARN": (
        lambda d: statement(d).update(resources=["acme-bucket"]),
        f"{_READ}: `acme-bucket` is not `*` or an ARN",
    ),
    "effect misspelt": (lambda d: statement(d).update(effect="allow"), f"{_READ}: `effect` must be one of"),
    "condition operator misspelt": (
        lambda d: statement(d).update(conditions={"StringEqual": {"aws:x": ["y"]}}),
        f"{_READ}: `conditions`: unknown operator `StringEqual`",
    ),
    "condition without keys": (
        lambda d: statement(d).update(conditions={"StringEquals": {}}),
        f"{_READ}: `conditions`: `StringEquals` must be a mapping of condition keys",
    ),
    "condition value as text": (
        lambda d: statement(d).update(conditions={"StringEquals": {"aws:x": "y"}}),
        "`aws:x` must be a list, not text",
    ),
    "condition without values": (
        lambda d: statement(d).update(conditions={"Bool": {"aws:x": []}}),
        "`aws:x` must not be empty",
    ),
    "condition key that is none": (
        lambda d: statement(d).update(conditions={"Bool": {"true": ["x"]}}),
        "`true` is not a condition key",
    ),
    "conditions as a list": (
        lambda d: statement(d).update(conditions=[]),
        f"{_READ}: `conditions` must be a mapping, not a list",
    ),
    "line as text": (lambda d: statement(d)["source"].update(line="3"), f"{_READ}: source: `line` must be a number"),
    "line as true": (lambda d: statement(d)["source"].update(line=True), "`line` must be a number"),
    "no source": (lambda d: statement(d).pop("source"), f"{_READ}: missing key `source`"),
    "source of an unknown document": (
        lambda d: statement(d)["source"].update(document="D9"),
        f"{_READ}: source: unknown document `D9`",
    ),
    "statement named twice": (
        lambda d: role(d)["statements"][1].update(sid="Read"),
        f"{_ROLE}: duplicate statement `Read`",
    ),
    "reference to nothing": (
        lambda d: role(d)["statements"][1].update(same_as="acme-reader/Wrote"),
        "`same_as` names `acme-reader/Wrote`, which is not there",
    ),
    "reference to something else": (
        lambda d: role(d)["statements"][1].update(actions=["s3:PutObject"]),
        "neither actions nor resources are those of `acme-reader/Read`",
    ),
    "managed policy that names no row": (
        lambda d: role(d)["managed_policies"][0].update(sids=["Gone"]),
        "managed policy `arn:aws:iam::aws:policy/ReadOnlyAccess`: unknown statement `Gone`",
    ),
    "flag as text": (
        lambda d: role(d).update(assumable_from_outside="yes"),
        f"{_ROLE}: `assumable_from_outside` must be true or false, not text",
    ),
    "no principals": (
        lambda d: trust(d)["statements"][0].update(principals={}),
        f"{_ROLE}: trust: statement `Outside`: `principals` must not be empty",
    ),
    "principal of an unknown kind": (
        lambda d: trust(d)["statements"][0].update(principals={"Aws": ["*"]}),
        "principals: unknown key `Aws`",
    ),
    "ExternalId required without a condition": (
        lambda d: trust(d)["statements"][0].pop("conditions"),
        "`external_id` is `required` but no statement has a condition on sts:ExternalId",
    ),
    "ExternalId not required with a condition": (
        lambda d: trust(d).update(external_id="not-applicable"),
        "`external_id` is `not-applicable` but a statement has a condition on sts:ExternalId",
    ),
    "no ExternalId without a reason": (
        lambda d: (trust(d).update(external_id="none-documented"), trust(d)["statements"][0].pop("conditions")),
        "missing key `external_id_reason`",
    ),
    "risk note on an unknown role": (
        lambda d: d.update(risk_notes={"C1": {"roles": ["acme-writer"], "severity": "low", "summary": "x"}}),
        "risk note `C1`: unknown role `acme-writer`",
    ),
    "risk note of an unknown severity": (
        lambda d: d.update(risk_notes={"C1": {"roles": ["acme-reader"], "severity": "bad", "summary": "x"}}),
        "risk note `C1`: `severity` must be one of",
    ),
    "account id of 11 digits": (
        lambda d: d.update(vendor_accounts={"11112222333": "x"}),
        "`11112222333` is not an account id of 12 digits",
    ),
    "variable named like an option": (
        lambda d: d["variables"].update({"Account-Id": {"description": "x"}}),
        "variable `Account-Id`: a variable's name is",
    ),
    "document without a date": (
        lambda d: d["documents"]["D1"].pop("retrieved"),
        "document `D1`: missing key `retrieved`",
    ),
    "two roles of one live name": (
        lambda d: d["roles"].update(
            {
                "acme-other": {
                    **{k: v for k, v in role(small()).items() if k not in ("statements", "managed_policies")},
                    "name_pattern": "acme-reader",
                }
            }
        ),
        "two roles have `name_pattern` `acme-reader`",
    ),
}
