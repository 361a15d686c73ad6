/** Reads and validates a result of the load-test client. Pure. */
import { Ajv } from "ajv";
import { quickCompile } from "../schema/quick-compile.ts";
import {
  measuredResult,
  unreachableResult,
  type LoadTestResult,
  type MeasuredResult,
  type UnreachableResult,
} from "./schema.ts";

// Compiled on first use: most programs that import this package never read a result.
let compiled: ReturnType<typeof compile> | undefined;

function compile() {
  const ajv = new Ajv({ strictTypes: false, ...quickCompile });
  return {
    measured: ajv.compile<MeasuredResult>(measuredResult),
    unreachable: ajv.compile<UnreachableResult>(unreachableResult),
  };
}

/** The result in a JSON text, from `--json` or a termination message; `problem` names the first defect. */
export function readLoadTestResult(text: string): LoadTestResult | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: "not JSON" };
  }
  const { verdict } = (value ?? {}) as { readonly verdict?: unknown };
  compiled ??= compile();
  const validate = verdict === "Unreachable" ? compiled.unreachable : compiled.measured;
  if (validate(value)) return value;
  const [first] = validate.errors ?? [];
  return { problem: `not a load-test result: ${first?.instancePath ?? ""} ${first?.message ?? ""}` };
}
