/** The program: flags, log, connection and signals; operator.ts does the rest. */
import { readFile } from "node:fs/promises";
import { ConnectionError } from "./kube/errors.ts";
import { loadConnection } from "./kube/connection.ts";
import { readOptional } from "./kube/connection-file.ts";
import { startOperator } from "./operator.ts";
import { parseOptions } from "./options/options.ts";
import { ListenError } from "./runtime/health.ts";
import { systemClock } from "./runtime/clock.ts";
import { superviseProcess } from "./runtime/lifecycle.ts";
import { createLogger } from "./runtime/log.ts";

const manifest = await readFile(new URL("../package.json", import.meta.url), "utf8");
const { version } = JSON.parse(manifest) as { readonly version: string };
const podNamespace = await readOptional("/var/run/secrets/kubernetes.io/serviceaccount/namespace");
const parsed = parseOptions(process.argv.slice(2), process.env, {
  version,
  ...(podNamespace === undefined ? {} : { podNamespace }),
});

if (parsed.kind === "exit") {
  process.stdout.write(parsed.stdout);
  process.stderr.write(parsed.stderr);
  process.exitCode = parsed.code;
} else {
  const { options } = parsed;
  const log = createLogger({ level: options.logLevel });
  const lifecycle = superviseProcess({ timeoutMs: options.shutdownTimeoutMs, process, clock: systemClock, log });
  try {
    const connection = await loadConnection(options);
    await startOperator({ options, connection, version, lifecycle, clock: systemClock, log });
  } catch (error) {
    if (error instanceof ConnectionError || error instanceof ListenError) lifecycle.fail(error.message);
    else lifecycle.fail("could not start", error);
  }
}
