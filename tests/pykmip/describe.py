"""Prints what PyKMIP's client reads of every object that is there, as JSON.

Usage: describe.py HOST PORT FOLDER OWNER...
"""

import json
import sys

from kmip.pie import exceptions

from common import V1_4, connect, describe_attributes, describe_object, plain

ATTRIBUTES = [
    "Unique Identifier", "Name", "Object Type", "Cryptographic Algorithm", "Cryptographic Length", "Certificate Type",
    "Operation Policy Name", "Cryptographic Usage Mask", "State", "Initial Date", "Object Group",
    "Application Specific Information",
]


def get(client, uid):
    try:
        return describe_object(client.get(uid))
    except exceptions.KmipOperationFailure as failure:
        return plain({"reason": failure.reason, "message": failure.message})


def main(host, port, folder, *owners):
    said = {}
    for owner in owners:
        with connect(host, port, folder, name=owner, version=V1_4) as newer, connect(host, port, folder, name=owner) as client:
            seen = said[owner] = {}
            for uid in client.locate():
                _, attributes = client.get_attributes(uid, ATTRIBUTES)
                _, sensitive = newer.get_attributes(uid, ["Sensitive"])
                seen[uid] = {
                    "attributes": describe_attributes(attributes),
                    "sensitive": describe_attributes(sensitive),
                    "object": get(client, uid),
                }
    json.dump(said, sys.stdout, indent=1, sort_keys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
