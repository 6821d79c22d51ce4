// Signs payloads and checks signatures with Stripe's own package:
// node vectors.mjs <folder of the installed package>, with {make: [...], check: [...]} on stdin.
import { createRequire } from "node:module";
import { join } from "node:path";

const Stripe = createRequire(join(process.argv[2], "package.json"))("stripe");
const { webhooks } = new Stripe("sk_test_unused");

let text = "";
for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk;
const { make, check } = JSON.parse(text);

const made = make.map(({ payload, secret, timestamp }) => webhooks.generateTestHeaderString({ payload, secret, timestamp }));
const checked = check.map(({ payload, header, secret }) => {
  try {
    return webhooks.constructEvent(payload, header, secret).id;
  } catch (error) {
    return `refused: ${error.type ?? error.name}`;
  }
});
console.log(JSON.stringify({ made, checked }));
