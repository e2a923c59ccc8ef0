"""What moto lacks outside IAM: EKS Pod Identity associations, and a short list of regions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from threading import Lock
from typing import Any
from urllib.parse import unquote

import msgspec

from scanner.localcloud.aws_wire import Call, Reply, json_reply, xml


class Association(msgspec.Struct, frozen=True):
    """One Pod Identity association."""

    cluster: str
    region: str
    namespace: str
    service_account: str
    role_arn: str
    target_role_arn: str | None
    external_id: str | None
    created: datetime
    account_id: str
    partition: str

    @property
    def association_id(self) -> str:
        """Return the id: the same association has the same id in every run."""
        key = f"{self.region}/{self.cluster}/{self.namespace}/{self.service_account}"
        return "a-" + sha256(key.encode()).hexdigest()[:17]

    @property
    def arn(self) -> str:
        """Return the association's ARN."""
        head = f"arn:{self.partition}:eks:{self.region}:{self.account_id}"
        return f"{head}:podidentityassociation/{self.cluster}/{self.association_id}"


class PodIdentities:
    """The associations of one account, answered as EKS's REST API does. Safe to use from several threads."""

    def __init__(self, account_id: str, partition: str, page_size: int = 100) -> None:
        self._account_id = account_id
        self._partition = partition
        self._page_size = page_size
        self._lock = Lock()
        self._all: list[Association] = []

    def create(self, call: Call) -> Reply | str:
        """Add an association; return the answer, or a message why it cannot be."""
        body: dict[str, Any] = json.loads(call.body)
        made = Association(
            cluster=_cluster(call),
            region=call.region,
            namespace=body["namespace"],
            service_account=body["serviceAccount"],
            role_arn=body["roleArn"],
            target_role_arn=body.get("targetRoleArn"),
            external_id=sha256(call.path.encode()).hexdigest()[:20] if body.get("targetRoleArn") else None,
            created=datetime.now(UTC),
            account_id=self._account_id,
            partition=self._partition,
        )
        with self._lock:
            if any(known.arn == made.arn for known in self._all):
                return "the service account has an association already"
            self._all.append(made)
        return json_reply({"association": _detail(made)})

    def list(self, call: Call) -> Reply:
        """Return one page of summaries."""
        with self._lock:
            found = [a for a in self._all if a.cluster == _cluster(call) and a.region == call.region]
        for key, field in (("namespace", "namespace"), ("serviceAccount", "service_account")):
            if key in call.params:
                found = [a for a in found if getattr(a, field) == call.params[key]]
        start = int(call.params.get("nextToken", "at-0").removeprefix("at-"))
        end = start + min(int(call.params.get("maxResults", self._page_size)), self._page_size)
        answer: dict[str, Any] = {"associations": [_summary(a) for a in found[start:end]]}
        if end < len(found):
            answer["nextToken"] = f"at-{end}"
        return json_reply(answer)

    def describe(self, call: Call) -> Reply | None:
        """Return one association in full, or None if there is none."""
        found = self._find(call)
        return None if found is None else json_reply({"association": _detail(found)})

    def delete(self, call: Call) -> Reply | None:
        """Take one association away, or return None if there is none."""
        found = self._find(call)
        if found is None:
            return None
        with self._lock:
            self._all.remove(found)
        return json_reply({"association": _detail(found)})

    def _find(self, call: Call) -> Association | None:
        wanted = call.path.rstrip("/").rpartition("/")[2]
        with self._lock:
            for one in self._all:
                if (one.region, one.cluster, one.association_id) == (call.region, _cluster(call), wanted):
                    return one
        return None


def describe_regions(call: Call, regions: tuple[str, ...], closed: tuple[str, ...], suffix: str) -> Reply:
    """Return EC2's answer: enabled regions, with AllRegions also those that the account has not opted into."""
    everything = call.params.get("AllRegions", "false").lower() == "true"
    entries = [(name, "opt-in-not-required") for name in regions]
    entries += [(name, "not-opted-in") for name in closed] if everything else []
    wanted = {value for key, value in call.params.items() if key.startswith("RegionName.")}
    items = "".join(
        xml(
            "item",
            {"regionName": name, "regionEndpoint": f"ec2.{name}.{suffix}", "optInStatus": status},
        )
        for name, status in entries
        if not wanted or name in wanted
    )
    text = (
        '<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
        f"<requestId>{call.region}</requestId><regionInfo>{items}</regionInfo></DescribeRegionsResponse>"
    )
    return Reply(200, "text/xml", text.encode())


def list_regions(call: Call, regions: tuple[str, ...], closed: tuple[str, ...]) -> Reply:
    """Return the Account API's answer, with its status filter."""
    wanted = set(json.loads(call.body or b"{}").get("RegionOptStatusContains") or ())
    entries = [(name, "ENABLED_BY_DEFAULT") for name in regions] + [(name, "DISABLED") for name in closed]
    return json_reply(
        {"Regions": [{"RegionName": n, "RegionOptStatus": s} for n, s in entries if not wanted or s in wanted]}
    )


def _cluster(call: Call) -> str:
    return unquote(call.path.split("/")[2])


def _summary(one: Association) -> dict[str, Any]:
    return {
        "clusterName": one.cluster,
        "namespace": one.namespace,
        "serviceAccount": one.service_account,
        "associationArn": one.arn,
        "associationId": one.association_id,
    }


def _detail(one: Association) -> dict[str, Any]:
    moment = one.created.timestamp()
    answer: dict[str, Any] = {
        **_summary(one),
        "roleArn": one.role_arn,
        "tags": {},
        "createdAt": moment,
        "modifiedAt": moment,
        "disableSessionTags": False,
    }
    if one.target_role_arn:
        answer |= {"targetRoleArn": one.target_role_arn, "externalId": one.external_id}
    return answer
