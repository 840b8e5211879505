"""Holds the manifests in a file to the schemas of these versions of Kubernetes, and prints them as JSON.

usage: validate.py FILE VERSION...
"""

import json
import sys

import kubernetes_validate
import yaml

path, *versions = sys.argv[1:]
with open(path) as file:
    manifests = list(yaml.safe_load_all(file))
for manifest in manifests:
    for version in versions:
        try:
            # Strict: a misspelt key is a mistake.
            used = kubernetes_validate.validate(manifest, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            sys.exit(f"{path}: Kubernetes {version}: {'.'.join(map(str, error.path))}: {error.message}")
        if used != version:
            sys.exit(f"kubernetes-validate has no schemas of {version}; the nearest are of {used}")
json.dump(manifests, sys.stdout)
