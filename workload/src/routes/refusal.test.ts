/** A full processor refuses a request before it has read it. */
import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { RawConnection } from "../testing/raw-connection.ts";
import { health } from "./health.ts";
import { oipRoutes } from "./oip/oip.ts";
import { processPicture } from "./process.ts";
import { appWith, fakeContext } from "./testing/fake-context.ts";

describe("a request that cannot be served now", () => {
  for (const path of ["/v1/process", "/v2/models/anime4k-2x/infer"]) {
    it(`to ${path} is rejected before its body arrives, and the connection serves the next one`, async () => {
      const context = fakeContext();
      const app = await appWith(async (scope, given) => {
        for (const route of [health, processPicture, oipRoutes]) await route(scope, given);
      }, context);
      await app.listen({ port: 0, host: "127.0.0.1" });
      const connection = await RawConnection.open((app.server.address() as AddressInfo).port);
      try {
        context.pipeline.ready = false;
        const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: 21\r\n\r\n`;
        await connection.send(head);
        assert.deepEqual(await connection.responses(1), [503]);
        assert.match(connection.received, /retry-after: 1\r\n/i);
        assert.equal(context.counts.invalid, 0);

        context.pipeline.ready = true;
        // What comes late is not taken for the next request.
        await connection.send("GET /nowhere HTTP/1.1");
        await connection.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
        assert.deepEqual(await connection.responses(2), [503, 200]);
      } finally {
        connection.reset();
        await app.close();
      }
    });
  }
});
