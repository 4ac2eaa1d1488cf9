// Bentley's own clients, one order a line: `node read.mjs PACKAGES SIMULATOR`.
// An order is {"ask": NAME, ...}; its answer {"is": ...}, or {"error": ..., "status": ...} for what a client throws.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [packages, origin] = process.argv.slice(2);
const require = createRequire(`${packages}/`);
const { ExtractionClient } = require("@itwin/insights-client");
const { ServiceAuthorizationClient } = require("@itwin/service-authorization");

const extractions = new ExtractionClient(`${origin}/insights/reporting`);
let tokens;

const asked = {
  newClient: ({ clientId, clientSecret }) => {
    tokens = new ServiceAuthorizationClient({ clientId, clientSecret, scope: "itwin-platform", authority: origin });
  },
  token: () => tokens.getAccessToken(),
  status: async ({ jobId }) => extractions.getExtractionStatus(await tokens.getAccessToken(), jobId),
  logs: async ({ jobId, top }) => extractions.getExtractionLogs(await tokens.getAccessToken(), jobId, top ?? undefined),
};

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  let answer;
  try {
    answer = { is: await asked[order.ask](order) };
  } catch (error) { // insights-client throws the Response itself
    answer = { error: error.name ?? error.constructor.name, status: error.status ?? null };
  }
  console.log(JSON.stringify(answer));
}
