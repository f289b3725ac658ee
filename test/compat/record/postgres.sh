# Sourced by record.sh: a throw-away PostgreSQL cluster on a socket in a temporary directory.
# Debian's server refuses to run as root, so root hands it to the account `postgres`.

postgres_bin() {
  if [ -n "${PG_BIN:-}" ]; then echo "$PG_BIN"; return; fi
  for directory in /usr/lib/postgresql/15/bin /usr/lib/postgresql/*/bin; do
    if [ -x "$directory/initdb" ]; then echo "$directory"; return; fi
  done
  echo "no PostgreSQL server found: install it (Debian: postgresql) or set PG_BIN" >&2
  return 1
}

as_postgres() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups --no-new-privs "$@")
  else
    "$@"
  fi
}

# start_postgres DIRECTORY: a cluster whose only way in is a socket in DIRECTORY.
start_postgres() {
  PG=$(postgres_bin) || return 1
  chmod 0711 "$(dirname "$1")"
  mkdir -p "$1"
  if [ "$(id -u)" = 0 ]; then chown postgres "$1"; fi
  as_postgres "$PG/initdb" -D "$1/data" -U recorder --auth=trust --no-sync -E UTF8 --locale=C >"$1.initdb.log"
  as_postgres "$PG/pg_ctl" -D "$1/data" -w -t 30 -l "$1/server.log" \
    -o "-c listen_addresses='' -c unix_socket_directories='$1' -c fsync=off" start >/dev/null
}

stop_postgres() {
  as_postgres "$PG/pg_ctl" -D "$1/data" -m immediate -t 30 stop >/dev/null
}
