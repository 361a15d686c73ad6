/** The OpenAPI document. Written by hand: most bodies are pictures and tensors, which route schemas do not describe. Pure. */
import { utilizationReport } from "@gpumedia/api/src/utilization-report.ts";
import { formats, pictureFormats } from "../../core/picture.ts";
import manifest from "../../../package.json" with { type: "json" };

const text = (description: string) => ({ description, content: { "text/plain": { schema: { type: "string" } } } });
const json = (description: string, schema: object) => ({ description, content: { "application/json": { schema } } });
const reference = (kind: "schemas" | "parameters" | "responses", name: string) => ({
  $ref: `#/components/${kind}/${name}`,
});
const binary = { schema: { type: "string", format: "binary" } };
const form = { type: "object", properties: { file: { type: "string", format: "binary" } } };
const pictures = Object.fromEntries(pictureFormats.map((format) => [formats[format].mediaType, binary]));

const problems = {
  "400": reference("responses", "Problem"),
  "413": reference("responses", "Problem"),
  "415": reference("responses", "Problem"),
  "422": reference("responses", "Problem"),
  "503": reference("responses", "Busy"),
  "504": reference("responses", "Problem"),
};

const processed = {
  description: "The processed picture, in the format that Accept prefers.",
  headers: {
    "Server-Timing": {
      description:
        "Milliseconds for queue, decode, inference and encode, and what the decoder warned of (decode-warning).",
      schema: { type: "string" },
    },
    "Gpumedia-Frames": {
      description: "Of an animation, whose first frame was processed: 1/ and the number of frames.",
      schema: { type: "string" },
    },
  },
  content: pictures,
};

const inferResponses = {
  "200": json("The outputs; requested binary data follows the JSON.", reference("schemas", "InferResponse")),
  "400": reference("responses", "OipError"),
  "404": reference("responses", "OipError"),
  "413": reference("responses", "OipError"),
  "503": reference("responses", "OipError"),
};

/** `/v2/models/{name}…` with and without the version. */
function modelPaths(): Readonly<Record<string, object>> {
  const name = reference("parameters", "modelName");
  const bases = [
    ["/v2/models/{name}", [name]],
    ["/v2/models/{name}/versions/{version}", [name, reference("parameters", "modelVersion")]],
  ] as const;
  return Object.fromEntries(
    bases.flatMap(([path, parameters]) => [
      [
        path,
        { parameters, get: oip("The model's inputs and outputs", { "200": json("Metadata.", { type: "object" }) }) },
      ],
      [
        `${path}/config`,
        {
          parameters,
          get: oip("The model's configuration, as Triton has it", {
            "200": json("Configuration.", { type: "object" }),
          }),
        },
      ],
      [`${path}/stats`, { parameters, get: oip("The model's statistics, as Triton has them", statistics) }],
      [`${path}/ready`, { parameters, get: oip("Whether the model is ready", readiness) }],
      [
        `${path}/infer`,
        {
          parameters: [...parameters, reference("parameters", "jsonLength")],
          post: {
            ...oip("Run the model on tensors", inferResponses),
            requestBody: {
              required: true,
              content: {
                "application/json": { schema: reference("schemas", "InferRequest") },
                "application/octet-stream": binary,
              },
            },
          },
        },
      ],
    ]),
  );
}

const statistics = { "200": json("Statistics since the start.", { type: "object" }) };

const readiness = { "200": json("Ready.", { type: "object" }), "503": json("Not ready.", { type: "object" }) };

function oip(summary: string, responses: object): object {
  return { tags: ["Open Inference Protocol v2"], summary, responses };
}

const processPaths = {
  "/v1/process": {
    post: {
      tags: ["Pictures"],
      summary: "Process a picture",
      parameters: [reference("parameters", "quality")],
      requestBody: {
        required: true,
        description: "The picture, whose bytes decide the format, or a form with one file.",
        content: { ...pictures, "application/octet-stream": binary, "multipart/form-data": { schema: form } },
      },
      responses: { "200": processed, ...problems, "406": reference("responses", "Problem") },
    },
    get: {
      tags: ["Pictures"],
      summary: "Process a picture from an allowed host; served only if upstream.allowedHosts names one",
      parameters: [
        { name: "url", in: "query", required: true, schema: { type: "string", format: "uri", maxLength: 4096 } },
        reference("parameters", "quality"),
        { name: "If-None-Match", in: "header", schema: { type: "string" } },
      ],
      responses: {
        "200": processed,
        "304": { description: "Not modified." },
        ...problems,
        "403": reference("responses", "Problem"),
        "404": reference("responses", "Problem"),
        "406": reference("responses", "Problem"),
        "502": reference("responses", "Problem"),
      },
    },
  },
  "/v1/stream": {
    get: {
      tags: ["Pictures"],
      summary: "WebSocket: each binary message is a picture, and responses come in order",
      parameters: [
        reference("parameters", "quality"),
        { name: "format", in: "query", schema: { enum: pictureFormats } },
        { name: "info", in: "query", schema: { type: "boolean", default: false } },
      ],
      responses: {
        "101": { description: "Session opened." },
        "400": reference("responses", "Problem"),
        "426": reference("responses", "Problem"),
        "503": reference("responses", "Busy"),
      },
    },
  },
};

const operationsPaths = {
  "/": {
    get: {
      tags: ["Operations"],
      summary: "Pointer to the API; in development, a page to try it",
      responses: { "200": text("The pointer.") },
    },
  },
  "/livez": {
    get: {
      tags: ["Operations"],
      summary: "Liveness",
      responses: { "200": text("Alive."), "503": text("A worker hangs; restart the processor.") },
    },
  },
  "/readyz": {
    get: {
      tags: ["Operations"],
      summary: "Readiness",
      responses: { "200": text("Ready for requests."), "503": text("Not ready, with the reason.") },
    },
  },
  "/metrics": { get: { tags: ["Operations"], summary: "Prometheus metrics", responses: { "200": text("Metrics.") } } },
  "/utilization": {
    get: {
      tags: ["Operations"],
      summary: "Utilization over the last 15 seconds",
      responses: { "200": json("The report.", reference("schemas", "UtilizationReport")) },
    },
  },
  "/openapi.json": {
    get: {
      tags: ["Operations"],
      summary: "This document",
      responses: { "200": json("OpenAPI 3.1.", { type: "object" }) },
    },
  },
};

const oipPaths = {
  "/v2": { get: oip("The server", { "200": json("Name, version and extensions.", { type: "object" }) }) },
  "/v2/health/live": { get: oip("Liveness", { "200": json("Alive.", { type: "object" }) }) },
  "/v2/health/ready": { get: oip("Readiness", readiness) },
  ...modelPaths(),
  "/v2/models/stats": { get: oip("The statistics of all models", statistics) },
  "/v2/repository/index": {
    post: oip("The models that are served", {
      "200": json("Name, version and state.", { type: "array", items: { type: "object" } }),
    }),
  },
};

const tensor = {
  type: "object",
  required: ["name", "datatype", "shape"],
  properties: {
    name: { type: "string" },
    datatype: { type: "string", examples: ["UINT8"] },
    shape: { type: "array", items: { type: "integer" }, maxItems: 8 },
    data: { type: "array", description: "Numbers, flat or nested according to the shape." },
    parameters: { type: "object", properties: { binary_data_size: { type: "integer" } } },
  },
};

const components = {
  parameters: {
    quality: { name: "quality", in: "query", schema: { type: "integer", minimum: 1, maximum: 100, default: 85 } },
    modelName: { name: "name", in: "path", required: true, schema: { type: "string" } },
    modelVersion: { name: "version", in: "path", required: true, schema: { const: "1" } },
    jsonLength: {
      name: "Inference-Header-Content-Length",
      in: "header",
      description: "Length of the JSON in bytes, if binary data follows it.",
      schema: { type: "integer", minimum: 1 },
    },
  },
  responses: {
    Problem: {
      description: "The problem (RFC 9457).",
      content: { "application/problem+json": { schema: reference("schemas", "Problem") } },
    },
    Busy: {
      description: "Too many requests are waiting, or the processor is starting or shutting down.",
      headers: { "Retry-After": { description: "Seconds.", schema: { type: "integer" } } },
      content: { "application/problem+json": { schema: reference("schemas", "Problem") } },
    },
    OipError: json("The error.", {
      type: "object",
      required: ["error"],
      properties: { error: { type: "string" } },
    }),
  },
  schemas: {
    Problem: {
      type: "object",
      required: ["type", "title", "status", "detail"],
      properties: {
        type: { type: "string", examples: ["urn:gpumedia:problem:queue-full"] },
        title: { type: "string" },
        status: { type: "integer" },
        detail: { type: "string" },
      },
    },
    InferRequest: {
      type: "object",
      required: ["inputs"],
      properties: {
        id: { type: "string" },
        parameters: { type: "object", properties: { binary_data_output: { type: "boolean" } } },
        inputs: { type: "array", items: tensor },
        outputs: { type: "array", items: { type: "object", required: ["name"] } },
      },
    },
    InferResponse: {
      type: "object",
      properties: {
        model_name: { type: "string" },
        model_version: { type: "string" },
        id: { type: "string" },
        outputs: { type: "array", items: tensor },
      },
    },
    UtilizationReport: utilizationReport,
  },
};

export const openApiDocument = {
  openapi: "3.1.0",
  info: {
    title: "gpumedia-processor",
    version: manifest.version,
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  },
  paths: { ...processPaths, ...oipPaths, ...operationsPaths },
  components,
};
