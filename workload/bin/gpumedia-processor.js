#!/usr/bin/env node
import module from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch } from "../../bin/launch.js";

// Without a cache every thread loads a TypeScript parser of its own: 218 MiB when idle instead of 180, and twice the CPU
// time to start. The variable is for the workers, and for the Node that an older one starts; where the folder can't be
// written there is just no cache.
process.env["NODE_COMPILE_CACHE"] ??= join(tmpdir(), "gpumedia-compile-cache");
module.enableCompileCache?.(process.env["NODE_COMPILE_CACHE"]);

// onnxruntime 1.30 writes an identifier of the machine and sends Microsoft what it runs, unless this variable is set; it reads
// this from the process's own environment, which threads can't change.
process.env["ORT_DISABLE_TELEMETRY"] ??= "1";

await launch(new URL("../src/main.ts", import.meta.url));
