/** Converts a file's text and the environment to settings, or to the list of invalid values. Pure. */
import { Ajv, type ErrorObject } from "ajv";
import { processorConfig, type ProcessorConfig } from "@gpumedia/api/src/processor-config.ts";
import { durationMs } from "@gpumedia/api/src/units/parse.ts";
import { isCidr } from "@gpumedia/api/src/validate/cidr.ts";
import { quickCompile } from "@gpumedia/api/src/schema/quick-compile.ts";
import { parse } from "yaml";
import { builtInModels } from "../models/built-in.ts";
import { overrides, withEnvironment } from "./environment.ts";
import { builtInModelOf, settingsOf, type Settings } from "./settings.ts";

export interface WrongValue {
  /** `queue.maxDepth`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

export type ConfigReading =
  | { readonly kind: "settings"; readonly settings: Settings }
  | { readonly kind: "wrong"; readonly values: readonly WrongValue[] };

type Environment = Readonly<Record<string, string | undefined>>;

const validate = new Ajv({ allErrors: true, strict: false, ...quickCompile }).compile<ProcessorConfig>(processorConfig);

/** Reads YAML, which includes JSON; an empty file means all defaults. */
export function readConfig(text: string, env: Environment): ConfigReading {
  let config: unknown;
  try {
    config = parse(text) ?? {};
  } catch (error) {
    return wrong([{ path: "", message: (error as Error).message.split("\n", 1)[0] ?? "" }]);
  }
  const whole = withEnvironment(config, env);
  if (!validate(whole)) return wrong((validate.errors ?? []).map((error) => wrongValue(error, env)));
  const values = [...tooLongDelay(whole), ...unknownModel(whole), ...wrongNetworks(whole)];
  return values.length > 0 ? wrong(values) : { kind: "settings", settings: settingsOf(whole) };
}

function wrong(values: readonly WrongValue[]): ConfigReading {
  return { kind: "wrong", values };
}

function wrongValue({ instancePath, keyword, params, message = "" }: ErrorObject, env: Environment): WrongValue {
  const path = instancePath.split("/").slice(1).join(".");
  if (keyword === "additionalProperties") {
    const name = String(params["additionalProperty"]);
    return { path: path === "" ? name : `${path}.${name}`, message: "unknown setting" };
  }
  const { allowedValues } = params as { allowedValues?: readonly string[] };
  const expected = allowedValues === undefined ? message : `must be one of ${allowedValues.join(", ")}`;
  const variable = overrides.find((override) => override.path.join(".") === path)?.variable ?? "";
  return { path, message: env[variable] === undefined ? expected : `${expected} (from ${variable})` };
}

function tooLongDelay({ batch, requestTimeout = "30s" }: ProcessorConfig): WrongValue[] {
  if (durationMs(batch?.maxDelay ?? "0ms") < durationMs(requestTimeout)) return [];
  return [{ path: "batch.maxDelay", message: `must be shorter than requestTimeout (${requestTimeout})` }];
}

function unknownModel({ model = {} }: ProcessorConfig): WrongValue[] {
  if (model.path !== undefined || builtInModelOf(model) !== undefined) return [];
  return [{ path: "model.name", message: `must be one of ${builtInModels.join(", ")}, or set model.path` }];
}

function wrongNetworks({ upstream }: ProcessorConfig): WrongValue[] {
  return (upstream?.allowedNetworks ?? []).flatMap((network, index) =>
    isCidr(network)
      ? []
      : [{ path: `upstream.allowedNetworks.${index}`, message: "must be a network such as 10.96.0.0/16" }],
  );
}
