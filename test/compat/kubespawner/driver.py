"""Real KubeSpawner, asked for its manifests and names; nothing is replaced but the cluster, which is not needed.

Usage: driver.py WORK_DIRECTORY < QUESTIONS > ANSWERS, both JSON. What JSON cannot say of a configuration is said so:
{"$call": value} is a function of the spawner that gives the value.
"""

import asyncio
import json
import os
import sys
from urllib.parse import urlparse

WORK = sys.argv[1]
KUBECONFIG = os.path.join(WORK, "kubeconfig")
with open(KUBECONFIG, "w") as f:
    json.dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "none",
            "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
            "clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:1"}}],
            "users": [{"name": "none", "user": {}}],
        },
        f,
    )
os.environ["KUBECONFIG"] = KUBECONFIG

from jupyterhub import orm
from jupyterhub.objects import Hub
from jupyterhub.spawner import Spawner
from jupyterhub.user import User
from kubernetes_asyncio.client import ApiClient
from kubernetes_asyncio.client.models import (
    V1Container,
    V1EnvVar,
    V1Lifecycle,
    V1LocalObjectReference,
    V1NodeSelectorTerm,
    V1PodAffinityTerm,
    V1PodSpec,
    V1PreferredSchedulingTerm,
    V1Toleration,
    V1Volume,
    V1VolumeMount,
    V1WeightedPodAffinityTerm,
)
from kubespawner import KubeSpawner
from kubespawner.objects import make_namespace, make_owner_reference
from kubespawner.slugs import is_valid_label, safe_slug
from traitlets.config import Config

MODELS = {
    "pod.spec": V1PodSpec,
    "container": V1Container,
    "toleration": V1Toleration,
    "volume": V1Volume,
    "volume mount": V1VolumeMount,
    "variable": V1EnvVar,
    "pull secret": V1LocalObjectReference,
    "lifecycle": V1Lifecycle,
    "node selector term": V1NodeSelectorTerm,
    "preferred scheduling term": V1PreferredSchedulingTerm,
    "weighted pod affinity term": V1WeightedPodAffinityTerm,
    "pod affinity term": V1PodAffinityTerm,
}


def callables(value):
    """The value with its functions made."""
    if isinstance(value, dict):
        if "$call" in value:
            return lambda spawner, result=value["$call"]: result
        return {key: callables(each) for key, each in value.items()}
    if isinstance(value, list):
        return [callables(each) for each in value]
    return value


class World:
    def __init__(self):
        self.db = orm.new_session_factory("sqlite:///:memory:")()
        self.hub = Hub(ip="127.0.0.1", port=8081, base_url="/hub/", public_host="https://hub.example.org")

    def spawner(self, question):
        user = orm.User.find(self.db, question["user"])
        if user is None:
            user = orm.User(id=question["userId"], name=question["user"])
            self.db.add(user)
            self.db.commit()
        config = Config()
        config.KubeSpawner = Config(callables(question["config"]))
        settings = {"hub": self.hub, "config": config}
        if question.get("certificates"):
            settings.update(
                internal_ssl=True,
                internal_trust_bundles={"hub-ca": self.file("hub-ca", question["certificates"]["hubCa"])},
                internal_certs_location=WORK,
            )
        wrapped = User(user, settings)
        if question["server"] not in wrapped.orm_spawners:
            wrapped._new_orm_spawner(question["server"], question["server"])
        spawner = wrapped._new_spawner(question["server"], spawner_class=KubeSpawner, api_token="secret-token")
        if question.get("certificates"):
            given = question["certificates"]
            spawner.cert_paths = {
                "keyfile": self.file("key", given["key"]),
                "certfile": self.file("crt", given["certificate"]),
                "cafile": self.file("ca", given["ca"]),
            }
        return spawner

    def file(self, name, text):
        path = os.path.join(WORK, name)
        with open(path, "w") as f:
            f.write(text)
        return path


async def manifests(world, question):
    spawner = world.spawner(question)
    answer = {}
    try:
        if question.get("options") is not None:
            spawner.user_options = question["options"]
        await spawner.load_user_options()
        base = {k: v for k, v in Spawner.get_env(spawner).items() if isinstance(v, str)}
        pod = await spawner.get_pod_manifest()
        owner = make_owner_reference(spawner.pod_name, "uid-of-the-pod")
        made = {
            "pod": pod,
            "pvc": spawner.get_pvc_manifest(),
            "service": spawner.get_service_manifest(owner, 8888),
            "namespace": make_namespace(
                spawner.namespace,
                labels=spawner._expand_all(spawner.user_namespace_labels),
                annotations=spawner._expand_all(spawner.user_namespace_annotations),
            ),
        }
        if question.get("certificates"):
            made["secret"] = spawner.get_secret_manifest(owner)
        answer["environment"] = base
        answer["manifests"] = ApiClient().sanitize_for_serialization(made)
        if question["config"].get("profile_list"):
            answer["form"] = spawner._render_options_form(spawner._sorted_dict_values(spawner.profile_list))
    except Exception as error:
        answer["error"] = f"{type(error).__name__}: {error}"
    running = {
        "spec": {"containers": [{"ports": [{"name": "notebook-port", "containerPort": 8888}]}]},
        "status": {"podIP": question.get("podIp", "10.1.2.3")},
        "metadata": {"name": "x"},
    }
    try:
        answer["url"] = urlparse(spawner._get_pod_url(running)).netloc
    except Exception as error:
        answer["url"] = type(error).__name__
    answer["state"] = spawner.get_state()
    return answer


def names(world, question):
    """Templates filled for many names by two spawners, one for each scheme."""
    answers = []
    spawners = {
        scheme: world.spawner(
            {"user": "anybody", "userId": 7, "server": "", "config": {"slug_scheme": scheme, "namespace": "ns"}}
        )
        for scheme in ("safe", "escape")
    }

    class Named:
        id = 7

    for user, server in question["names"]:
        row = []
        for scheme, spawner in spawners.items():
            named = Named()
            named.name = user
            spawner.user = named
            row_of_server = Named()
            row_of_server.name = server
            row_of_server.server = None
            spawner.orm_spawner = row_of_server
            for template in question["templates"]:
                row.append(spawner._expand_user_properties(template))
        row.append(safe_slug(user, is_valid=is_valid_label))
        row.append(safe_slug(server, is_valid=is_valid_label))
        answers.append(row)
    return answers


async def main():
    questions = json.load(sys.stdin)
    world = World()
    answers = {
        "manifests": [await manifests(world, each) for each in questions.get("manifests", [])],
        "models": {name: model.attribute_map for name, model in MODELS.items()},
    }
    if "names" in questions:
        answers["names"] = names(world, questions["names"])
    json.dump(answers, sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # the API client of kubernetes_asyncio keeps a task of its own for ever


asyncio.run(main())
