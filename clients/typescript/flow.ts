// What a program does first: sign in, list groups, create one, change it, read it back.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import createClient from "openapi-fetch";
import type { Kind } from "./kinds.js";
import type { components, paths } from "./schema.js";

type Schemas = components["schemas"];

// a date that was never set is null, never the year 1
export const lastActiveAt: Kind<Schemas["Group"], "last_active_at"> = "nullable";

const [, , baseUrl = "", email = "", password = ""] = process.argv;
const api = createClient<paths>({ baseUrl });

function answered<Data>({ data, error }: { data?: Data; error?: Schemas["Problem"] }): Data {
  assert(data, error?.detail);
  return data;
}

const tokens = answered(await api.POST("/api/v1/auth/login", { body: { email, password } }));
api.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${tokens.access_token}`);
  },
});

const [type] = answered(await api.GET("/api/v1/group-types")).items;
assert(type);
const groups = answered(await api.GET("/api/v1/groups", { params: { query: { mine: true, limit: 10 } } }));

const header = { "Idempotency-Key": randomUUID() };
const body = { name: "From TypeScript", type_ids: [type.id] };
const created = await api.POST("/api/v1/groups", { params: { header }, body });
const again = await api.POST("/api/v1/groups", { params: { header }, body });
const { id, last_active_at } = answered(created);
assert.equal(answered(again).id, id);
assert.equal(last_active_at, null);

const change = {
  params: { path: { group_id: id }, header: { "If-Match": created.response.headers.get("ETag") ?? "" } },
  body: { summary: "Changed", learning_question: null },
};
assert.equal(answered(await api.PATCH("/api/v1/groups/{group_id}", change)).summary, "Changed");
const late = await api.PATCH("/api/v1/groups/{group_id}", change);
assert.equal(late.error?.code, "precondition_failed");

const group = answered(await api.GET("/api/v1/groups/{group_id}", { params: { path: { group_id: id } } }));
assert.equal(group.summary, "Changed");
console.log(`${groups.items.length} groups before; created and changed ${group.slug}`);
