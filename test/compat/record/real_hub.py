"""Starts a real JupyterHub with its proxy in a temporary directory, for the recorders."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))

BASE = """
import sys
c.JupyterHub.bind_url = "http://127.0.0.1:{public}"
c.JupyterHub.hub_port = {hub}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.allow_all = True
c.DummyAuthenticator.password = "secret"
c.Authenticator.admin_users = {{"root"}}
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{directory}/homes/{{username}}"
c.Spawner.cmd = [sys.executable, "{here}/stub_server.py"]
# the stub's options travel as user options, so that a request can choose how its server behaves
def stub_options(spawner):
    for key in ("delay", "exit", "environment"):
        if key in spawner.user_options:
            spawner.args = [*spawner.args, f"--{{key}}", str(spawner.user_options[key])]
c.Spawner.pre_spawn_hook = stub_options
c.Spawner.start_timeout = 8
c.Spawner.http_timeout = 4
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 2, "slow_stop_timeout": 2}}
c.JupyterHub.services = [
    {{"name": "recorder", "api_token": "recorder-token-of-the-fixtures"}},
    {{
        "name": "svc",
        "api_token": "svc-token-of-the-fixtures",
        "oauth_client_id": "service-svc",
        "oauth_redirect_uri": "http://127.0.0.1:9/services/svc/oauth_callback",
        "oauth_client_allowed_scopes": ["read:users!user", "access:servers!user"],
    }},
    {{
        "name": "quiet",
        "api_token": "quiet-token-of-the-fixtures",
        "oauth_client_id": "service-quiet",
        "oauth_redirect_uri": "http://127.0.0.1:9/services/quiet/oauth_callback",
        "oauth_no_confirm": True,
    }},
]
c.JupyterHub.load_roles = [
    {{
        "name": "recorder",
        "services": ["recorder"],
        "scopes": [
            "admin:users", "admin:servers", "tokens", "admin:groups", "list:services", "read:services",
            "read:hub", "proxy", "access:services", "access:servers", "read:roles", "read:metrics", "shares",
            "shutdown", "admin:services",
        ],
    }},
    {{"name": "user", "scopes": ["self", "access:services"]}},
]
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Hub:
    """A running hub: `hub` and `public` are its ports, `directory` its working directory."""

    def __init__(self, directory, ports, process):
        self.directory = directory
        self.hub, self.public, self.api = ports
        self.process = process


@contextlib.contextmanager
def real_hub(extra=""):
    directory = tempfile.mkdtemp(prefix="jupyterhub-record-")
    hub, public, api = free_ports(3)
    with open(os.path.join(directory, "jupyterhub_config.py"), "w") as f:
        f.write(BASE.format(hub=hub, public=public, api=api, directory=directory, here=HERE))
        f.write(extra)
    log_path = os.path.join(directory, "hub.log")
    with open(log_path, "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", "jupyterhub_config.py"],
            cwd=directory, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
        )
    try:
        wait_until_ready(process, public, log_path)
        yield Hub(directory, (hub, public, api), process)
    except BaseException:
        with open(log_path) as log:
            sys.stderr.write(log.read()[-4000:])
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(directory, ignore_errors=True)


def wait_until_ready(process, port, log_path, limit=40):
    """Ready is: the proxy's public port leads to the hub."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/hub/health", timeout=2).close()
            return
        except (OSError, urllib.error.URLError):
            time.sleep(0.2)
    raise RuntimeError(f"JupyterHub was not ready within {limit} s; see its log")
