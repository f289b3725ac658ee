"""Dumps the traits of KubeSpawner as traits.py does those of JupyterHub.

Usage: kubespawner_traits.py OUT.json
"""

import json
import sys

import kubespawner
from kubespawner import KubeSpawner
from traits import describe_class

described = describe_class(KubeSpawner, False)
document = {"kubespawner": kubespawner.__version__, "classes": [described]}
with open(sys.argv[1], "w") as f:
    json.dump(document, f, indent=1, ensure_ascii=False, allow_nan=False)
    f.write("\n")
