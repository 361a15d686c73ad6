import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import { PipelineError } from "../../core/pipeline-error.ts";
import { appWith, type FakeContext, fakeContext } from "../testing/fake-context.ts";
import { processUrl } from "./process-url.ts";

const picture = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);

const sendPicture: RequestListener = (_, response) => {
  response.writeHead(200, { "content-type": "image/jpeg" }).end(picture);
};

interface World {
  readonly app: FastifyInstance;
  readonly context: FakeContext;
  /** The path that fetches from the host. */
  readonly path: string;
  readonly asked: () => number;
}

async function withHost(listener: RequestListener, test: (world: World) => Promise<void>): Promise<void> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  let asked = 0;
  server.on("request", () => asked++);
  const { port } = server.address() as AddressInfo;
  const context = fakeContext((settings) => ({
    ...settings,
    upstream: { ...settings.upstream, allowedHosts: [`127.0.0.1:${port}`], allowedNetworks: ["127.0.0.1/32"] },
  }));
  const app = await appWith(processUrl, context);
  const path = `/v1/process?url=${encodeURIComponent(`http://127.0.0.1:${port}/a.jpg`)}`;
  try {
    await test({ app, context, path, asked: () => asked });
  } finally {
    await app.close();
    server.close();
  }
}

describe("GET /v1/process", () => {
  it("is not served unless a host is allowed", async () => {
    const app = await appWith(processUrl, fakeContext());
    const { statusCode } = await app.inject("/v1/process?url=http://example.com/");
    assert.equal(statusCode, 404);
  });

  it("answers the processed picture, cacheable as in the guide's CDN section", () =>
    withHost(sendPicture, async ({ app, path }) => {
      const { statusCode, headers, rawPayload } = await app.inject(path);
      const { "cache-control": cacheControl, vary, "content-type": type, "server-timing": timing } = headers;
      assert.deepEqual(
        { statusCode, cacheControl, vary, type, timing, rawPayload },
        {
          statusCode: 200,
          cacheControl: "public, max-age=300",
          vary: "accept",
          type: "image/jpeg",
          timing: "queue;dur=0.00, decode;dur=1.00, inference;dur=2.00, encode;dur=3.00",
          rawPayload: picture,
        },
      );
    }));

  it("answers 304 without processing", () =>
    withHost(sendPicture, async ({ app, context, path }) => {
      const first = await app.inject(path);
      const etag = first.headers.etag ?? assert.fail("no ETag");
      assert.match(etag, /^W\/"[\w-]{22}"$/);
      context.pipeline.onProcess = () => assert.fail("processed");
      const tags = [etag, etag.replace("W/", ""), `"other", ${etag}`, "*"];
      for (const tag of tags) {
        const { statusCode, headers, body } = await app.inject({ url: path, headers: { "if-none-match": tag } });
        const { etag: again, "cache-control": cacheControl } = headers;
        const expected = { statusCode: 304, again: etag, cacheControl: "public, max-age=300", body: "" };
        assert.deepEqual({ statusCode, again, cacheControl, body }, expected);
      }
    }));

  it("gives another picture, format or quality another ETag", async () => {
    let body = picture;
    await withHost(
      (_, response) => response.writeHead(200, { "content-type": "image/jpeg" }).end(body),
      async ({ app, path }) => {
        const tag = async (url: string, accept = "image/jpeg") =>
          (await app.inject({ url, headers: { accept } })).headers.etag;
        const tags = [await tag(path), await tag(path, "image/png"), await tag(`${path}&quality=50`)];
        body = Buffer.concat([picture, picture]);
        tags.push(await tag(path));
        assert.equal(new Set(tags).size, 4);
        assert.equal(await tag(path), tags[3]);
      },
    );
  });

  const refused: readonly (readonly [name: string, query: string, status: number, kind: string])[] = [
    ["no URL", "", 400, "url-invalid"],
    ["two URLs", "?url=http://a.example/&url=http://b.example/", 400, "url-invalid"],
    ["a URL that is too long", `?url=http://a.example/${"a".repeat(4096)}`, 400, "url-invalid"],
    ["a relative URL", "?url=/etc/passwd", 400, "url-invalid"],
    ["another scheme", "?url=file:///etc/passwd", 400, "url-invalid"],
    ["the metadata service", "?url=http://169.254.169.254/latest/", 403, "host-not-allowed"],
    ["an invalid quality", "?url=http://a.example/&quality=101", 400, "quality"],
  ];
  for (const [name, query, status, kind] of refused) {
    it(`rejects ${name}`, () =>
      withHost(sendPicture, async ({ app, context, asked }) => {
        const answer = await app.inject(`/v1/process${query}`);
        const { type } = answer.json<{ type: string }>();
        const { "cache-control": cacheControl } = answer.headers;
        assert.deepEqual(
          { status: answer.statusCode, type, cacheControl, invalid: context.counts.invalid, asked: asked() },
          { status, type: `urn:gpumedia:problem:${kind}`, cacheControl: "no-store", invalid: 1, asked: 0 },
        );
      }));
  }

  it("reports upstream errors as not cacheable", () =>
    withHost(
      (_, response) => response.writeHead(500).end(),
      async ({ app, path }) => {
        const { statusCode, headers, body } = await app.inject(path);
        assert.deepEqual(
          [statusCode, headers["cache-control"], headers.etag, JSON.parse(body)],
          [
            502,
            "no-store",
            undefined,
            {
              type: "urn:gpumedia:problem:upstream-refused",
              title: "Host refused the request",
              status: 502,
              detail: "the host answered 500",
            },
          ],
        );
      },
    ));

  it("reports pipeline errors as not cacheable", () =>
    withHost(sendPicture, async ({ app, context, path }) => {
      context.pipeline.onProcess = () => {
        throw new PipelineError("queue-full", "256 requests are waiting", 2);
      };
      const { statusCode, headers } = await app.inject(path);
      const { "cache-control": cacheControl, "retry-after": retryAfter, etag } = headers;
      assert.deepEqual(
        { statusCode, cacheControl, retryAfter, etag },
        { statusCode: 503, cacheControl: "no-store", retryAfter: "2", etag: undefined },
      );
    }));

  it("does not fetch while no worker could process the picture", () =>
    withHost(sendPicture, async ({ app, context, path, asked }) => {
      context.pipeline.ready = false;
      const { statusCode } = await app.inject(path);
      assert.deepEqual({ statusCode, asked: asked() }, { statusCode: 503, asked: 0 });
    }));

  it("answers 304 even while no worker could process the picture", () =>
    withHost(sendPicture, async ({ app, context, path }) => {
      const { etag = "" } = (await app.inject(path)).headers;
      context.pipeline.ready = false;
      const { statusCode } = await app.inject({ url: path, headers: { "if-none-match": etag } });
      assert.equal(statusCode, 304);
    }));
});
