"""The trust of a service's role: what is left of IRSA in it, and what it is compared with."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from scanner.baseline.records_services import PodTrustClaim
from scanner.model.common import JsonObject
from scanner.model.inventory import AwsAccount
from scanner.rules.external_id import statements, values
from scanner.rules.questions import account_of

# https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html
_PROVIDER = re.compile(
    r"arn:aws[a-z-]*:iam::(?P<account>[0-9]{12}):oidc-provider/(?P<issuer>oidc\.eks\.[a-z0-9-]+\.amazonaws\.com[^*?]*)"
)
_IRSA_ACTION = "sts:assumerolewithwebidentity"
_ONE_ACCOUNT = re.compile(r"system:serviceaccount:[^:*?$]+:[^:*?$]+")


class Irsa(msgspec.Struct, frozen=True):
    """Statements of a trust policy that admit tokens of EKS clusters, as IRSA writes them."""

    known: tuple[str, ...]
    """Issuers of clusters that were read in this account."""
    unknown: tuple[str, ...]
    """Issuers of EKS clusters that were not."""
    rest: JsonObject
    """The policy without the statements whose issuers are all known and that name the service accounts they admit."""
    loose: tuple[str, ...] = ()
    """Known issuers whose statement admits whichever pods of the cluster."""


def irsa_of(body: JsonObject, account: AwsAccount) -> Irsa:
    """Return the IRSA statements of a trust policy, told apart by whether the cluster is one of the account's."""
    issuers = {(c.oidc_issuer or "").removeprefix("https://").rstrip("/") for c in account.clusters} - {""}
    known: list[str] = []
    unknown: list[str] = []
    loose: list[str] = []
    kept: list[JsonObject] = []
    for statement in statements(body):
        found = _issuers(statement, account.account_id)
        if found and all(issuer in issuers for issuer in found):
            known += found
            if all(_names_accounts(statement, issuer) for issuer in found):
                continue
            loose += found
        kept.append(statement)
        unknown += [issuer for issuer in found or () if issuer not in issuers]
    return Irsa(
        known=tuple(dict.fromkeys(known)),
        unknown=tuple(dict.fromkeys(unknown)),
        rest={**body, "Statement": kept},
        loose=tuple(dict.fromkeys(loose)),
    )


def _names_accounts(statement: JsonObject, issuer: str) -> bool:
    """Return whether a statement admits service accounts that it names, and no others of the cluster."""
    conditions = statement.get("Condition")
    for operator, keys in conditions.items() if isinstance(conditions, dict) else ():
        if operator.lower() in ("stringequals", "stringlike") and isinstance(keys, dict):
            named = [values(v) for k, v in keys.items() if k.lower() == f"{issuer}:sub".lower()]
            if any(found and all(_ONE_ACCOUNT.fullmatch(one) for one in found) for found in named):
                return True
    return False


def _issuers(statement: JsonObject, account_id: str) -> list[str] | None:
    """Return the issuers of a statement that is IRSA's and nothing else; None for any other statement."""
    principal = statement.get("Principal")
    actions = [action.lower() for action in values(statement.get("Action", []))]
    if statement.get("Effect") != "Allow" or not isinstance(principal, dict) or set(principal) != {"Federated"}:
        return None
    matches = [_PROVIDER.fullmatch(name) for name in values(principal["Federated"])]
    if actions != [_IRSA_ACTION] or not matches:
        return None
    found = [m["issuer"].rstrip("/") for m in matches if m is not None and m["account"] == account_id]
    return found if len(found) == len(matches) else None


def documented_trust(claim: PodTrustClaim) -> JsonObject:
    """Return the trust policy of the page."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": claim.principal}, "Action": list(claim.actions)}
        ],
    }


def is_foreign(kind: str, names: Sequence[str], account_id: str) -> bool:
    """Return whether principals of a kind are outside of the account: other accounts, other issuers, anyone."""
    if kind == "AWS":
        return any(account_of(name) != account_id for name in names)
    return kind != "Service"
