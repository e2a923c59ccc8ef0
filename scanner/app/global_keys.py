"""Types of the condition keys that belong to no service; the catalogue package lists only services' own pages."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html (multivalued: ArrayOf).
# A key that AWS adds later has no type here, and what depends on its type is then undecided.
GLOBAL_KEY_TYPES: Final = MappingProxyType(
    {
        "aws:assumedroot": "Bool",
        "aws:calledvia": "ArrayOfString",
        "aws:calledviafirst": "String",
        "aws:calledvialast": "String",
        "aws:chatbotsourcearn": "ARN",
        "aws:currenttime": "Date",
        "aws:ec2instancesourceprivateipv4": "IPAddress",
        "aws:ec2instancesourcevpc": "String",
        "aws:epochtime": "Date",
        "aws:federatedprovider": "String",
        "aws:multifactorauthage": "Numeric",
        "aws:multifactorauthpresent": "Bool",
        "aws:principalaccount": "String",
        "aws:principalarn": "ARN",
        "aws:principalisawsservice": "Bool",
        "aws:principalorgid": "String",
        "aws:principalorgpaths": "ArrayOfString",
        "aws:principalservicename": "String",
        "aws:principalservicenameslist": "ArrayOfString",
        "aws:principaltag/*": "String",
        "aws:principaltype": "String",
        "aws:referer": "String",
        "aws:requestedregion": "String",
        "aws:requesttag/*": "String",
        "aws:resourceaccount": "String",
        "aws:resourceorgid": "String",
        "aws:resourceorgpaths": "ArrayOfString",
        "aws:resourcetag/*": "String",
        "aws:securetransport": "Bool",
        "aws:sourceaccount": "String",
        "aws:sourcearn": "ARN",
        "aws:sourceidentity": "String",
        "aws:sourceip": "IPAddress",
        "aws:sourceorgid": "String",
        "aws:sourceorgpaths": "ArrayOfString",
        "aws:sourcevpc": "String",
        "aws:sourcevpcarn": "ARN",
        "aws:sourcevpce": "String",
        "aws:tagkeys": "ArrayOfString",
        "aws:tokenissuetime": "Date",
        "aws:useragent": "String",
        "aws:userid": "String",
        "aws:username": "String",
        "aws:viaawsservice": "Bool",
        "aws:vpceaccount": "String",
        "aws:vpceorgid": "String",
        "aws:vpceorgpaths": "ArrayOfString",
        "aws:vpcsourceip": "IPAddress",
    }
)
"""Lower-cased key -> type; `/*` stands for a key whose last part the request names."""

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html (keys for OIDC federation)
OIDC_CLAIM_TYPES: Final = MappingProxyType({"amr": "ArrayOfString", "aud": "String", "sub": "String"})
"""Claims every OpenID Connect provider may send, under `<provider host and path>:<claim>`."""
