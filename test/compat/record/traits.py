"""Dumps what can be configured in JupyterHub: classes, traits, defaults, aliases and flags.

Usage: traits.py OUT.json

The help texts are JupyterHub's own, so only their length and hash are kept.
"""

import asyncio
import hashlib
import json
import math
import os
import sys
import tempfile

import jupyterhub
import traitlets
from jupyterhub.app import JupyterHub, NewToken, UpgradeDB
from jupyterhub.authenticators.shared import SharedPasswordAuthenticator
from jupyterhub.auth import DummyAuthenticator, NullAuthenticator
from jupyterhub.httpclient import JupyterHubHTTPClient
from jupyterhub.metrics import PeriodicMetricsCollector
from jupyterhub.proxy import Proxy
from jupyterhub.spawner import LocalProcessSpawner, SimpleLocalProcessSpawner, Spawner
from traitlets import Undefined
from traitlets.config import Configurable

# Classes that read configuration though --help-all may not list them.
ALSO = [
    DummyAuthenticator,
    NullAuthenticator,
    SharedPasswordAuthenticator,
    LocalProcessSpawner,
    SimpleLocalProcessSpawner,
    JupyterHubHTTPClient,
    PeriodicMetricsCollector,
    NewToken,
    UpgradeDB,
]


# Defaults that differ from start to start.
RANDOM = {"auth_token"}
# Defaults that the machine decides.
PER_MACHINE = {"n_threads": "number of processors"}


def dotted(cls):
    return f"{cls.__module__}.{cls.__name__}"


def as_json(value):
    """The value when JSON can say it, else {"$repr": ...} with its type."""
    if value is Undefined:
        return {"$undefined": True}
    if isinstance(value, (set, frozenset)):
        return {"$set": sorted(value)}
    if isinstance(value, tuple):
        return {"$tuple": list(value)}
    if isinstance(value, type):
        return {"$class": dotted(value)}
    try:
        json.dumps(value)
        return value
    except TypeError:
        kind = type(value).__name__
        return {"$type": kind} if callable(value) or " at 0x" in repr(value) else {"$repr": repr(value), "$type": kind}


def trait_type(trait):
    """Type name and what narrows it."""
    shape = {"type": type(trait).__name__}
    for name in ("min", "max"):
        bound = getattr(trait, name, None)
        if isinstance(bound, (int, float)) and math.isfinite(bound):
            shape[name] = bound
    if isinstance(trait, traitlets.Enum):
        shape["values"] = as_json(list(trait.values or []))
    if isinstance(trait, traitlets.Union):
        shape["of"] = [trait_type(t) for t in trait.trait_types]
    if isinstance(trait, traitlets.Container) and trait._trait is not None:
        shape["items"] = trait_type(trait._trait)
    if isinstance(trait, traitlets.Dict):
        for key, inner in (("keys", trait._key_trait), ("items", trait._value_trait)):
            if inner is not None:
                shape[key] = trait_type(inner)
    if isinstance(trait, traitlets.Type):
        shape["klass"] = trait.klass if isinstance(trait.klass, str) else dotted(trait.klass)
    elif isinstance(trait, traitlets.Instance) and not isinstance(trait, (traitlets.Container, traitlets.Dict)):
        shape["klass"] = trait.klass if isinstance(trait.klass, str) else dotted(trait.klass)
    group = getattr(trait, "entry_point_group", None)
    if group:
        shape["entryPointGroup"] = group
        shape["entryPoints"] = {k: e.value for k, e in sorted(trait.load_entry_points().items())}
    return shape


def defining_class(cls, name):
    return next(dotted(k) for k in cls.__mro__ if name in k.__dict__)


def has_dynamic_default(cls, name):
    generators = {}
    for k in reversed(cls.__mro__):
        for attribute in vars(k).values():
            if isinstance(attribute, traitlets.traitlets.DefaultHandler):
                generators[attribute.trait_name] = True
    return name in generators or hasattr(cls, f"_{name}_default")


def instance_of(cls):
    """An object of the class with no configuration, or None where it needs a running hub."""
    try:
        return cls(app=JupyterHub()) if issubclass(cls, Proxy) else cls()
    except Exception as error:
        print("  no instance of", cls.__name__, "-", type(error).__name__, error)
        return None


def observed(instance, name):
    """The default that an unconfigured object shows."""
    if name in RANDOM:
        return {"$random": True}
    return as_json(getattr(instance, name))


def static_default(trait):
    """What traitlets gives without an object."""
    if trait.name in PER_MACHINE:
        return {"$perMachine": PER_MACHINE[trait.name]}
    return as_json(trait.default())


def describe(cls, name, trait, instance):
    help_text = trait.help or ""
    record = {
        "name": name,
        **trait_type(trait),
        "config": bool(trait.metadata.get("config")),
        "allowNone": bool(trait.allow_none),
        "default": static_default(trait),
        "definedIn": defining_class(cls, name),
        "dynamicDefault": has_dynamic_default(cls, name),
        "helpLength": len(help_text),
        "helpSha256": hashlib.sha256(help_text.encode()).hexdigest()[:16],
    }
    if trait.read_only:
        record["readOnly"] = True
    if record["dynamicDefault"] and instance is not None and record["config"]:
        record["observedDefault"] = observed(instance, name)
    return record


def describe_class(cls, listed):
    print("class", cls.__name__)
    instance = instance_of(cls)
    traits = cls.class_traits()
    own = cls.class_own_traits()
    return {
        "name": cls.__name__,
        "module": cls.__module__,
        "listedByHelpAll": listed,
        "parents": [c.__name__ for c in cls.__mro__[1:] if issubclass(c, Configurable)],
        "traits": [describe(cls, n, t, instance) for n, t in sorted(traits.items()) if t.metadata.get("config")],
        "notConfigurable": sorted(n for n, t in own.items() if not t.metadata.get("config")),
        "deprecatedNames": deprecated_names(cls),
    }


def deprecated_names(cls):
    aliases = {}
    for k in reversed(cls.__mro__):
        for old, new in k.__dict__.get("_deprecated_aliases", {}).items():
            aliases[old] = as_json(new)
    return aliases


def command_line(app):
    aliases, flags = {}, {}
    for names, target in app.aliases.items():
        aliases["/".join(names) if isinstance(names, tuple) else names] = (
            target[0] if isinstance(target, tuple) else target
        )
    for names, (config, _help) in app.flags.items():
        flags["/".join(names) if isinstance(names, tuple) else names] = {
            section: {k: as_json(v) for k, v in values.items()} for section, values in config.items()
        }
    return {"aliases": dict(sorted(aliases.items())), "flags": dict(sorted(flags.items()))}


async def main():
    out = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        app = JupyterHub()
        listed = list(app._classes_inc_parents())
        classes = {dotted(c): c for c in [*listed, *ALSO]}
        for cls in list(classes.values()):
            for parent in cls.__mro__:
                if issubclass(parent, Configurable) and parent.class_own_traits(config=True):
                    classes.setdefault(dotted(parent), parent)
        document = {
            "jupyterhub": jupyterhub.__version__,
            "traitlets": traitlets.__version__,
            "commands": {
                "jupyterhub": command_line(app),
                "jupyterhub token": command_line(NewToken()),
                "jupyterhub upgrade-db": command_line(UpgradeDB()),
            },
            "classes": [describe_class(c, c in listed) for _, c in sorted(classes.items())],
        }
        text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
        # names, not this machine's paths
        text = text.replace(os.getcwd(), "$CWD").replace(sys.prefix, "$PREFIX")
    with open(out, "w") as f:
        f.write(text + "\n")
    print(len(document["classes"]), "classes,", sum(len(c["traits"]) for c in document["classes"]), "traits")


if __name__ == "__main__":
    asyncio.run(main())
