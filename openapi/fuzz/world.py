"""Makes things to try the API with, some of them the caller's own, and prints their ids as a part of schemathesis.toml.

`world.py URL ADMIN_EMAIL CALLER_EMAIL PASSWORD`, with the demonstration data loaded. The administrator
is there; another caller is registered.
"""

import json
import sys

import requests

URL, ADMIN, CALLER, PASSWORD = sys.argv[1:]


class Person:
    """Somebody who is logged in."""

    def __init__(self, email, is_new=False):
        self.token = None
        if is_new:
            self("POST", "/auth/register", {"email": email, "password": PASSWORD, "display_name": "Member"})
        self.token = self("POST", "/auth/login", {"email": email, "password": PASSWORD})["access_token"]
        self.id = self("GET", "/me")["id"]

    def __call__(self, method, path, body=None, **headers):
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        answer = requests.request(method, f"{URL}/api/v1{path}", json=body, headers=headers, timeout=30)
        if not answer.ok:
            sys.exit(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def ids(self, path):
        return [item["id"] for item in self("GET", path)["items"][:5]]


admin, caller = Person(ADMIN), Person(CALLER, is_new=CALLER != ADMIN)
types = caller.ids("/group-types")
made = {name: [] for name in ("group_id", "post_id", "comment_id", "article_id", "webhook_id", "delivery_id")}
for visibility in ("public", "listed", "hidden"):
    settings = {"name": f"Fuzzed and {visibility}", "type_ids": types[:1], "visibility": "public", "join_policy": "open"}
    group = admin("POST", "/groups", settings)["id"]
    if CALLER != ADMIN:
        caller("PUT", f"/groups/{group}/membership", {})
        role = {"role": "facilitator" if visibility == "hidden" else "owner"}
        admin("PATCH", f"/groups/{group}/members/{caller.id}", role, **{"If-Match": "*"})
    admin("PATCH", f"/groups/{group}", {"visibility": visibility}, **{"If-Match": "*"})
    made["group_id"].append(group)
    for author in (admin, caller):
        for kind in ("discussion", "question"):
            post = author("POST", f"/groups/{group}/posts", {"kind": kind, "title": "A title", "body": "A body."})["id"]
            made["post_id"].append(post)
            made["comment_id"].append(author("POST", f"/posts/{post}/comments", {"body": "A comment."})["id"])
for title in ("One", "Two"):
    article = admin("POST", "/articles", {"kind": "news", "title": title, "body": "Some words."})["id"]
    for group in made["group_id"]:
        admin("POST", f"/articles/{article}/contributions", {"group_id": group, "role": "tested"})
    made["article_id"].append(article)
hook = caller("POST", "/me/webhooks", {"url": "https://hooks.example/praxis"})["webhook"]["id"]
made["webhook_id"].append(hook)
made["delivery_id"].append(caller("POST", f"/me/webhooks/{hook}/pings")["id"])
# what there was before
made["group_id"] += caller.ids("/groups")
made["article_id"] += caller.ids("/articles")
made["group_type_id"] = types
made["user_id"] = [*admin.ids("/admin/users"), caller.id]

for name, ids in made.items():
    print(f"[dictionaries.{name}]\nvalues = {json.dumps(ids)}")
print("[parameters]")
# hardly any text is a tag, and what is none is refused before anything is read
other = '"other"'
print(f'"header.If-None-Match" = {json.dumps(other)}')
for name in made:
    print(f'"path.{name}" = {{ dictionary = "{name}", probability = 0.8 }}')
