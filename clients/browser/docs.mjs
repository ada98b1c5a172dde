// Whether /docs works in a browser with no network but the server itself: the page loads, logs in, runs an operation, shows its
// answer and is still logged in after it is loaded again. `node docs.mjs URL EMAIL PASSWORD PICTURE`.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const [url, email, password, picture] = process.argv.slice(2);
const { host } = new URL(url);

async function logIn() {
  const body = JSON.stringify({ email, password });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/api/v1/auth/login`, { method: "POST", headers, body });
  assert.equal(answer.status, 200);
  return (await answer.json()).access_token;
}

/** Opens an operation and runs it as it stands: the status and the body that the page shows. */
async function run(page, tag, operation) {
  const block = page.locator(`#operations-${tag}-${operation}`);
  await block.locator(".opblock-summary-control").click();
  await block.getByRole("button", { name: "Try it out" }).click();
  await block.getByRole("button", { name: "Execute" }).click();
  const row = block.locator(".live-responses-table .response").first();
  await row.waitFor();
  const status = await row.locator(".response-col_status").innerText();
  return { block, status: status.trim(), body: await row.locator(".highlight-code, .microlight").first().innerText() };
}

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  ],
});
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 960 } });
  const [faults, outside] = [[], []];
  await context.route(
    (asked) => asked.protocol !== "data:" && asked.protocol !== "blob:" && asked.host !== host,
    (route) => {
      outside.push(route.request().url());
      return route.abort();
    },
  );
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(String(error)));

  await page.goto(`${url}/docs`);
  await page.locator(".swagger-ui .info .title").waitFor();

  await page.locator(".auth-wrapper button.authorize").click();
  const dialog = page.locator(".auth-container").filter({ hasText: "bearer  (http" }).first();
  await dialog.locator("input").fill(await logIn());
  await dialog.getByRole("button", { name: "Apply credentials" }).click();
  await page.getByRole("button", { name: "Close", exact: true }).first().click();

  const readMe = async () => {
    const me = await run(page, "me", "get_me");
    assert.equal(me.status, "200");
    assert.ok(me.body.includes(email), me.body);
  };
  await readMe();
  // not the fragment, which opens what was open
  await page.goto(`${url}/docs`);
  await page.locator(".auth-wrapper button.authorize.locked").waitFor();
  await readMe();
  const groups = await run(page, "groups", "list_groups");
  assert.equal(groups.status, "200");
  assert.ok(groups.body.includes('"items"'), groups.body);
  await groups.block.scrollIntoViewIfNeeded();
  await page.screenshot({ path: picture });

  assert.deepEqual(faults, [], "the console has errors");
  assert.deepEqual(outside, [], "the page asks other servers");
  console.log("/docs works in a browser without a network");
} finally {
  await browser.close();
}
