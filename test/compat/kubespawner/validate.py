"""Checks manifests against Kubernetes' own schemas. JSON on stdin: {"versions": [...], "manifests": [...]};
a list of complaints as JSON on stdout."""

import functools
import json
import sys

import kubernetes_validate
from kubernetes_validate import utils

# the schemas are read anew for every object otherwise
utils.schema_contents = functools.cache(utils.schema_contents)

asked = json.load(sys.stdin)
complaints = []
for index, manifest in enumerate(asked["manifests"]):
    for version in asked["versions"]:
        try:
            used = kubernetes_validate.validate(manifest, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            complaints.append([index, version, str(error)[:400]])
            continue
        if used != version:
            complaints.append([index, version, f"there is no schema of that version, only of {used}"])
json.dump(complaints, sys.stdout)
