"""What a program does first: sign in, list groups, create one, change it, read it back."""
import sys
from datetime import datetime
from typing import assert_type
from uuid import uuid4

from praxis_client import AuthenticatedClient, Client
from praxis_client.api.groups import create_group, get_group, list_group_types, list_groups, update_group
from praxis_client.api.sessions import create_session
from praxis_client.models import Group, GroupPage, GroupPatch, GroupTypePage, Login, NewGroup, Problem, Tokens

_, url, email, password = sys.argv

login = Login(email=email, password=password)
# the generator takes `security: [{}]` for a need to be signed in
tokens = create_session.sync(client=Client(base_url=url), body=login)
assert isinstance(tokens, Tokens), tokens
client = AuthenticatedClient(base_url=url, token=tokens.access_token)

types = list_group_types.sync(client=client)
assert isinstance(types, GroupTypePage), types
groups = list_groups.sync(client=client, mine=True, limit=10)
assert isinstance(groups, GroupPage), groups

key = str(uuid4())
body = NewGroup(name="From Python", type_ids=[types.items[0].id])
created = create_group.sync_detailed(client=client, idempotency_key=key, body=body)
again = create_group.sync(client=client, idempotency_key=key, body=body)
assert isinstance(created.parsed, Group), created
assert isinstance(again, Group) and again.id == created.parsed.id, again
# a date that was never set is null, never the year 1
assert_type(again.last_active_at, datetime | None)
assert again.last_active_at is None

etag = created.headers["ETag"]
change = GroupPatch(summary="Changed", learning_question=None)
changed = update_group.sync(again.id, client=client, if_match=etag, body=change)
assert isinstance(changed, Group) and changed.summary == "Changed", changed
late = update_group.sync(again.id, client=client, if_match=etag, body=change)
assert isinstance(late, Problem) and late.code == "precondition_failed", late

group = get_group.sync(again.id, client=client)
assert isinstance(group, Group) and group.summary == "Changed", group
print(f"{len(groups.items)} groups before; created and changed {group.slug}")
