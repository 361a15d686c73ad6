import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import Fastify from "fastify";
import { listen } from "./listen.ts";

const hasIpv6 = Object.values(networkInterfaces()).some((ones) => ones?.some(({ family }) => family === "IPv6"));

describe("the processor's listener", () => {
  it("answers on IPv4, and on IPv6 where the machine has it", async () => {
    const app = Fastify().get("/", async () => "here");
    try {
      const { port } = new URL(await listen(app, { host: undefined, port: 0 }));
      for (const host of ["127.0.0.1", "localhost", ...(hasIpv6 ? ["[::1]"] : [])]) {
        assert.equal(await (await fetch(`http://${host}:${port}/`)).text(), "here", host);
      }
    } finally {
      await app.close();
    }
  });

  const refusing = (code: string) => {
    const tried: string[] = [];
    const app = {
      async listen({ host = "" } = {}) {
        tried.push(host);
        if (host === "::") throw Object.assign(new Error(code), { code });
        return "";
      },
      addresses: () => [{ address: "0.0.0.0", family: "IPv4", port: 8080 }],
    };
    return { app: app as never, tried };
  };

  it("listens on IPv4 alone where the kernel has no IPv6", async () => {
    const { app, tried } = refusing("EAFNOSUPPORT");
    assert.equal(await listen(app, { host: undefined, port: 8080 }), "http://localhost:8080");
    assert.deepEqual(tried, ["::", "0.0.0.0"]);
  });

  it("fails when the port is in use, also on one address only", async () => {
    const { app, tried } = refusing("EADDRINUSE");
    await assert.rejects(listen(app, { host: undefined, port: 8080 }), { code: "EADDRINUSE" });
    await assert.rejects(listen(app, { host: "::", port: 8080 }), { code: "EADDRINUSE" });
    assert.deepEqual(tried, ["::", "::"]);
  });
});
