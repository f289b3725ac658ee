"""What the configuration set, as JSON.

A value is null, a truth value, a number, a text, or a list that begins with its kind: ["list", ...], ["tuple", ...],
["set", ...], ["dict", [key, value], ...], ["bytes", base64], ["float", "nan"]. What cannot be said so is a fault; no
fault repeats a value, which may be a secret.
"""

import base64
import functools
import json
import math
import os
import sys
import types

import anteroom_standins
from anteroom_config import FILES, Config, LazyConfigValue, is_config

DEEPEST = 60
LARGEST = 8 * 1024 * 1024
MOST_FAULTS = 100
LONGEST_PATH = 100


def reply(config, failure, calls, notes, variables):
    faults, sections = [], []
    for name, section in config.items():
        if not is_config(section):
            if not (isinstance(section, LazyConfigValue) and section.is_empty()):
                faults.append(fault_at(config.place_of(name), {"kind": "no-section", "path": "c." + str(name)}))
            continue
        sections.append([name, settings_of(name, as_config(section), faults)])
    faults.sort(key=lambda fault: (fault["file"] or "", fault["line"] or 0))
    return {
        "python": "%s (Python %s)" % (sys.executable, sys.version.split()[0]),
        "sections": sections,
        "faults": faults[:MOST_FAULTS],
        "failure": failure,
        "calls": [fault_at(call["place"], call) for call in calls[:MOST_FAULTS]],
        "notes": notes[:MOST_FAULTS],
        "variables": variables,
    }


def as_config(section):
    return section if isinstance(section, Config) else Config(section)


def dumps(answer):
    text = json.dumps(answer, allow_nan=False).encode("ascii")
    if len(text) > LARGEST:
        small = dict(answer, sections=[], faults=[{"kind": "too-large", "path": "", "file": None, "line": None}])
        return json.dumps(small).encode("ascii")
    return text


def fits(number):
    """Whether JavaScript's number, a float, is exactly this one."""
    try:
        return int(float(number)) == number
    except OverflowError:
        return False


def settings_of(name, section, faults):
    settings = []
    for trait, value in section.items():
        where = "c.%s.%s" % (name, trait)
        place = section.place_of(trait)
        if is_config(value):
            if value:
                faults.append(fault_at(place, {"kind": "nested-section", "path": where}))
            continue
        encoder = Encoder()
        said = encoder.setting(value, where)
        for fault in encoder.faults:
            faults.append(fault_at(place, dict(fault, section=name, trait=trait)))
        if said is not None and not encoder.faults:
            settings.append([trait, place[0], place[1], said])
    return settings


def fault_at(place, fault):
    return dict({key: value for key, value in fault.items() if key != "place"}, file=place[0], line=place[1])


def kubernetes_model(value):
    """An object of Kubernetes' Python client as it goes over the wire, e.g. V1Container(name="x"); else None."""
    names = getattr(value, "attribute_map", None)
    of_client = type(value).__module__.split(".")[0] in ("kubernetes", "kubernetes_asyncio")
    if not (of_client and isinstance(names, dict)):
        return None
    given = ((wire, getattr(value, name)) for name, wire in names.items())
    return {wire: item for wire, item in given if item is not None}


class Encoder:
    """Says one setting; every part that cannot be said is a fault, so that all come at once."""

    def __init__(self):
        self.faults = []

    def setting(self, value, where):
        if isinstance(value, LazyConfigValue):
            return self.lazy(value.inserts, value.prepended, value.extended, value.updated, where)
        if type(value).__name__ == "LazyConfigValue" and hasattr(value, "_inserts"):
            # of a traitlets that is really installed
            return self.lazy(value._inserts, value._prepend, value._extend, value._update, where)
        return ["value", self.encode(value, where)]

    def lazy(self, inserts, prepended, extended, updated, where):
        """In the order in which traitlets applies them; None for nothing done."""
        steps = [["insert", index, self.encode(item, where)] for index, item in inserts]
        if prepended:
            steps.append(["prepend", self.encode(list(prepended), where)])
        if extended:
            steps.append(["extend", self.encode(list(extended), where)])
        if updated:
            steps.append(["update", self.encode(updated, where)])
        return ["lazy", steps] if steps else None

    def encode(self, value, path, depth=0):
        if value is None or value is True or value is False:
            return value
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, int):
            return int(value) if fits(int(value)) else self.fault("large-integer", path)
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else ["float", repr(float(value))]
        if isinstance(value, (bytes, bytearray)):
            return ["bytes", base64.b64encode(bytes(value)).decode("ascii")]
        if isinstance(value, (dict, list, tuple, set, frozenset)):
            return self.container(value, path, depth + 1)
        model = kubernetes_model(value)
        return self.other(value, path) if model is None else self.container(model, path, depth + 1)

    def container(self, value, path, depth):
        if depth > DEEPEST or len(self.faults) >= MOST_FAULTS:
            return self.fault("too-deep", path) if depth > DEEPEST else None
        if isinstance(value, dict):
            return ["dict"] + [self.entry(key, item, path, depth) for key, item in value.items()]
        kind = "list" if isinstance(value, list) else "tuple" if isinstance(value, tuple) else "set"
        items = sorted(value, key=repr) if kind == "set" else value
        return [kind] + [self.encode(item, "%s[%d]" % (path, i), depth) for i, item in enumerate(items)]

    def entry(self, key, item, path, depth):
        # JavaScript's dictionaries have texts for keys
        if not isinstance(key, (str, int)) or isinstance(key, bool):
            return self.fault("key", path, name=type(key).__name__)
        text = str.__str__(key) if isinstance(key, str) else str(int(key))
        return [text, self.encode(item, "%s[%s]" % (path, json.dumps(text, ensure_ascii=False)), depth)]

    def other(self, value, path):
        if isinstance(value, type):
            if value.__module__.split(".")[0] in anteroom_standins.PACKAGES:
                return anteroom_standins.dotted(value)
            return self.fault("class", path, name=value.__name__)
        if isinstance(value, anteroom_standins.Unknown):
            if value._function is None:
                return self.fault("unknown", path, name=value._name)
            value = value._function
        while isinstance(value, functools.partial):
            value = value.func
        if isinstance(value, (types.FunctionType, types.MethodType, types.BuiltinFunctionType)):
            return self.function(value, path)
        if isinstance(value, type(os.environ)):
            return self.fault("environ", path)
        if callable(value):
            return self.fault("function", path, name="an object of the class " + type(value).__name__, defined=None)
        return self.fault("object", path, name=type(value).__name__)

    def function(self, value, path):
        code = getattr(value, "__code__", None)
        # a line elsewhere than in the configuration says nothing to its author
        known = code is not None and code.co_filename in FILES
        defined = [code.co_filename, code.co_firstlineno] if known else None
        return self.fault("function", path, name=getattr(value, "__name__", "?"), defined=defined)

    def fault(self, kind, path, **more):
        short = path if len(path) <= LONGEST_PATH else path[:LONGEST_PATH] + "..."
        self.faults.append(dict(more, kind=kind, path=short))
        return None
