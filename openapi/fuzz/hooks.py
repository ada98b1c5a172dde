"""What Schemathesis must be told about Praxis: how one logs in, what a stream consists of, and where webhooks may be; and how
often it called each operation and with what success, which it writes to `calls.json`."""

import atexit
import collections
import json
import os
import re
import uuid
from pathlib import Path
from urllib.parse import unquote

import requests
import schemathesis

URL = os.environ["FUZZED_URL"]
LOGIN = {"email": os.environ["FUZZED_EMAIL"], "password": os.environ["FUZZED_PASSWORD"]}
# shorter than a token lives
RENEWED_AFTER = 600
FEED_KEYS = f"{URL}/api/v1/me/feed-keys"
# what ends the session that asks for it
ENDING = ("/api/v1/auth/logout", "/api/v1/auth/sessions", "/api/v1/me/password")
# with a port, and in the brackets of an IPv6 address
HOST = re.compile(r"([\w.-]+|\[[\da-f:.]+\])(:\d{0,5})?", flags=re.I)


def log_in(who: dict[str, str] = LOGIN) -> str:
    answer = requests.post(f"{URL}/api/v1/auth/login", json=who, timeout=30)
    answer.raise_for_status()
    return answer.json()["access_token"]


def newcomer() -> str:
    """Somebody who may go: the caller stays."""
    somebody = {"email": f"{uuid.uuid4()}@fuzz.example", "password": LOGIN["password"]}
    registered = requests.post(f"{URL}/api/v1/auth/register", json=somebody | {"display_name": "Newcomer"}, timeout=30)
    registered.raise_for_status()
    return log_in(somebody)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@schemathesis.auth(refresh_interval=RENEWED_AFTER)
class Session:
    """One session for all requests but those that would end it: each of these has its own."""

    def get(self, _case, _context):
        token = log_in()
        # there is an end to those that one may have
        for key in requests.get(FEED_KEYS, headers=bearer(token), timeout=30).json()["items"]:
            requests.delete(f"{FEED_KEYS}/{key['id']}", headers=bearer(token), timeout=30).raise_for_status()
        made = requests.post(FEED_KEYS, json={"name": "A reader"}, headers=bearer(token), timeout=30)
        made.raise_for_status()
        return {"token": token, "feed_key": made.json()["secret"]}

    def set(self, case, session, _context):
        token = session["feed_key" if case.path.endswith("/feed.atom") else "token"]
        if case.path.startswith(ENDING):
            token = log_in()
        elif case.operation.label == "DELETE /api/v1/me":
            token = newcomer()
        case.headers.update(bearer(token))


CALLS = collections.defaultdict(lambda: {"calls": 0, "different": 0, "successes": 0})
SEEN = set()
atexit.register(lambda: Path("calls.json").write_text(json.dumps(CALLS)))


def note(case) -> None:
    """Counts a call; what it asks is the same as before where only the headers differ."""
    asked = hash((case.method, case.path, repr(case.path_parameters), repr(case.query), repr(case.body)))
    counts = CALLS[case.operation.label]
    counts["calls"] += 1
    counts["different"] += asked not in SEEN
    SEEN.add(asked)


@schemathesis.hook
def after_call(_context, case, response):
    CALLS[case.operation.label]["successes"] += response.status_code < 400


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """No key is sent twice; and whatever webhook is made, nobody is called: it is at a name that nobody has (RFC 6761, section 6.4)."""
    note(case)
    key = (case.headers or {}).get("Idempotency-Key")
    # what was made before with the same key and body is answered again, though it may be gone
    if isinstance(key, str) and key.isascii() and key.isprintable() and 0 < len(key) <= 200:
        case.headers["Idempotency-Key"] = f"{key}{uuid.uuid4().hex}"
    if not (case.path.startswith("/api/v1/me/webhooks") and isinstance(case.body, dict)):
        return
    url = case.body.get("url")
    parts = re.match(r"(https?:)[/\\]*([^/\\?#]+)(.*)", url, flags=re.I | re.S) if isinstance(url, str) else None
    # what is no authority is refused, and is to be
    if parts and HOST.fullmatch(unquote(parts[2])):
        case.body["url"] = f"{parts[1]}//hooks.invalid{parts[3]}"


@schemathesis.hook
def before_load_schema(_context, document):
    """Every request may have an id, by which no two are the same. And OpenAPI 3.1 cannot say what one event of a stream is;
    Schemathesis takes the keyword of 3.2."""
    for operation in (operation for item in document["paths"].values() for operation in item.values()):
        named = {"name": "X-Request-Id", "in": "header", "schema": {"type": "string"}}
        operation.setdefault("parameters", []).append(named)
    stream = document["paths"]["/api/v1/events"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    text = {"type": "string"}
    stream["itemSchema"] = {
        "type": "object",
        "required": ["event", "data"],
        "properties": {"event": text, "data": text, "id": text},
    }
