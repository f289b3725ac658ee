#!/bin/sh
# Records facts about the real peers into test/fixtures/. Needs python3, npm and a network for the
# first run; PostgreSQL's server programs for the PostgreSQL schema. Run it from anywhere:
#   test/compat/record/record.sh [schema|traits|kubespawner|openapi|vectors|answers|environment|metrics ...]
# With no argument everything is recorded again. The versions are those that Anteroom matches.
set -eu

JUPYTERHUB=6.1.1
KUBESPAWNER=7.1.0
VALIDATE=1.37.0
CHP=5.3.0
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
fixtures=$root/test/fixtures
cache=$root/.cache
venv=$cache/jupyterhub-venv
. "$here/postgres.sh"

make_venv() {
  if "$venv/bin/jupyterhub" --version 2>/dev/null | grep -qx "$JUPYTERHUB"; then return; fi
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q "jupyterhub==$JUPYTERHUB" jupyterlab psycopg2-binary jupyterhub-idle-culler
}

make_chp() {
  if [ -x "$cache/chp/node_modules/.bin/configurable-http-proxy" ]; then return; fi
  mkdir -p "$cache/chp"
  (cd "$cache/chp" && echo '{"private": true}' >package.json &&
    npm install --no-audit --no-fund --silent "configurable-http-proxy@$CHP")
}

make_sdist() {
  if [ -d "$cache/sdist/jupyterhub-$JUPYTERHUB" ]; then return; fi
  mkdir -p "$cache/sdist"
  "$venv/bin/pip" download -q --no-binary jupyterhub --no-deps -d "$cache/sdist" "jupyterhub==$JUPYTERHUB"
  tar -xzf "$cache/sdist/jupyterhub-$JUPYTERHUB.tar.gz" -C "$cache/sdist"
}

python() {
  PATH=$cache/chp/node_modules/.bin:$venv/bin:$PATH PYTHONHASHSEED=0 "$venv/bin/python" "$@"
}

record_schema() ( # a subshell, so that its trap ends the cluster however it goes
  python "$here/schema.py" sqlite "$fixtures/schema.sql" "$fixtures/alembic-head.txt"
  work=$(mktemp -d)
  trap 'stop_postgres "$work/pg"; rm -rf "$work"' EXIT
  start_postgres "$work/pg"
  "$PG/createdb" -h "$work/pg" -U recorder recorded
  python "$here/schema.py" postgresql "$fixtures/schema-postgresql.sql" \
    "postgresql+psycopg2://recorder@/recorded?host=$work/pg"
  "$PG/pg_dump" -h "$work/pg" -U recorder --schema-only --no-owner --no-privileges recorded |
    grep -v '^-- Dumped\|^\\restrict\|^\\unrestrict' >"$fixtures/schema-postgresql.dump.sql"
)

record_traits() { python "$here/traits.py" "$fixtures/traits.json"; }
record_kubespawner() {
  kube=$cache/kubespawner-venv
  [ -x "$kube/bin/python" ] || python3 -m venv "$kube"
  "$kube/bin/pip" install -q "jupyterhub==$JUPYTERHUB" "jupyterhub-kubespawner==$KUBESPAWNER" "kubernetes-validate==$VALIDATE"
  "$kube/bin/python" "$here/kubespawner_traits.py" "$fixtures/kubespawner-traits.json"
}
record_openapi() { make_sdist; python "$here/openapi.py" "$cache/sdist/jupyterhub-$JUPYTERHUB" "$fixtures/openapi.json"; }
record_vectors() {
  for script in scope_vectors scope_random crypto_vectors; do python "$here/$script.py" "$fixtures"; done
  python "$here/subdomains.py" >"$fixtures/subdomain-vectors.json"
}
record_answers() { python "$here/answers.py" "$fixtures/hub-answers"; }
record_environment() { python "$here/environment.py" "$fixtures/spawn-environment.json"; }
record_metrics() { python "$here/metrics.py" "$fixtures/metrics.json"; }

make_venv
make_chp
[ $# -gt 0 ] || set -- schema traits kubespawner openapi vectors answers environment metrics
for part in "$@"; do
  echo "== $part"
  "record_$part"
done
