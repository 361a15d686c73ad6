/**
 * Stands between a client and the API server, forwards and counts all requests, and injects faults into those that a test selects.
 *
 * The client uses plain HTTP on loopback. To the API server, the proxy uses the given connection, so that a client behind it has
 * exactly the rights of that identity.
 */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Connection } from "@gpumedia/operator/src/kube/transport.ts";
import type { RequestFault, WatchFault } from "./fault.ts";
import { apiRequest, isWrite, matches, type ApiRequest, type RequestMatch } from "./request.ts";
import { WatchStream } from "./watch-stream.ts";

/** A write that the API server has answered. */
export interface AnsweredWrite {
  readonly request: ApiRequest;
  readonly status: number;
}

export interface Injection {
  /** The number of requests with the fault so far. */
  readonly hits: number;
}

export interface FaultProxy extends AsyncDisposable {
  /** For a client in this process. */
  readonly connection: Connection;
  /** All requests so far, in the order of their arrival. */
  readonly requests: readonly ApiRequest[];
  /** The number of them that match. */
  count(match: RequestMatch): number;
  /** Injects a fault into the next matching requests. Default: one. */
  inject(fault: RequestFault, on: RequestMatch, times?: number): Injection;
  /** Removes all injected faults. */
  withdraw(): void;
  /** The number of open watches that the API server has begun to answer. */
  readonly openWatches: number;
  /** Injects a fault into the matching open watches, and returns their number. */
  strike(fault: WatchFault, on?: RequestMatch): number;
  /** Calls the hook when the API server has answered a write, and awaits it before the client gets the response. */
  onWrite(hook: (write: AnsweredWrite) => Promise<void> | void): void;
  /** For a client in another process. */
  writeKubeconfig(file: string): Promise<void>;
}

interface Rule {
  readonly fault: RequestFault;
  readonly on: RequestMatch;
  left: number;
  hits: number;
}

export async function startFaultProxy(upstream: Connection): Promise<FaultProxy> {
  const requests: ApiRequest[] = [];
  const rules: Rule[] = [];
  const watches = new Map<WatchStream, ApiRequest>();
  const writeHooks: ((write: AnsweredWrite) => Promise<void> | void)[] = [];
  const agent = upstream.server.startsWith("https:")
    ? new https.Agent({ keepAlive: true, ...upstream.tls })
    : new http.Agent({ keepAlive: true });

  function faultOf(request: ApiRequest): RequestFault | undefined {
    const rule = rules.find(({ left, on }) => left > 0 && matches(request, on));
    if (rule === undefined) return undefined;
    rule.left--;
    rule.hits++;
    return rule.fault;
  }

  async function handle(incoming: http.IncomingMessage, client: http.ServerResponse): Promise<void> {
    const request = apiRequest(incoming.method ?? "", incoming.url ?? "");
    requests.push(request);
    const fault = faultOf(request);
    switch (fault?.kind) {
      case "reset":
        incoming.socket.resetAndDestroy();
        return;
      case "hang":
        return;
      case "answer":
        client.writeHead(fault.status, fault.headers).end(fault.body);
        return;
      case "delay":
        await delay(fault.ms);
        break;
      case "lose-answer":
      case "ignore":
      case "cut":
      case undefined:
        break;
    }
    const answer = await forward(incoming, client, fault?.kind === "ignore" ? fault.parameters : []);
    if (isWrite(request)) {
      for (const hook of writeHooks) await hook({ request, status: answer.statusCode ?? 0 });
    }
    if (fault?.kind === "lose-answer") incoming.socket.resetAndDestroy();
    else if (request.verb === "watch") relayWatch(request, answer, client, fault?.kind === "cut" ? fault : {});
    else answer.pipe(client.writeHead(answer.statusCode ?? 502, answer.headers));
  }

  async function forward(
    incoming: http.IncomingMessage,
    client: http.ServerResponse,
    ignoredParameters: readonly string[],
  ): Promise<http.IncomingMessage> {
    const url = new URL(upstream.server.replace(/\/$/, "") + (incoming.url ?? ""));
    for (const name of ignoredParameters) url.searchParams.delete(name);
    const authorization = await upstream.authorization();
    const { host: _host, connection: _connection, ...headers } = incoming.headers;
    const outgoing = (url.protocol === "https:" ? https : http).request(url, {
      agent,
      method: incoming.method,
      headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
    });
    client.on("close", () => outgoing.destroy());
    incoming.pipe(outgoing);
    const [answer] = (await once(outgoing, "response")) as [http.IncomingMessage];
    answer.on("error", () => client.destroy());
    return answer;
  }

  function openWatches(): (readonly [WatchStream, ApiRequest])[] {
    return [...watches].filter(([stream]) => !stream.over);
  }

  function relayWatch(
    request: ApiRequest,
    answer: http.IncomingMessage,
    client: http.ServerResponse,
    { afterEvents = Infinity }: { readonly afterEvents?: number },
  ): void {
    const stream = new WatchStream(client, afterEvents);
    client.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
    answer.on("data", (chunk: Buffer) => stream.write(chunk));
    answer.on("end", () => stream.end());
    watches.set(stream, request);
    client.on("close", () => watches.delete(stream));
  }

  const server = http.createServer((incoming, client) => {
    // The API server or the client has disconnected: there can be no response.
    handle(incoming, client).catch(() => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    connection: { server: url, tls: {}, authorization: async () => undefined },
    requests,
    count: (match) => requests.filter((request) => matches(request, match)).length,
    inject(fault, on, times = 1) {
      const rule: Rule = { fault, on, left: times, hits: 0 };
      rules.push(rule);
      return rule;
    },
    withdraw: () => void rules.splice(0),
    get openWatches() {
      return openWatches().length;
    },
    strike(fault, on = {}) {
      const struck = openWatches().filter(([, request]) => matches(request, on));
      for (const [stream] of struck) stream.strike(fault);
      return struck.length;
    },
    onWrite: (hook) => void writeHooks.push(hook),
    async writeKubeconfig(file) {
      const config = {
        apiVersion: "v1",
        kind: "Config",
        "current-context": "faults",
        contexts: [{ name: "faults", context: { cluster: "faults", user: "" } }],
        clusters: [{ name: "faults", cluster: { server: url } }],
      };
      await writeFile(file, JSON.stringify(config));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      agent.destroy();
      await once(server, "close");
    },
  };
}
