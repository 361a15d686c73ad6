/** The thread of `JsonWork`. */
import { parentPort } from "node:worker_threads";
import { parseInferRequest } from "./infer-request.ts";
import { encodeInferResponse, type InferResponse } from "./infer-response.ts";
import { HttpProblem } from "../problem.ts";
import type { ProblemCode } from "../../core/problems.ts";

export type JsonTask =
  | { readonly do: "parse"; readonly body: Uint8Array<ArrayBuffer>; readonly jsonLength: number | undefined }
  | { readonly do: "encode"; readonly response: InferResponse };

export interface JsonTaskDone {
  readonly id: number;
  readonly outcome:
    | { readonly kind: "done"; readonly result: unknown }
    | { readonly kind: "refused"; readonly code: ProblemCode; readonly message: string }
    | { readonly kind: "failed"; readonly message: string };
}

parentPort?.on("message", ({ id, task }: { readonly id: number; readonly task: JsonTask }) => {
  const { outcome, transfer } = attempt(task);
  parentPort?.postMessage({ id, outcome } satisfies JsonTaskDone, transfer);
});

function attempt(task: JsonTask): { readonly outcome: JsonTaskDone["outcome"]; readonly transfer: ArrayBuffer[] } {
  try {
    if (task.do === "parse") {
      const result = parseInferRequest(task.body, task.jsonLength);
      return { outcome: { kind: "done", result }, transfer: result.inputs.map(({ bytes }) => bytes.buffer) };
    }
    return { outcome: { kind: "done", result: encodeInferResponse(task.response) }, transfer: [] };
  } catch (error) {
    const { message } = error as Error;
    const outcome =
      error instanceof HttpProblem
        ? ({ kind: "refused", code: error.code, message } as const)
        : ({ kind: "failed", message } as const);
    return { outcome, transfer: [] };
  }
}
