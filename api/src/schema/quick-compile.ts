/**
 * Options for ajv that compile a schema in less than half of the time, because each start of a program waits for that. V8 optimizes
 * the code anyway; our own schemas need no check against the meta-schema, which ajv would have to compile first.
 */
export const quickCompile = { code: { optimize: false }, validateSchema: false, meta: false } as const;
