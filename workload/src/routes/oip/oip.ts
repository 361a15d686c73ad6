/**
 * Open Inference Protocol v2 over HTTP, with the binary tensor extension, for clients such as tritonclient and KServe's.
 * Errors are `{"error": "…"}`, as the protocol has them, not problem JSON.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { collectBody } from "../body/collect-body.ts";
import { answerProblem, HttpProblem } from "../problem.ts";
import manifest from "../../../package.json" with { type: "json" };
import { bodyLimits, clientGone, refuseBeforeBody, type RouteContext } from "../route.ts";
import { parseIndexRequest, parseJsonLength } from "./infer-request.ts";
import { checkOutputs, requestedOutputs } from "./infer-response.ts";
import { JsonWork } from "./json-work.ts";
import { fromRaw, modelMetadata, modelVersion, oipModel, type OipModel, serverMetadata, toRaw } from "./model.ts";
import { checkInputs } from "./tensor.ts";
import { modelConfig, modelStatistics, repositoryIndex } from "./triton.ts";

interface ModelParameters {
  readonly name: string;
  readonly version?: string;
}

export async function oipRoutes(app: FastifyInstance, context: RouteContext): Promise<void> {
  await app.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => {
      // An invalid request never reaches the pipeline, which counts all others.
      if (error instanceof HttpProblem) context.telemetry.count("invalid");
      return answerProblem(error, request, reply);
    });
    // The body is JSON, or JSON and bytes: a header of the protocol decides, not the content type.
    scope.removeAllContentTypeParsers();
    const limits = bodyLimits(context.settings);
    scope.addContentTypeParser("*", (_request, payload, done) => collectBody(payload, limits, done));
    health(scope, context);
    models(scope, context);
    repository(scope, context);
  });
}

function health(app: FastifyInstance, { pipeline }: RouteContext): void {
  app.get("/v2", () => serverMetadata(manifest.version));
  app.get("/v2/health/live", () => ({ live: true }));
  app.get("/v2/health/ready", (_request, reply) => {
    return reply.code(pipeline.ready ? 200 : 503).send({ ready: pipeline.ready });
  });
}

function models(app: FastifyInstance, context: RouteContext): void {
  const { pipeline } = context;
  const json = new JsonWork();
  app.addHook("onClose", () => json.close());
  for (const path of ["/v2/models/:name", "/v2/models/:name/versions/:version"]) {
    app.get<{ Params: ModelParameters }>(path, ({ params }) => modelMetadata(findModel(context, params)));
    app.get<{ Params: ModelParameters }>(`${path}/config`, ({ params }) =>
      modelConfig(findModel(context, params), {
        count: context.processorState().workers.total,
        onGpu: context.settings.accelerator === "cuda",
      }),
    );
    app.get<{ Params: ModelParameters }>(`${path}/stats`, async ({ params }) => {
      checkName(context, params);
      return modelStatistics(params.name, await context.telemetry.totals());
    });
    app.get<{ Params: ModelParameters }>(`${path}/ready`, ({ params }, reply) => {
      checkName(context, params);
      return reply.code(pipeline.ready ? 200 : 503).send({ name: params.name, ready: pipeline.ready });
    });
    app.post<{ Params: ModelParameters; Body: Uint8Array<ArrayBuffer> | undefined }>(`${path}/infer`, {
      onRequest: refuseBeforeBody(context),
      handler: (request, reply) => infer(context, json, request, reply),
    });
  }
}

/** The one model that a processor serves. */
function repository(app: FastifyInstance, { pipeline, settings, telemetry }: RouteContext): void {
  const { name } = settings.model;
  app.get("/v2/models/stats", async () => modelStatistics(name, await telemetry.totals()));
  app.post<{ Body: Uint8Array | undefined }>("/v2/repository/index", ({ body }) =>
    repositoryIndex(name, pipeline.ready, parseIndexRequest(body)),
  );
}

async function infer(
  context: RouteContext,
  json: JsonWork,
  {
    params,
    headers,
    body = new Uint8Array(),
  }: FastifyRequest<{ Params: ModelParameters; Body: Uint8Array<ArrayBuffer> | undefined }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const model = findModel(context, params);
  const gone = clientGone(reply);
  const request = await json.parse(body, parseJsonLength(headers["inference-header-content-length"], body.length));
  checkInputs(request.inputs, model.inputs);
  checkOutputs(request, model.outputs);
  const { outputs } = await context.pipeline.infer(request.inputs.map(toRaw), gone);
  const answer = await json.encode({
    modelName: model.name,
    modelVersion,
    id: request.id,
    outputs: requestedOutputs(request, outputs.map(fromRaw)),
  });
  if (answer.jsonLength !== undefined) reply.header("inference-header-content-length", answer.jsonLength);
  return reply.type(answer.contentType).send(Buffer.concat(answer.chunks));
}

function findModel(context: RouteContext, parameters: ModelParameters): OipModel {
  checkName(context, parameters);
  const { model } = context.pipeline;
  if (model === undefined) throw new HttpProblem("not-ready", "the model is still being loaded");
  return oipModel(model);
}

function checkName({ settings }: RouteContext, { name, version = modelVersion }: ModelParameters): void {
  if (name !== settings.model.name)
    throw new HttpProblem("no-such-model", `no model "${name}"; this processor serves "${settings.model.name}"`);
  if (version !== modelVersion)
    throw new HttpProblem("no-such-model", `model "${name}" has no version "${version}", only "${modelVersion}"`);
}
