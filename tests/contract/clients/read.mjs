// Bentley's own clients, one order a line: `node read.mjs PACKAGES SIMULATOR`.
// An order is {"api": NAME, "ask": WHAT, ...}; its answer {"is": ...}, or {"error": ..., "status": ...} for what a
// client throws.  Which orders there are is in `theirs/`, one file for each package.
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

import authorization from "./theirs/authorization.mjs";
import changedElements from "./theirs/changed_elements.mjs";
import imodels from "./theirs/imodels.mjs";
import insights from "./theirs/insights.mjs";
import realityCapture from "./theirs/reality_capture.mjs";
import reporting from "./theirs/reporting.mjs";

const [packages, origin] = process.argv.slice(2);
const load = createRequire(join(packages, "/"));
const open = (path) => import(pathToFileURL(join(packages, "node_modules", path)));

const tokens = authorization({ origin, load });
const parts = [reporting, insights, imodels, realityCapture, changedElements];
const apis = await Promise.all(parts.map((part) => part({ origin, load, open, token: tokens.token })));
const asked = Object.assign({ tokens }, ...apis);

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  let answer;
  try {
    answer = { is: await asked[order.api][order.ask](order) };
  } catch (error) { // some throw a Response, some the platform's error object
    const { code, name, status, statusCode } = error;
    answer = { error: code ?? name ?? error.constructor.name, status: status ?? statusCode ?? null, says: error.message };
  }
  console.log(JSON.stringify(answer));
}
