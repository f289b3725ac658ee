"""Recomputes crypto-vectors.json with the code of JupyterHub, tornado, oauthlib and cryptography.

Usage: crypto_vectors.py FIXTURES_DIRECTORY

The inputs (tokens, salts, clocks, keys, names) are those that stand in the file; every result is
computed again. Values of Python types are written as Python literals, as the file always did.
"""

import ast
import base64
import datetime
import os
import sys
from types import SimpleNamespace
from unittest import mock

import sqlalchemy as sa
from cryptography.fernet import Fernet
from jupyterhub import _xsrf_utils, crypto, orm, slugs, utils
from jupyterhub.user import User
from oauthlib.oauth2.rfc6749.grant_types.authorization_code import code_challenge_method_s256
from scope_vectors import memory_database, rewrite
from sqlalchemy.dialects import sqlite
from tornado import httputil, web


def handler(secret, user_agent="", ip=""):
    """A real tornado handler on a request that nobody sent."""
    application = web.Application(cookie_secret=secret)
    headers = httputil.HTTPHeaders({"User-Agent": user_agent} if user_agent else {})
    connection = SimpleNamespace(set_close_callback=lambda callback: None, context=SimpleNamespace(remote_ip=ip))
    request = httputil.HTTPServerRequest("GET", "/", headers=headers, connection=connection)
    return web.RequestHandler(application, request)


def at(timestamp):
    """Stops the clock that tornado and cryptography read."""
    return mock.patch("time.time", lambda: timestamp)


def signed_v2(vector):
    secret = bytes.fromhex(vector["secret_hex"])
    with at(vector["timestamp"]):
        signed = handler(secret).create_signed_value(vector["name"], vector["value"]).decode()
    to_sign, _, signature = signed.rpartition("|")
    page = handler(secret)
    page.set_cookie(vector["name"], signed)
    return {
        **vector,
        "to_sign": to_sign + "|",
        "signature": signature,
        "signed": signed,
        "set_cookie_value": page._new_cookie[vector["name"]].coded_value,
    }


def expiry(vector, secret):
    def readable(now):
        name = vector["signed"].split("|")[3].partition(":")[2]
        return (
            web.decode_signed_value(
                secret, name, vector["signed"], max_age_days=vector["max_age_days"], clock=lambda: now
            )
            is not None
        )

    times = sorted([*vector["ok_at"], *vector["fail_at"]])
    ok = [t for t in times if readable(t)]
    return {
        **vector,
        # the file's own order when nothing changed
        "ok_at": vector["ok_at"] if set(ok) == set(vector["ok_at"]) else ok,
        "fail_at": vector["fail_at"] if set(ok) == set(vector["ok_at"]) else [t for t in times if t not in ok],
    }


def signed_v1(vector):
    signed = web.create_signed_value(
        bytes.fromhex(vector["secret_hex"]),
        vector["name"],
        vector["value"],
        version=1,
        clock=lambda: vector["timestamp"],
    )
    return {**vector, "signed": signed.decode()}


def anonymous_id(vector):
    page = handler(b"unused", vector["user_agent"], vector["ip"])
    preimage = vector["ip"].encode() + vector["user_agent"].encode() + b"\xff"
    return {**vector, "preimage_hex": preimage.hex(), "id": _xsrf_utils._anonymous_xsrf_id(page)}


def xsrf(vector):
    xsrf_id = f"{vector['session_id']}:{vector['user_id']}"
    page = handler(bytes.fromhex(vector["secret_hex"]))
    with at(vector["timestamp"]):
        token = _xsrf_utils._create_signed_value_urlsafe(page, "_xsrf", xsrf_id).decode()
        assert _xsrf_utils._get_signed_value_urlsafe(page, "_xsrf", token).decode() == xsrf_id
    inner = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    return {**vector, "xsrf_id": xsrf_id, "inner_signed": inner, "token": token}


def auth_state(vector):
    fernet = Fernet(base64.urlsafe_b64encode(bytes.fromhex(vector["key_hex"])))
    token = fernet._encrypt_from_parts(
        vector["plaintext"].encode(), vector["timestamp"], bytes.fromhex(vector["iv_hex"])
    )
    return {**vector, "token": token.decode()}


def auth_state_multi(vector):
    keys = vector["env"].split(";")
    with mock.patch.dict(os.environ, {crypto.KEY_ENV: vector["env"]}):
        keeper = crypto.CryptKeeper()
        keeper._decrypt(vector["token"].encode())
    readers = []
    for index, key in enumerate(keys):
        with mock.patch.dict(os.environ, {crypto.KEY_ENV: key}):
            try:
                crypto.CryptKeeper()._decrypt(vector["token"].encode())
                readers.append(index)
            except crypto.InvalidToken:
                continue
    (reader,) = readers
    return {**vector, "decrypts_with_key_index": reader}


def crypt_key(vector):
    try:
        result = crypto._validate_key(vector["input"]).hex()
    except ValueError as error:
        result = f"ERROR {type(error).__name__}"
    return {**vector, "result": result}


def stored(column_type, vector):
    value = ast.literal_eval(vector["value"])
    return {**vector, "stored": column_type().process_bind_param(value, None)}


def date_time(vector):
    value = datetime.datetime.fromisoformat(vector["iso_arg"])
    bind = sa.DateTime().dialect_impl(sqlite.dialect()).bind_processor(sqlite.dialect())
    return {**vector, "stored_sqlite": bind(value), "api_isoformat": utils.isoformat(value)}


def escaped(vector):
    user = SimpleNamespace(name=vector["name"])
    return {**vector, "escaped": User.escaped_name.fget(user)}


def client_id(vector):
    db = memory_database()
    orm_user = orm.User(name=vector["user"])
    db.add(orm_user)
    db.add(orm.Spawner(name=vector["server"], user=orm_user))
    db.commit()
    made = {}

    def spawner_class(**kwargs):
        made.update(kwargs)
        return SimpleNamespace(load_state=lambda state: None)

    User(orm_user, settings={"base_url": "/"})._new_spawner(vector["server"], spawner_class=spawner_class)
    return {**vector, "client_id": made["oauth_client_id"]}


def pkce(vector):
    # oauthlib only compares, so a challenge that it refuses stops the run
    assert code_challenge_method_s256(vector["verifier"], vector["challenge"])
    return vector


def slug(vector):
    name = vector["name"]
    return {
        **vector,
        "valid": slugs.is_valid_safe_slug(name),
        "slug": slugs.safe_slug(name, avoid_collisions=False),
        "slug_hashed": slugs.safe_slug(name),
    }


def hashed(vector, key):
    algorithm = vector.get("algorithm", "sha512")
    text = utils.hash_token(vector[key], salt=vector["salt"], rounds=vector["rounds"], algorithm=algorithm)
    assert utils.compare_token(text, vector[key])
    new = {**vector, "stored": text}
    if "prefix" in vector:
        new["prefix"] = vector[key][: orm.APIToken.prefix_length]
    return new


def compute(old):
    secret = bytes.fromhex(old["signed_value_v2"][0]["secret_hex"])
    return {
        "token_hash": [hashed(v, "token") for v in old["token_hash"]],
        "oauth_client_secret": [hashed(v, "secret") for v in old["oauth_client_secret"]],
        "signed_value_v2": [signed_v2(v) for v in old["signed_value_v2"]],
        "signed_value_v2_expiry": expiry(old["signed_value_v2_expiry"], secret),
        "signed_value_v1": signed_v1(old["signed_value_v1"]),
        "anonymous_xsrf_id": anonymous_id(old["anonymous_xsrf_id"]),
        "xsrf": [xsrf(v) for v in old["xsrf"]],
        "auth_state": [auth_state(v) for v in old["auth_state"]],
        "auth_state_multi": auth_state_multi(old["auth_state_multi"]),
        "crypt_key_parsing": [crypt_key(v) for v in old["crypt_key_parsing"]],
        "json_dict": [stored(orm.JSONDict, v) for v in old["json_dict"]],
        "json_list": [stored(orm.JSONList, v) for v in old["json_list"]],
        "json_list_read": {"null_reads_as": orm.JSONList().process_result_value(None, None)},
        "datetime": [date_time(v) for v in old["datetime"]],
        "oauth_client_id": [client_id(v) for v in old["oauth_client_id"]],
        "escaped_name": [escaped(v) for v in old["escaped_name"]],
        "pkce_s256": pkce(old["pkce_s256"]),
        "safe_slug": [slug(v) for v in old["safe_slug"]],
    }


if __name__ == "__main__":
    rewrite(os.path.join(sys.argv[1], "crypto-vectors.json"), compute)
