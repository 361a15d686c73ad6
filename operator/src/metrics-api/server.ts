/** The HTTPS server of the metrics API, for the API server's aggregator only. */
import { constants } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ListenAddress } from "../runtime/health.ts";
import type { Logger } from "../runtime/log.ts";
import type { Attributes } from "./access-review.ts";
import {
  group,
  groupDocument,
  groupListDocument,
  metricValueList,
  resourceListDocument,
  statusDocument,
} from "./documents.ts";
import { userOf, type FrontProxy, type User } from "./front-proxy.ts";
import type { PodMetric } from "./pod-metrics.ts";
import { readRequest, type MetricsRequest } from "./request.ts";
import type { ServingCertificate } from "./serving-certificate.ts";

export type PodsRequest = Extract<MetricsRequest, { readonly kind: "pods" }>;

export interface MetricsServerOptions {
  readonly address: ListenAddress;
  readonly certificate: ServingCertificate;
  readonly frontProxy: FrontProxy;
  readonly allows: (user: User, attributes: Attributes) => Promise<boolean>;
  readonly read: (request: PodsRequest) => readonly PodMetric[];
  readonly log: Logger;
}

export interface MetricsServer {
  readonly port: number;
  /** Applies to new connections; open ones continue. */
  update(certificate: ServingCertificate, frontProxy: FrontProxy): void;
  close(): Promise<void>;
}

interface Answer {
  readonly code: number;
  readonly body: object | string;
}

/** Rejects when the address cannot be bound. */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { address, allows, read, log } = options;
  let { frontProxy } = options;
  const server = createServer({
    ...tlsOptions(options.certificate, frontProxy),
    // A user may be in hundreds of groups, each a header.
    maxHeaderSize: 64 * 1024,
    requestTimeout: 10_000,
  });
  server.maxConnections = 512;
  server.on("request", (request, response) => void respond(request, response));

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer;
    try {
      answer = await answerTo(request);
    } catch (error) {
      log.warn({ error }, "a request for metrics could not be answered");
      answer = refusal(503, "whether you may read this could not be learnt from the API server");
    }
    const isText = typeof answer.body === "string";
    const body = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
    response.writeHead(answer.code, {
      "content-type": isText ? "text/plain; charset=utf-8" : "application/json",
      "content-length": Buffer.byteLength(body),
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    response.end(body);
  }

  async function answerTo(request: IncomingMessage): Promise<Answer> {
    const user = userBehind(request, frontProxy);
    if (user === undefined)
      return refusal(401, "only the API server's aggregator is admitted, by its client certificate");
    const parsed = readRequest(request.method ?? "", request.url ?? "/");
    if (!(await allows(user, attributesOf(parsed, request.url ?? "/")))) {
      return refusal(403, `user ${user.name} cannot get ${request.url}`);
    }
    switch (parsed.kind) {
      case "health":
        return { code: 200, body: "ok" };
      case "groups":
        return { code: 200, body: groupListDocument };
      case "group":
        return { code: 200, body: groupDocument };
      case "resources":
        return { code: 200, body: resourceListDocument(parsed.version) };
      case "pods": {
        const values = read(parsed);
        if (values.length === 0 && parsed.name !== undefined) {
          return refusal(404, `pod ${parsed.namespace}/${parsed.name} has no recent value of ${parsed.metric}`);
        }
        return { code: 200, body: metricValueList(parsed.version, parsed.metric, values) };
      }
      case "invalid":
        return refusal(parsed.code, parsed.message);
    }
  }

  server.listen({ port: address.port, ...(address.host === undefined ? {} : { host: address.host }) });
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    update(certificate, proxy) {
      frontProxy = proxy;
      server.setSecureContext(tlsOptions(certificate, proxy));
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function tlsOptions({ chain, key }: ServingCertificate, { authority }: FrontProxy) {
  return {
    cert: chain,
    key,
    ca: authority,
    requestCert: true,
    // A client without a certificate gets a 401 with the reason rather than a broken connection.
    rejectUnauthorized: false,
    minVersion: "TLSv1.2" as const,
    // A resumed session would skip the check of the certificate after a change of its CA.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

function userBehind(request: IncomingMessage, proxy: FrontProxy): User | undefined {
  const socket = request.socket as TLSSocket;
  if (!socket.authorized) return undefined;
  const name = socket.getPeerCertificate().subject?.CN;
  const isNamed = proxy.allowedNames.length === 0 || (typeof name === "string" && proxy.allowedNames.includes(name));
  return isNamed ? userOf(proxy, request.headersDistinct) : undefined;
}

function attributesOf(request: MetricsRequest, url: string): Attributes {
  if (request.kind !== "pods") return { nonResourceAttributes: { path: url.split("?", 1)[0] ?? "/", verb: "get" } };
  const { version, namespace, name = "*", metric } = request;
  return {
    resourceAttributes: { group, version, namespace, resource: "pods", subresource: metric, name, verb: "get" },
  };
}

function refusal(code: number, message: string): Answer {
  return { code, body: statusDocument(code, message) };
}
