"""Records the metrics of a real hub that has seen sign-ins, a start, a stop and a failed start: names, types, labels.

Usage: metrics.py OUT.json
"""

import json
import sys

import jupyterhub
from conversation import Recorder, Session
from prometheus_client.parser import text_string_to_metric_families
from real_hub import real_hub
from talk_servers import SERVER, SERVICE, at_rest, setup, until


def families(text):
    found = {}
    for family in text_string_to_metric_families(text):
        labels = {}
        for sample in family.samples:
            for name, value in sample.labels.items():
                labels.setdefault(name, set()).add(value)
        found[family.name] = {
            "type": family.type,
            "samples": sorted({s.name for s in family.samples}),
            # bounds keep their order, other labels have none
            "labels": {
                n: sorted(v, key=float) if n == "le" else sorted(v) for n, v in sorted(labels.items()) if n != "handler"
            },
            "handlers": sorted(labels.get("handler", ())),
        }
    return dict(sorted(found.items()))


def main():
    with real_hub() as hub:
        r = Recorder(hub)
        setup(r, ["alice"])
        r.sign_in("alice")
        failed = Session()
        r.say("GET", "/hub/login", session=failed, quiet=True)
        r.say("POST", f"/hub/login?_xsrf={failed.xsrf}", session=failed, quiet=True,
              form={"username": "alice", "password": "wrong"})
        for body in ({"delay": 0.1}, {"exit": 3}):
            r.say("POST", SERVER, token=r.tokens["alice"], json_body=body, quiet=True)
            until(r, "alice", at_rest)
            r.say("DELETE", SERVER, token=r.tokens["alice"], quiet=True)
            until(r, "alice", at_rest)
        answer = r.say("GET", "/hub/metrics", token=SERVICE, quiet=True)
    document = {
        "jupyterhub": jupyterhub.__version__,
        "contentType": answer.header("content-type"),
        "families": {n: f for n, f in families(answer.text).items() if n.startswith("jupyterhub_")},
        "others": sorted(n for n in families(answer.text) if not n.startswith("jupyterhub_")),
    }
    with open(sys.argv[1], "w") as f:
        json.dump(document, f, indent=1)
        f.write("\n")
    print("metrics", len(document["families"]), "families")


if __name__ == "__main__":
    main()
