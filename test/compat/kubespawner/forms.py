"""Forms of profiles as the real KubeSpawner renders them.

Usage: forms.py < QUESTIONS > ANSWERS, both JSON. A question has `config` (of KubeSpawner) and `options` (`user_options`).
"""

import asyncio
import json
import os
import sys
import tempfile

WORK = tempfile.mkdtemp()
os.environ["KUBECONFIG"] = os.path.join(WORK, "kubeconfig")
with open(os.environ["KUBECONFIG"], "w") as f:
    f.write('{"apiVersion": "v1", "kind": "Config", "current-context": "n", "users": [{"name": "n", "user": {}}],')
    f.write('"contexts": [{"name": "n", "context": {"cluster": "n", "user": "n"}}],')
    f.write('"clusters": [{"name": "n", "cluster": {"server": "http://127.0.0.1:1"}}]}')

from kubespawner import KubeSpawner
from traitlets.config import Config


async def form(question):
    config = Config()
    config.KubeSpawner = Config(question["config"])
    spawner = KubeSpawner(_mock=True, config=config)
    spawner.user_options = question["options"]
    try:
        return {"form": await spawner.get_options_form()}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


async def main():
    json.dump([await form(each) for each in json.load(sys.stdin)], sys.stdout)


asyncio.run(main())
