# Hooks and other functions, all of which must be named at once.
import functools
import os
import shutil

from tornado import gen

c = get_config()  # noqa


def make_home(spawner):
    path = os.path.join("/srv/homes", spawner.user.name)
    if not os.path.exists(path):
        os.mkdir(path, 0o755)
        shutil.chown(path, spawner.user.name)


@gen.coroutine
def clean_up(spawner):
    yield None


async def only_students(authenticator, handler, authentication):
    return authentication


def form(title, spawner):
    return "<label>%s</label>" % title


class Limit:
    def __call__(self, handler):
        return 3


c.JupyterHub.spawner_class = "simple"
c.Spawner.cmd = ["jupyterhub-singleuser"]
c.Spawner.pre_spawn_hook = make_home
c.Spawner.post_stop_hook = clean_up
c.Authenticator.post_auth_hook = only_students
c.Spawner.options_form = functools.partial(form, "Course")
c.Spawner.environment = {"PLAIN": "1", "NAME": lambda spawner: spawner.user.name, "TERM": lambda s: "x"}
c.JupyterHub.named_server_limit_per_user = Limit()
c.KubeSpawner.modify_pod_hook = lambda spawner, pod: pod
