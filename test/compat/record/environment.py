"""Records what a real hub hands to the server it spawns: names of variables and the form of their values.

Usage: environment.py OUT.json
"""

import json
import os
import re
import sys

import jupyterhub
from conversation import Recorder, exchange
from real_hub import real_hub

SERVICE = "recorder-token-of-the-fixtures"
NAMED = "\nc.JupyterHub.allow_named_servers = True\n"
# name: (configuration, path of the server)
CASES = {
    "default": ("", "/server"),
    "named": (NAMED, "/servers/gpu"),
    "options": (
        """
c.JupyterHub.public_url = "https://hub.example/"
c.JupyterHub.admin_access = True
c.JupyterHub.cookie_host_prefix_enabled = True
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 2, "cookie_options": {"secure": True}}
c.Spawner.default_url = "/lab"
c.Spawner.notebook_dir = "~/work"
c.Spawner.mem_limit = "1G"
c.Spawner.mem_guarantee = "512M"
c.Spawner.cpu_limit = 2
c.Spawner.cpu_guarantee = 0.5
c.Spawner.debug = True
c.Spawner.disable_user_config = True
c.Spawner.args = ["--an-argument"]
c.Spawner.env_keep = ["KEPT"]
c.Spawner.environment = {"PLAIN": "{username}", "CALLED": lambda spawner: spawner.user.name, "JUPYTERHUB_USER": "overridden"}
c.Spawner.oauth_client_allowed_scopes = ["read:users!user"]
""",
        "/server",
    ),
}


def form(recorder, text):
    text = recorder.hide(text)
    # the server's port and what the machine decides
    text = re.sub(r"(127\.0\.0\.1:)\d+", r"\1{port}", text)
    return text


def record(config, path):
    os.environ["KEPT"] = "kept"
    os.environ["NOT_KEPT"] = "not kept"
    with real_hub(config) as hub:
        out = os.path.join(hub.directory, "environment.json")
        recorder = Recorder(hub)
        headers = {"Authorization": f"token {SERVICE}"}
        exchange(hub.hub, "POST", "/hub/api/users/alice", headers, b"")
        answer = exchange(
            hub.hub, "POST", f"/hub/api/users/alice{path}", headers, json.dumps({"environment": out}).encode()
        )
        assert answer.status in (201, 202), (answer.status, answer.text)
        with open(out) as f:
            seen = json.load(f)
    kept = {"PATH", "HOME", "LANG", "LC_ALL", "SHELL", "USER", "VIRTUAL_ENV", "PYTHONPATH", "LD_LIBRARY_PATH"}
    return {
        "configuration": config.strip().splitlines(),
        "arguments": [form(recorder, a) for a in seen["argv"][1:]],
        "workingDirectory": form(recorder, seen["cwd"]),
        "environment": {
            name: "{from the hub's environment}" if name in kept and not value.startswith(hub.directory) else form(recorder, value)
            for name, value in sorted(seen["environment"].items())
        },
    }


def main():
    document = {"jupyterhub": jupyterhub.__version__, "spawner": "SimpleLocalProcessSpawner"}
    document["cases"] = {name: record(config, path) for name, (config, path) in CASES.items()}
    with open(sys.argv[1], "w") as f:
        json.dump(document, f, indent=1, ensure_ascii=False)
        f.write("\n")
    print({name: len(case["environment"]) for name, case in document["cases"].items()})


if __name__ == "__main__":
    main()
