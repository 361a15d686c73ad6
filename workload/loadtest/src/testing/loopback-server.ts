/** A server on loopback whose responses a test defines. */
import { type IncomingMessage, type RequestListener, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface LoopbackServer extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly requests: number;
  readonly connections: number;
  /** The highest number of concurrent requests. */
  readonly concurrency: number;
}

/** Answers one request; `nth` counts from 1. The body of the request has been read. */
export type Answerer = (response: ServerResponse, nth: number, request: IncomingMessage, body: Buffer) => void;

export async function listen(answer: Answerer): Promise<LoopbackServer> {
  let requests = 0;
  let connections = 0;
  let open = 0;
  let concurrency = 0;
  const listener: RequestListener = (request, response) => {
    const nth = ++requests;
    concurrency = Math.max(concurrency, ++open);
    response.once("close", () => open--);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => answer(response, nth, request, Buffer.concat(chunks)));
  };
  const server = createServer(listener).on("connection", () => connections++);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    get connections() {
      return connections;
    },
    get concurrency() {
      return concurrency;
    },
    async [Symbol.asyncDispose]() {
      const { promise: closed, resolve: close } = Promise.withResolvers<void>();
      server.close(() => close());
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A base URL without a listener: its port was free a moment ago. */
export async function unusedUrl(): Promise<string> {
  await using server = await listen(() => undefined);
  return server.url;
}

/** Answers 200 with the picture that was sent. */
export const echo: Answerer = (response, _nth, request, body) => {
  response.writeHead(200, { "content-type": request.headers["content-type"] ?? "" }).end(body);
};
