import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { kubeconfig, writeKubeconfig } from "./kubeconfig.ts";

const source = { name: "test", server: "https://127.0.0.1:6443", authority: "CA" };
const cluster = { server: "https://127.0.0.1:6443", "certificate-authority-data": "Q0E=" };

describe("a kubeconfig", () => {
  const cases = [
    {
      name: "of a certificate",
      source: { ...source, user: { certificate: "CERT", key: "KEY" } },
      user: { "client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ" },
      context: { cluster: "test", user: "test" },
    },
    {
      name: "of a token, with a namespace",
      source: { ...source, user: { token: "secret" }, namespace: "media" },
      user: { token: "secret" },
      context: { cluster: "test", user: "test", namespace: "media" },
    },
  ];
  for (const { name, source, user, context } of cases) {
    it(name, () =>
      assert.deepEqual(parse(kubeconfig(source)), {
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "test", cluster }],
        users: [{ name: "test", user }],
        contexts: [{ name: "test", context }],
        "current-context": "test",
      }),
    );
  }

  it("is for its owner only", async () => {
    const directory = await mkdtemp(join(tmpdir(), "kubeconfig-"));
    try {
      const file = await writeKubeconfig(join(directory, "config"), { ...source, user: { token: "secret" } });
      assert.equal((await stat(file)).mode & 0o777, 0o600);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
