// How each property of the generated types may be given; `nullability.ts`, written from the document, is held against it.
import type { components } from "./schema.js";

type Schemas = components["schemas"];

export type Kind<T, Key extends keyof T> = unknown extends T[Key]
  ? "unknown"
  : `${{} extends Pick<T, Key> ? "optional " : ""}${null extends T[Key] ? "nullable" : "plain"}`;

export type Kinds = {
  [Name in keyof Schemas]?: { [Key in keyof Schemas[Name]]-?: Kind<Schemas[Name], Key> };
};
