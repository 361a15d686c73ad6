/**
 * Uploads that are refused before they have arrived: the answer reaches the client, also through reverse proxies, which respond with
 * 502 if the connection is reset first (RFC 9112, section 9.6).
 */
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import type { Context } from "mocha";
import { smallPicture } from "./pictures.ts";
import { type ProcessorProcess, processorProcess } from "./processor-process.ts";
import { installedNginx, nginxProxy, nodeProxy, type ReverseProxy } from "./reverse-proxies.ts";

const MiB = 2 ** 20;

interface Upload {
  readonly name: string;
  readonly path: string;
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly megabytes: number;
  readonly status: number;
}

const jpeg = { "content-type": "image/jpeg" };
const uploads: readonly Upload[] = [
  ...[11, 20, 50].map((megabytes) => ({
    name: `a picture of ${megabytes} MiB`,
    path: "/v1/process",
    headers: jpeg,
    megabytes,
    status: 413,
  })),
  {
    name: "a picture of 50 MiB in chunks",
    path: "/v1/process",
    headers: { ...jpeg, "transfer-encoding": "chunked" },
    megabytes: 50,
    status: 413,
  },
  {
    name: "JSON",
    path: "/v1/process",
    headers: { "content-type": "application/json" },
    megabytes: 50,
    status: 415,
  },
  {
    name: "a compression that is not supported",
    path: "/v1/process",
    headers: { ...jpeg, "content-encoding": "br" },
    megabytes: 8,
    status: 415,
  },
  { name: "an unknown path", path: "/upload", headers: jpeg, megabytes: 50, status: 404 },
  { name: "a path with an invalid escape", path: "/%zz", headers: jpeg, megabytes: 50, status: 400 },
  { name: "another method", path: "/v1/process", method: "PUT", headers: jpeg, megabytes: 50, status: 405 },
  { name: "tensors of 50 MiB", path: "/v2/models/anime4k-2x/infer", headers: {}, megabytes: 50, status: 413 },
  { name: "tensors for another model's path", path: "/v2/models/x/y/z", headers: {}, megabytes: 50, status: 404 },
];

/** The status, or the error of a client that sends and receives at the same time. */
async function send(
  port: number,
  connection: "keep-alive" | "close",
  { path, method = "POST", headers, megabytes }: Upload,
): Promise<number | string> {
  return new Promise((resolve) => {
    const length = "transfer-encoding" in headers ? {} : { "content-length": String(megabytes * MiB) };
    const request = httpRequest({
      host: "127.0.0.1",
      port,
      path,
      method,
      headers: { ...headers, ...length, connection },
      agent: false,
    });
    request.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    request.on("response", (response) => {
      response
        .resume()
        .on("close", () => resolve(response.complete ? (response.statusCode ?? 0) : "incomplete response"));
    });
    const block = Buffer.alloc(MiB);
    let left = megabytes;
    const write = (): void => {
      while (left > 0 && !request.destroyed) {
        left--;
        if (!request.write(block)) return void request.once("drain", write);
      }
      request.end();
    };
    write();
  });
}

describe("an upload that is refused", () => {
  let processor: ProcessorProcess;
  before(async () => {
    processor = await processorProcess({ GPUMEDIA_LIMITS_BODY_BYTES: String(10 * MiB) });
  });
  after(async () => processor[Symbol.asyncDispose]());

  const noProxy = async () => ({ port: processor.port, [Symbol.asyncDispose]: async () => undefined });
  const paths: readonly (readonly [name: string, proxy: (context: Context) => Promise<ReverseProxy>])[] = [
    ["on a connection that closes", noProxy],
    ["on a connection that stays open", noProxy],
    ["through a reverse proxy in Node", async () => nodeProxy(processor.port)],
    ...(["on", "off"] as const).flatMap((buffering) =>
      (["1.0", "1.1"] as const).map(
        (version) =>
          [
            `through nginx, request buffering ${buffering}, HTTP/${version}`,
            async (context: Context) => {
              const nginx = installedNginx();
              if (nginx !== undefined) return nginxProxy(nginx, processor.port, { buffering, version });
              // nginx is an optional package of the machine, so its absence must not fail the tests.
              process.stderr.write("skipped: no nginx on the PATH; install nginx-light\n");
              return context.skip();
            },
          ] as const,
      ),
    ),
  ];
  for (const [name, open] of paths) {
    it(`${name} gets its answer each time`, async function (this: Context) {
      await using proxy = await open(this);
      const connection = name.includes("closes") ? "close" : "keep-alive";
      for (const upload of uploads) {
        // A reset is a race: most often one of three uploads lost its answer.
        const statuses = [];
        for (let round = 0; round < 3; round++) statuses.push(await send(proxy.port, connection, upload));
        assert.deepEqual(statuses, [upload.status, upload.status, upload.status], upload.name);
      }
      const picture = new Uint8Array(await smallPicture("jpeg"));
      const next = await fetch(`http://127.0.0.1:${proxy.port}/v1/process`, { method: "POST", body: picture });
      assert.equal(next.status, 200);
    });
  }
});
