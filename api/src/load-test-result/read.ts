/** Reads and validates a result of the load-test client. Pure. */
import { Ajv, type ValidateFunction } from "ajv";
import {
  measuredResult,
  unreachableResult,
  type LoadTestResult,
  type MeasuredResult,
  type UnreachableResult,
} from "./schema.ts";

interface Validators {
  readonly measured: ValidateFunction<MeasuredResult>;
  readonly unreachable: ValidateFunction<UnreachableResult>;
}

// Compiled on first use: most programs that import this package never read a result.
let compiled: Validators | undefined;

function validators(): Validators {
  const ajv = new Ajv({ strictTypes: false });
  compiled ??= { measured: ajv.compile(measuredResult), unreachable: ajv.compile(unreachableResult) };
  return compiled;
}

/** The result in a JSON text, from `--json` or a termination message; `problem` names the first defect. */
export function readLoadTestResult(text: string): LoadTestResult | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: "not JSON" };
  }
  const unreachable =
    typeof value === "object" && value !== null && "verdict" in value && value.verdict === "Unreachable";
  const validate = validators()[unreachable ? "unreachable" : "measured"];
  if (validate(value)) return value;
  const [first] = validate.errors ?? [];
  return { problem: `not a load-test result: ${first?.instancePath ?? ""} ${first?.message ?? ""}` };
}
