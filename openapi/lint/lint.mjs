// Lints the document in both versions with Spectral (its own rules for OpenAPI and OWASP's) and Redocly (recommended-strict).
// Nothing is let through but what `exemptions.json` names with its places and a reason; an exemption that nothing needs any more
// fails, too.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [, , modules, ...documents] = process.argv;
const exemptions = JSON.parse(readFileSync(join(dirname(fileURLToPath(import.meta.url)), "exemptions.json"), "utf8"));
const folder = mkdtempSync(join(tmpdir(), "praxis-lint-"));
const ruleset = join(folder, "spectral.json");
const owasp = join(modules, "@stoplight/spectral-owasp-ruleset/dist/ruleset.mjs");
writeFileSync(ruleset, JSON.stringify({ extends: ["spectral:oas", owasp] }));
const config = join(folder, "redocly.yaml");
writeFileSync(config, "extends: [recommended-strict]\n");

// what a tool prints as JSON, wherever it begins
function run(program, args, opening) {
  const options = { encoding: "utf8", maxBuffer: 1 << 28, env: { ...process.env, REDOCLY_TELEMETRY: "off" } };
  const { stdout, stderr, error } = spawnSync(join(modules, ".bin", program), args, options);
  const start = stdout?.indexOf(opening) ?? -1;
  if (error || start < 0) throw new Error(`${program} printed no result: ${error ?? stderr}`);
  return JSON.parse(stdout.slice(start, stdout.lastIndexOf(opening === "[" ? "]" : "}") + 1));
}

function spectral(document) {
  const found = run("spectral", ["lint", "--ruleset", ruleset, "--format", "json", document], "[");
  return found.map((it) => ({ rule: it.code, place: it.path.join("/"), words: it.message, isError: it.severity === 0 }));
}

function redocly(document) {
  const args = ["lint", "--config", config, "--format", "json", "--max-problems", "10000", document];
  const { problems } = run("redocly", args, "{");
  return problems.map((it) => ({ rule: it.ruleId, place: it.location[0]?.pointer, words: it.message, isError: it.severity === "error" }));
}

let failed = false;
for (const [name, tool] of Object.entries({ spectral, redocly })) {
  const needed = new Set();
  for (const document of documents) {
    const found = tool(document);
    // the older version's rules have names of their own
    const rule = (it) => it.rule.replace(/-legacy$/, "");
    // what is an error to the tool is let through only where the exemption says that it is one
    const named = (it) => exemptions[name][rule(it)];
    const exempted = (it) => named(it) && it.isError === (named(it).isError ?? false) && new RegExp(named(it).at).test(it.place);
    const open = found.filter((it) => !exempted(it));
    found.filter(exempted).forEach((it) => needed.add(rule(it)));
    for (const it of open) console.error(`${document}: ${name}: ${it.rule} at ${it.place}: ${it.words}`);
    const errors = found.filter((it) => exempted(it) && it.isError).length;
    console.log(`${document}: ${name}: ${open.length} findings, ${found.length - open.length} exempted (${errors} errors to the tool)`);
    failed ||= open.length > 0;
  }
  for (const rule of Object.keys(exemptions[name]).filter((rule) => !needed.has(rule))) {
    console.error(`${name}: nothing needs the exemption of ${rule} any more`);
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
