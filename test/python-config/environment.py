# What a file computes from its machine: variables, commands, files beside it.
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
c.JupyterHub.bind_url = "http://:{}".format(os.getenv("HUB_PORT", "8000"))
c.JupyterHub.hub_connect_ip = socket.gethostname()
c.JupyterHub.db_url = "sqlite:///" + os.path.join(os.getcwd(), "hub.sqlite")
c.Spawner.default_url = subprocess.check_output(["printf", "/lab"], text=True)
c.Spawner.environment = {k: v for k, v in os.environ.items() if k.startswith("COURSE_")}
c.Spawner.environment["TMPDIR"] = tempfile.gettempdir()
c.Spawner.notebook_dir = str(here / "notebooks")
c.Spawner.cpu_limit = json.loads(os.environ.get("CPU_LIMIT", "0.5"))
c["Spawner"]["mem_limit"] = f"{2 ** 3}G"
if "cmd" not in c.Spawner:
    c.Spawner.cmd = ["jupyterhub-singleuser"]
c.JupyterHub.update({"shutdown_on_logout": True, "logo_file": str(here / "logo.png")})
c.JupyterHub.init_spawners_timeout = c.JupyterHub.get("init_spawners_timeout", 10) * 2
print("configured by", sys.version)
print("a secret in passing: " + os.environ.get("COURSE_TOKEN", ""), file=sys.stderr)
