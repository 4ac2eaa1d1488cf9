"use strict";

// Calling the app.

const PATIENCE = 30 * SECOND;  // to wait for a response
const KEY = "function-key";
const API = location.pathname.replace(/\/*$/, "/");  // the URL may lack the trailing slash

/** Has a message for the user, the status of the answer if there was one, and the ms that it asked to wait. */
class Refusal extends Error {
  constructor(message, status = 0, wait = 0) {
    super(message);
    Object.assign(this, { status, wait });
  }
}

/** Returns the status and content of the response; throws a Refusal. */
async function ask(method, path, body) {
  const key = sessionStorage.getItem(KEY) ?? "";
  const isMine = () => (sessionStorage.getItem(KEY) ?? "") === key;  // of whoever asked, and not of the next user
  let answer;
  try {
    answer = await fetch(API + path, {
      method, body, cache: "no-store", redirect: "error", signal: AbortSignal.timeout(PATIENCE),
      headers: { "x-functions-key": key },
    });
  } catch {
    throw new Refusal(isMine() ? "The app did not respond. Check the network." : "");
  }
  const content = await answer.json().catch(() => null);  // responses of the host itself have no body
  if (!isMine()) throw new Refusal("");
  if (answer.status === 401) {
    forget("The app did not accept this key.");
    throw new Refusal("");
  }
  if (answer.ok && content) return { status: answer.status, content };
  throw new Refusal(content?.detail ?? `The app responded with ${answer.status} and no details.`, answer.status, retryAfter(answer));
}

/** Whether the same may succeed later. */
const passes = ({ status }) => status === 0 || status === 429 || status >= 500;

/** The ms in a Retry-After; both of its forms count (RFC 9110, section 10.2.3). */
function retryAfter(answer) {
  const value = answer.headers.get("retry-after") ?? "";
  const ms = /^\d+$/.test(value) ? value * SECOND : Date.parse(value) - Date.now();
  return ms > 0 ? ms : 0;
}

/** Does what a user asked for; a refusal is said, and anything else is a mistake of this page. */
async function attempt(what) {
  try {
    await what();
    refuse([]);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    refuse(error.message.split("\n"));
  }
}

function refuse(lines) {
  fill($("refused"), lines.filter((line) => line), (said) => said.map((line) => make("p", {}, line)));
}
