import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheDirectory, tool } from "./tools.ts";

describe("the cache of built programs", () => {
  const cases: readonly { readonly env: Record<string, string>; readonly expected: string }[] = [
    { env: { HOME: "/home/me" }, expected: "/home/me/.cache/gpumedia" },
    { env: { HOME: "/home/me", XDG_CACHE_HOME: "/var/cache/me" }, expected: "/var/cache/me/gpumedia" },
    { env: { HOME: "/home/me", XDG_CACHE_HOME: "" }, expected: "/home/me/.cache/gpumedia" },
    { env: { GPUMEDIA_CACHE: "/ci/cache", XDG_CACHE_HOME: "/var/cache/me" }, expected: "/ci/cache" },
  ];
  for (const { env, expected } of cases) {
    it(`is ${expected} with ${JSON.stringify(env)}`, () => assert.equal(cacheDirectory(env), expected));
  }
});

describe("KUBEBUILDER_ASSETS", () => {
  let assets = "";
  before(async () => {
    assets = await mkdtemp(join(tmpdir(), "assets-"));
    for (const name of ["etcd", "kube-apiserver", "kubectl"]) await writeFile(join(assets, name), "#!/bin/sh\n");
    await chmod(join(assets, "etcd"), 0o755);
    await chmod(join(assets, "kube-apiserver"), 0o755);
  });
  after(() => rm(assets, { recursive: true }));

  it("gives its own etcd and kube-apiserver", async () => {
    const env = { KUBEBUILDER_ASSETS: assets };
    assert.equal(await tool("etcd", env), join(assets, "etcd"));
    assert.equal(await tool("kube-apiserver", env), join(assets, "kube-apiserver"));
  });

  it("is a mistake when it has a program missing, or one that can't be run", async () => {
    await assert.rejects(tool("kubectl", { KUBEBUILDER_ASSETS: assets }), {
      name: "ToolError",
      message: `KUBEBUILDER_ASSETS=${assets} has no kubectl that can be run: correct it, or unset it`,
    });
  });
});
