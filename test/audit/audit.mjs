// Runs the audit of graphql-http against a server and prints its findings as JSON:
// node audit.mjs <folder of the installed package> <url>
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, url] = process.argv.slice(2);
const { auditServer } = await import(pathToFileURL(join(folder, "node_modules/graphql-http/lib/index.mjs")).href);

// What a browser must ask about before it sends: without it we answer no GET.
const preflighted = (input, init = {}) => fetch(input, { ...init, headers: { ...init.headers, "graphql-require-preflight": "1" } });

const results = await auditServer({ url, fetchFn: preflighted });
const findings = results.map(({ id, name, status, reason }) => ({ id, name, status, reason: reason ?? "" }));
console.log(JSON.stringify(findings));
