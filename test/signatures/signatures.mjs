// Asks the vendors' own validators about signed requests, read as JSON from stdin, and prints what each says:
// node signatures.mjs <folder of the installed packages>
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parse } from "node:querystring";

const [folder] = process.argv.slice(2);
const load = (name) => createRequire(join(folder, "package.json"))(join(folder, "node_modules", name));
const signalwire = load("@signalwire/compatibility-api/lib/webhooks/webhooks.js");
const twilio = load("twilio/lib/webhooks/webhooks.js");
const webapi = load("@signalwire/web-api");

// A validator that throws has not said yes.
const says = (ask) => {
  try {
    return ask() === true;
  } catch {
    return false;
  }
};

const ask = ({ scheme, key, url, body, signature }) => {
  switch (scheme) {
    case "form":
      return [signalwire, twilio].map((v) => says(() => v.validateRequest(key, signature, url, { ...parse(body) }, true)));
    case "hashed":
      return [signalwire, twilio].map((v) => says(() => v.validateRequestWithBody(key, signature, url, body)));
    case "json":
      return [says(() => webapi.validateRequest(key, signature, url, body))];
  }
  throw new Error(`no validator for ${scheme}`);
};

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(ask)));
