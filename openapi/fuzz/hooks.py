"""What Schemathesis must be told about Praxis: how one logs in, what a stream consists of, and where webhooks may be; and how
often it called each operation, which it writes to `calls.json`."""

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
# what ends the session that asks for it
ENDING = ("/api/v1/auth/logout", "/api/v1/auth/sessions", "/api/v1/me/password")
# with a port, and in the brackets of an IPv6 address
HOST = re.compile(r"([\w.-]+|\[[\da-f:.]+\])(:\d{0,5})?", flags=re.I)


def log_in() -> str:
    answer = requests.post(f"{URL}/api/v1/auth/login", json=LOGIN, timeout=30)
    answer.raise_for_status()
    return answer.json()["access_token"]


@schemathesis.auth(refresh_interval=RENEWED_AFTER)
class Session:
    """One session for all requests but those that would end it: each of these has its own."""

    def get(self, _case, _context):
        return log_in()

    def set(self, case, token, _context):
        token = log_in() if case.path.startswith(ENDING) else token
        case.headers["Authorization"] = f"Bearer {token}"


CALLS = collections.Counter()
atexit.register(lambda: Path("calls.json").write_text(json.dumps(CALLS)))


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """No key is sent twice; and whatever webhook is made, nobody is called: it is at a name that nobody has (RFC 6761, section 6.4)."""
    CALLS[case.operation.label] += 1
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
    """OpenAPI 3.1 cannot say what one event of a stream is; Schemathesis takes the keyword of 3.2."""
    stream = document["paths"]["/api/v1/events"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    text = {"type": "string"}
    stream["itemSchema"] = {
        "type": "object",
        "required": ["event", "data"],
        "properties": {"event": text, "data": text, "id": text},
    }
