"""Records how a real JupyterHub answers, conversation by conversation.

Usage: answers.py OUT_DIRECTORY [NAME ...]     (names of the groups below; none = all)
"""

import json
import os
import shutil
import sys

import jupyterhub
import tornado

import talk_api
import talk_oauth
import talk_pages
import talk_servers
from conversation import Recorder
from real_hub import real_hub

NAMED = "\nc.JupyterHub.allow_named_servers = True\nc.JupyterHub.named_server_limit_per_user = 2\n"

# group: (what is added to the configuration, the conversations held with one hub)
GROUPS = {
    "pages": ("", talk_pages.hold),
    "api": (NAMED, talk_api.hold),
    "oauth": ("", talk_oauth.hold),
    "oauth-pkce": ("\nc.JupyterHub.oauth_require_pkce = True\n", talk_oauth.hold_pkce_required),
    "servers": (NAMED, talk_servers.hold),
    "servers-plain": ("", talk_servers.hold_plain),
    "throttle": (
        "\nc.JupyterHub.concurrent_spawn_limit = 1\nc.JupyterHub.active_server_limit = 2\n",
        talk_servers.hold_throttle,
    ),
}


def write(directory, group, config, talks):
    for name, talk in talks.items():
        document = {
            "name": name,
            "about": talk["about"],
            "jupyterhub": jupyterhub.__version__,
            "tornado": tornado.version,
            "configuration": config.strip().splitlines(),
            "steps": talk["steps"],
        }
        with open(os.path.join(directory, f"{name}.json"), "w") as f:
            json.dump(document, f, indent=1, ensure_ascii=False)
            f.write("\n")
        print(f"{group}: {name}, {len(talk['steps'])} steps", flush=True)


def main():
    directory, *wanted = sys.argv[1:]
    if not wanted:
        shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory, exist_ok=True)
    for group in wanted or GROUPS:
        config, hold = GROUPS[group]
        with real_hub(config) as hub:
            recorder = Recorder(hub)
            hold(recorder)
            write(directory, group, config, recorder.talks)


if __name__ == "__main__":
    main()
