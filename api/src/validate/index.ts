/** What is wrong with an object of our kinds, as the API server would say it, and what to do. */
import { jsonSchema, type JsonSchema } from "../schema/json-schema.ts";
import { gpuMediaLoadTest, gpuMediaProfile, gpuMediaService, type Kind } from "../schema/kinds.ts";
import { ruleFindings } from "./cel.ts";
import type { Finding } from "./finding.ts";
import { schemaCheck, type UnknownFields } from "./schema.ts";

export type Validate = (object: unknown) => readonly Finding[];

/** For files: unknown fields are mistakes. */
export const validateFile: Readonly<Record<Kind, Validate>> = validators("reject");

/**
 * For stored objects. They may have been stored under an older schema, by a server that knew other fields: an operator
 * that takes them for what the types say would crash on them.
 */
export const validateStored: Readonly<Record<Kind, Validate>> = validators("ignore");

function validators(unknownFields: UnknownFields): Readonly<Record<Kind, Validate>> {
  return {
    GpuMediaService: validator(jsonSchema(gpuMediaService), unknownFields),
    GpuMediaProfile: validator(jsonSchema(gpuMediaProfile), unknownFields),
    GpuMediaLoadTest: validator(jsonSchema(gpuMediaLoadTest), unknownFields),
  };
}

function validator(schema: JsonSchema, unknownFields: UnknownFields): Validate {
  const written = withoutStatus(schema);
  const check = schemaCheck(written, unknownFields);
  return (object) => {
    const findings = check(object);
    return [...findings, ...ruleFindings(written, object, findings)];
  };
}

/** The status is ours: whatever is in it is no mistake of the user's. */
function withoutStatus({ properties = {}, ...schema }: JsonSchema): JsonSchema {
  return { ...schema, properties: { ...properties, status: {} } };
}
