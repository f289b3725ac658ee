"""Dumps the database that JupyterHub's own start-up path makes on an empty file or server.

Usage: schema.py sqlite OUT.sql HEAD.txt
       schema.py postgresql OUT.sql URL

SQLite is read back from sqlite_master in creation order. PostgreSQL keeps no text, so the DDL
statements are recorded as the server accepted them (creation order too).
"""

import asyncio
import os
import sqlite3
import sys
import tempfile
import textwrap

import jupyterhub
import sqlalchemy
from jupyterhub.app import JupyterHub
from sqlalchemy import event

CONFIG = """
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.DummyAuthenticator.allow_all = True
"""


async def initialize(db_url):
    with open("jupyterhub_config.py", "w") as f:
        f.write(textwrap.dedent(CONFIG))
    hub = JupyterHub()
    await hub.initialize(["--db", db_url, "--log-level=ERROR"])
    hub.db.commit()
    hub.db.close()
    hub.session_factory.kw.get("bind") and hub.session_factory.kw["bind"].dispose()


def header(kind, how):
    return (
        f"-- Database of JupyterHub {jupyterhub.__version__} on {kind} (SQLAlchemy {sqlalchemy.__version__}),\n"
        f"-- {how}\n"
        "-- Made by test/compat/record/record.sh; do not edit.\n\n"
    )


def sqlite(out, head_file):
    asyncio.run(initialize("sqlite:///recorded.sqlite"))
    db = sqlite3.connect("recorded.sqlite")
    rows = db.execute(
        "select sql from sqlite_master where sql is not null order by rowid"
    ).fetchall()
    (head,) = db.execute("select version_num from alembic_version").fetchone()
    with open(out, "w") as f:
        f.write(header("SQLite", "read from sqlite_master in creation order."))
        f.write("".join(f"{sql};\n\n" for (sql,) in rows))
        f.write(f"INSERT INTO alembic_version (version_num) VALUES ('{head}');\n")
    with open(head_file, "w") as f:
        f.write(head + "\n")
    pragmas = {p: db.execute(f"pragma {p}").fetchone()[0] for p in ("journal_mode", "user_version")}
    print("sqlite", pragmas, "head", head, "objects", len(rows))


def postgresql(out, url):
    statements = []

    @event.listens_for(sqlalchemy.engine.Engine, "after_cursor_execute")
    def collect(conn, cursor, statement, parameters, context, executemany):
        if statement.lstrip().upper().startswith(("CREATE ", "ALTER ")):
            statements.append(statement.strip())

    asyncio.run(initialize(url))
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as conn:
        head = conn.execute(sqlalchemy.text("select version_num from alembic_version")).scalar_one()
    with open(out, "w") as f:
        f.write(header("PostgreSQL", "the DDL statements in the order a PostgreSQL 15 server accepted them."))
        f.write("".join(f"{sql};\n\n" for sql in statements))
        f.write(f"INSERT INTO alembic_version (version_num) VALUES ('{head}');\n")
    print("postgresql head", head, "statements", len(statements))


def main():
    kind, *paths = sys.argv[1:]
    paths = [p if "://" in p else os.path.abspath(p) for p in paths]
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        {"sqlite": sqlite, "postgresql": postgresql}[kind](*paths)


if __name__ == "__main__":
    main()
