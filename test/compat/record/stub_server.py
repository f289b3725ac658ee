"""The least server a hub can spawn: it answers its prefix, and writes its environment where asked.

Options (its arguments): --delay SECONDS before it listens, --exit CODE at once, --environment FILE.
"""

import argparse
import http.server
import json
import os
import sys
import time
from urllib.parse import urlparse


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"stub": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-JupyterHub-Version", os.environ.get("STUB_VERSION", "6.1.1"))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0)
    parser.add_argument("--exit", type=int)
    parser.add_argument("--environment")
    options, _ = parser.parse_known_args()
    if options.environment:
        with open(options.environment, "w") as f:
            json.dump({"argv": sys.argv, "cwd": os.getcwd(), "environment": dict(os.environ)}, f)
    if options.exit is not None:
        sys.exit(options.exit)
    time.sleep(options.delay)
    url = urlparse(os.environ["JUPYTERHUB_SERVICE_URL"])
    http.server.ThreadingHTTPServer((url.hostname, url.port), Answer).serve_forever()


if __name__ == "__main__":
    main()
