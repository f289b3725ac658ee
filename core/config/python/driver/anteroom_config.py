"""The `c` of a configuration: behaves as traitlets' Config (5.16), and remembers where each value was set."""

import copy
import os
import sys

OWN = os.path.dirname(os.path.abspath(__file__))

# the configuration and the files it loads, by the name they were compiled under
FILES = set()


def place():
    """(file, line) of the innermost configuration file under way, else of whoever called. What such a file executes
    or imports has lines of its own, which stand behind: ("jupyterhub_config.py:9 <string>", 3)."""
    frame = sys._getframe(1)
    nearest = executed = None
    while frame is not None:
        name = frame.f_code.co_filename
        if name in FILES:
            if executed is None:
                return (name, frame.f_lineno)
            return ("%s:%d %s" % (name, frame.f_lineno, executed[0]), executed[1])
        if executed is None and frame.f_code.co_name == "<module>":
            executed = (name, frame.f_lineno)
        if nearest is None and os.path.dirname(os.path.abspath(name)) != OWN:
            nearest = (name, frame.f_lineno)
        frame = frame.f_back
    return nearest or (None, None)


def is_section(key):
    return bool(key) and key[0] == key[0].upper() and not key.startswith("_")


def is_config(value):
    """Ours, or that of a traitlets that is really installed."""
    return isinstance(value, Config) or (isinstance(value, dict) and type(value).__name__ == "Config")


class LazyConfigValue:
    """What is done to a trait whose value is not known here."""

    def __init__(self):
        self.inserts = []
        self.prepended = []
        self.extended = []
        self.updated = None
        self.place = None

    def append(self, obj):
        self.place = place()
        self.extended.append(obj)

    def extend(self, other):
        self.place = place()
        self.extended.extend(other)

    def prepend(self, other):
        self.place = place()
        self.prepended[:0] = other

    def insert(self, index, other):
        if not isinstance(index, int):
            raise TypeError("An integer is required")
        self.place = place()
        self.inserts.append((index, other))

    def update(self, other):
        self.place = place()
        if self.updated is None:
            self.updated = {} if isinstance(other, dict) else set()
        self.updated.update(other)

    def add(self, obj):
        self.update({obj})

    def __setitem__(self, key, value):
        raise TypeError("this setting has no value here yet: write .update({...}), or assign a dictionary")

    def is_empty(self):
        return not (self.inserts or self.prepended or self.extended or self.updated)

    def merge_into(self, earlier):
        """Self over an earlier lazy value, or over a value that is there."""
        if not isinstance(earlier, LazyConfigValue):
            return self.applied_to(earlier)
        self.extended = earlier.extended + self.extended
        self.prepended = self.prepended + earlier.prepended
        self.inserts = earlier.inserts + self.inserts
        if self.updated and earlier.updated:
            earlier.updated.update(self.updated)
        if earlier.updated:
            self.updated = earlier.updated
        return self

    def applied_to(self, initial):
        value = copy.deepcopy(initial)
        if isinstance(value, list):
            for index, item in self.inserts:
                value.insert(index, item)
            value[:0] = self.prepended
            value.extend(self.extended)
        elif isinstance(value, (dict, set)) and self.updated:
            value.update(self.updated)
        return value


class Config(dict):
    def __init__(self, *args, **kwds):
        self.__dict__["__places__"] = {}
        super().__init__(*args, **kwds)
        for key, value in list(self.items()):
            if is_section(key) and isinstance(value, dict) and not isinstance(value, Config):
                dict.__setitem__(self, key, Config(value))

    def place_of(self, key):
        value = dict.get(self, key)
        if isinstance(value, LazyConfigValue) and value.place is not None:
            return value.place
        if isinstance(value, Config) and value:
            return value.place_of(next(iter(value)))
        return self.__dict__["__places__"].get(key, (None, None))

    def __getitem__(self, key):
        try:
            return dict.__getitem__(self, key)
        except KeyError:
            if key.startswith("_"):
                raise
            fresh = Config() if is_section(key) else LazyConfigValue()
            dict.__setitem__(self, key, fresh)
            return fresh

    def __setitem__(self, key, value):
        if is_section(key):
            if not is_config(value):
                raise ValueError(
                    "c.%s is a section: set its settings, c.%s.setting = value (it was given a %s)"
                    % (key, key, type(value).__name__)
                )
            if not isinstance(value, Config):
                value = Config(value)
        self.__dict__["__places__"][key] = place()
        dict.__setitem__(self, key, value)

    def __getattr__(self, key):
        if key.startswith("__"):
            raise AttributeError(key)
        try:
            return self[key]
        except KeyError as error:
            raise AttributeError(key) from error

    def __setattr__(self, key, value):
        if key.startswith("__"):
            super().__setattr__(key, value)
        else:
            self[key] = value

    def __delattr__(self, key):
        try:
            del self[key]
        except KeyError as error:
            raise AttributeError(key) from error

    def __contains__(self, key):
        if "." in key:
            first, rest = key.split(".", 1)
            return dict.__contains__(self, first) and rest in self[first]
        return dict.__contains__(self, key)

    has_key = __contains__

    def update(self, *args, **kwds):
        for key, value in dict(*args, **kwds).items():
            if is_section(key) and isinstance(value, dict) and not is_config(value):
                value = Config(value)
            self[key] = value

    def setdefault(self, key, default=None):
        if not dict.__contains__(self, key):
            self[key] = default
        return self[key]

    def merge(self, other):
        """`other` is stronger; sections are merged, lazy values applied to what is there."""
        for key, value in other.items():
            mine = dict.get(self, key)
            if is_config(value) and not isinstance(value, Config):
                value = Config(value)
            if isinstance(mine, Config) and isinstance(value, Config):
                mine.merge(value)
                continue
            where = other.place_of(key) if isinstance(other, Config) else place()
            if isinstance(value, LazyConfigValue) and dict.__contains__(self, key):
                value = value.merge_into(mine)
            dict.__setitem__(self, key, value)
            self.__dict__["__places__"][key] = where
