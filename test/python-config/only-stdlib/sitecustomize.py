# Put in PYTHONPATH by tests: hides what is installed beside the standard library, so that every machine agrees.
import sys

sys.path[:] = [entry for entry in sys.path if "site-packages" not in entry and "dist-packages" not in entry]
