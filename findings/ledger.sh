#!/usr/bin/env bash
# @marcbachmann/cel-js 8.0.0 (2026-11-30): `has(m["a"].b)` is refused with "has() invalid argument", though CEL takes the selection of a
# field from any expression, and Kubernetes' selectors of devices use that form: has(device.attributes["gpu.nvidia.com"].x). `has(m.a.b)`
# and the `in` operator work. Exits with 1 when this changes. Needs Node 24 and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @marcbachmann/cel-js@8.0.0
cat >check.mjs <<'SCRIPT'
import { evaluate } from "@marcbachmann/cel-js";

const context = { m: { a: { b: true } } };
const results = ["has(m.a.b)", '"b" in m["a"]', 'has(m["a"].b)'].map((expression) => {
  try {
    return `${expression} is ${evaluate(expression, context)}`;
  } catch (error) {
    return `${expression} fails: ${error.message.split("\n")[0]}`;
  }
});
console.log(results.join("\n"));
process.exit(results[1] === '"b" in m["a"] is true' && /fails: has\(\) invalid argument/.test(results[2]) ? 0 : 1);
SCRIPT
node check.mjs
