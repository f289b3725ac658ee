"""Converts the REST API description of JupyterHub's source distribution to JSON, as it is.

Usage: openapi.py SDIST_DIRECTORY OUT.json
"""

import datetime
import json
import os
import sys

import yaml


def plain(value):
    # YAML reads an example timestamp as a date; JSON has none
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    raise TypeError(f"{value!r} has no JSON form")


def keyed_by_text(value):
    if isinstance(value, dict):
        return {str(k): keyed_by_text(v) for k, v in value.items()}
    if isinstance(value, list):
        return [keyed_by_text(v) for v in value]
    return value


def main():
    sdist, out = sys.argv[1:]
    with open(os.path.join(sdist, "docs", "source", "_static", "rest-api.yml")) as f:
        document = keyed_by_text(yaml.safe_load(f))
    with open(out, "w") as f:
        json.dump(document, f, indent=1, ensure_ascii=False, default=plain)
        f.write("\n")
    print("openapi", document["info"]["version"], len(document["paths"]), "paths")


if __name__ == "__main__":
    main()
