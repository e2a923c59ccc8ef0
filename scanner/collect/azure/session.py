"""From options to guarded Azure clients: credentials, national clouds, retries, and errors a person can act on."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import os
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from scanner.collect.outcome import UnitStop
from scanner.errors import CollectError
from scanner.model.snapshot import UnitStatus

LOOPBACK_VARIABLE = "PORTER_AUDIT_AZURE_ENDPOINT"
"""`https://localhost:PORT,CA_FILE`: read a server on this machine, never with credentials of anybody."""
_LOOPBACK_HOSTS = ("localhost", "127.0.0.1")
_LOGIN_ADVICE = "sign in (`az login`), or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"


class CloudEndpoints(msgspec.Struct, frozen=True):
    """Where a cloud answers."""

    arm: str
    graph: str
    authority: str


# https://learn.microsoft.com/graph/deployments and https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure
CLOUDS: dict[str, CloudEndpoints] = {
    "public": CloudEndpoints(
        "https://management.azure.com", "https://graph.microsoft.com", "https://login.microsoftonline.com"
    ),
    "usgovernment": CloudEndpoints(
        "https://management.usgovcloudapi.net", "https://graph.microsoft.us", "https://login.microsoftonline.us"
    ),
    "china": CloudEndpoints(
        "https://management.chinacloudapi.cn",
        "https://microsoftgraph.chinacloudapi.cn",
        "https://login.chinacloudapi.cn",
    ),
}


class Loopback(msgspec.Struct, frozen=True):
    """A cloud on this machine that stands in for the real one, and the authority that signed its certificate."""

    endpoints: CloudEndpoints
    ca_file: str


class AzureOptions(msgspec.Struct, frozen=True):
    """Which subscriptions to read and how patiently. What is not given is left to the environment."""

    subscriptions: tuple[str, ...] = ()
    """Empty: AZURE_SUBSCRIPTION_ID, else the one that the reader sees."""
    management_group: str | None = None
    """Read every subscription below it, one after the other."""
    tenant: str | None = None
    cloud: str = "public"
    """Key of `CLOUDS`."""
    deadline_s: float = 900
    """For the whole collection; what is not read by then is `timeout` or `not_attempted`."""
    max_attempts: int = 5
    """HTTP requests per call, the first included."""
    connect_timeout_s: float = 10
    read_timeout_s: float = 60
    fleet_run_id: str | None = None
    """Run whose targets of one tenant share what it says of itself; see `shared`. None: everything is read."""
    loopback: Loopback | None = None
    """Tests and the demo only; refused unless it is on this machine."""


class AzureSession:
    """A credential that works, and what every client of this run shares."""

    def __init__(self, options: AzureOptions, clock: Callable[[], datetime]) -> None:
        if options.cloud not in CLOUDS:
            raise CollectError(f"unknown Azure cloud `{options.cloud}`: known are {', '.join(CLOUDS)}")
        named = None if options.loopback else _named_loopback()
        self.options = options = msgspec.structs.replace(options, loopback=named) if named else options
        self.endpoints = options.loopback.endpoints if options.loopback else CLOUDS[options.cloud]
        self._clock = clock
        self._started = clock()
        _check_loopback(options)
        self.credential = _credential(options, self.endpoints, invented=named is not None)
        self.claims = self._sign_in()
        """What the token says of the reader: `tid`, `oid`, `appid`."""

    @property
    def arm_scope(self) -> str:
        """Return the token scope for Resource Manager."""
        return f"{CLOUDS[self.options.cloud].arm}/.default"

    @property
    def graph_scope(self) -> str:
        """Return the token scope for Microsoft Graph."""
        return f"{CLOUDS[self.options.cloud].graph}/.default"

    @property
    def tenant_id(self) -> str:
        """Return the tenant whose token was issued, or `unknown`."""
        return self.claims.get("tid") or self.options.tenant or "unknown"

    @property
    def verify(self) -> str | bool:
        """Return what TLS is verified against."""
        return self.options.loopback.ca_file if self.options.loopback else True

    def left_s(self) -> float:
        """Return the seconds left for the whole collection."""
        return self.options.deadline_s - (self._clock() - self._started).total_seconds()

    def expired(self) -> bool:
        """Return whether the deadline of the whole collection has passed."""
        return self.left_s() <= 0

    def _sign_in(self) -> dict[str, str]:
        """Return the claims of a first token. Raises `CollectError` in one line if there is none to be had."""
        from azure.core.exceptions import AzureError, ClientAuthenticationError
        from azure.identity import CredentialUnavailableError

        try:
            token = self.credential.get_token(self.arm_scope)
        except CredentialUnavailableError as error:
            raise CollectError("no Azure credentials found", advice=_LOGIN_ADVICE) from error
        except ClientAuthenticationError as error:
            raise _sign_in_error(error) from error
        except (AzureError, ValueError) as error:
            raise CollectError(
                f"Azure cannot be reached: {one_line(error)}", advice="check network and proxy"
            ) from error
        return claims_of(token.token)


def one_line(error: BaseException) -> str:
    """Return an error's text on one line, without the full stop."""
    text = " ".join(str(error).split())[:300].rstrip(".")
    return text[:1].lower() + text[1:]


def claims_of(token: str) -> dict[str, str]:
    """Return the claims of an access token that say who reads; nothing of a token that is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    wanted = ("tid", "oid", "appid", "idtyp")
    return {key: claims[key] for key in wanted if isinstance(claims, dict) and isinstance(claims.get(key), str)}


def _sign_in_error(error: Exception) -> CollectError:
    text = str(error)
    # Without credentials the chain says of its command lines that they are not found: that is no tenant.
    no_tenant = re.search(r"\btenant\b.{0,60}\bnot found", text, re.IGNORECASE)
    if "AADSTS90002" in text or "AADSTS90013" in text or no_tenant:
        return CollectError(
            "the tenant does not exist, or not in this cloud", advice="check --tenant and --azure-cloud"
        )
    if "AADSTS7000222" in text or "expired" in text.lower():
        return CollectError("the Azure credentials have expired", advice=_LOGIN_ADVICE)
    if "AADSTS" not in text and "Authentication failed" not in text:
        return CollectError("no Azure credentials found", advice=_LOGIN_ADVICE)
    return CollectError(f"the Azure credentials are not accepted: {_aadsts(text)}", advice=_LOGIN_ADVICE)


def _aadsts(text: str) -> str:
    """Return the provider's error number, or the first words; the whole text fills a screen."""
    start = text.find("AADSTS")
    return text[start:].split()[0].rstrip(":.,") if start >= 0 else one_line(ValueError(text))[:120]


def _named_loopback() -> Loopback | None:
    """Return the server that the environment names in place of the cloud; tests only."""
    url, _, ca_file = os.environ.get(LOOPBACK_VARIABLE, "").partition(",")
    return Loopback(CloudEndpoints(url, url, url), ca_file) if url else None


def _check_loopback(options: AzureOptions) -> None:
    if options.loopback is None:
        return
    for url in msgspec.structs.astuple(options.loopback.endpoints):
        if urlsplit(url).hostname not in _LOOPBACK_HOSTS:
            raise CollectError(f"`{url}` is not on this machine: endpoints are replaced for a loopback cloud only")


def _credential(options: AzureOptions, endpoints: CloudEndpoints, *, invented: bool) -> Any:
    """Return what signs in: the standard chain, or an invented secret where the environment names a loopback server."""
    try:
        from azure.identity import ClientSecretCredential, DefaultAzureCredential
    except ModuleNotFoundError as error:
        raise CollectError("the Azure SDK is not installed", advice="pip install 'porter-audit[azure]'") from error
    # Where nobody listens, Python prints a library's warnings: a screen of them when nothing can sign in.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    settings: dict[str, Any] = {"authority": endpoints.authority}
    if options.loopback is not None:
        settings |= {"disable_instance_discovery": True, "connection_verify": options.loopback.ca_file}
    if options.tenant:
        settings["additionally_allowed_tenants"] = [options.tenant]
    try:
        if invented:
            chain: Any = ClientSecretCredential(options.tenant or "loopback", "loopback", "loopback", **settings)
        else:
            chain = DefaultAzureCredential(**settings)
    except ValueError as error:
        raise CollectError(
            f"the Azure configuration cannot be used: {one_line(error)}", advice=_LOGIN_ADVICE
        ) from error
    return _InTenant(chain, options.tenant) if options.tenant else chain


class _InTenant:
    """The standard chain, asked for tokens of the tenant that the operator named."""

    def __init__(self, chain: Any, tenant: str) -> None:
        self._chain = chain
        self._tenant = tenant

    def get_token(self, *scopes: str, **more: Any) -> Any:
        """Return an access token of the named tenant."""
        return self._chain.get_token(*scopes, **{"tenant_id": self._tenant, **more})


def subscription_from_environment() -> tuple[str, ...]:
    """Return the subscription that the environment names, if it names one."""
    named = os.environ.get("AZURE_SUBSCRIPTION_ID")
    return (named,) if named else ()


class PatienceLimit(UnitStop):
    """The service asks to wait longer than there is time."""

    def __init__(self, wait_s: float, left_s: float) -> None:
        super().__init__(
            UnitStatus.THROTTLED,
            "TooManyRequests",
            f"the service asks to wait {wait_s:.0f} s, and {max(left_s, 0):.0f} s are left for the collection",
            http_status=429,
        )
