/** onnxruntime's Node binding: CommonJS whose exports cannot be determined without running it. */
import { createRequire } from "node:module";
import type * as Ort from "onnxruntime-node";

export const ort = createRequire(import.meta.url)("onnxruntime-node") as typeof Ort;
