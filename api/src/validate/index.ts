/** Validates objects of the gpumedia.io kinds as the API server does. */
import { jsonSchema, type JsonSchema } from "../schema/json-schema.ts";
import { gpuMediaLoadTest, gpuMediaProfile, gpuMediaService, type Kind } from "../schema/kinds.ts";
import { ruleFindings } from "./cel.ts";
import type { Finding } from "./finding.ts";
import { schemaCheck, type UnknownFields } from "./schema.ts";

export type Validate = (object: unknown) => readonly Finding[];

/** Validates objects in files: unknown fields are errors. */
export const validateFile: Readonly<Record<Kind, Validate>> = validators("reject");

/**
 * Validates stored objects. They may have been stored under an older schema with other fields: without validation, the
 * operator would crash on values that its types exclude.
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

/** The operator writes the status: its content is never a mistake of the user. */
function withoutStatus({ properties = {}, ...schema }: JsonSchema): JsonSchema {
  return { ...schema, properties: { ...properties, status: {} } };
}
