import os
from functools import lru_cache

import yaml


@lru_cache()
def _load():
    with open(os.path.join(os.path.dirname(__file__), "values.yaml")) as f:
        return yaml.safe_load(f)


def get_config(key, default=None):
    value = _load()
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            return default
        value = value[part]
    return value


def get_name_env(name, suffix=""):
    return os.environ[name.upper().replace("-", "_") + suffix]


def set_if_given(section, trait, key):
    value = get_config(key)
    if value is not None:
        setattr(section, trait, value)
