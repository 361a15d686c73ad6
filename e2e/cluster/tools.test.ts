import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFamily } from "./tools-families.ts";
import { cacheDirectory, tool, tools } from "./tools.ts";

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

describe("programs that are on the machine", () => {
  let directory = "";
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), "assets-"))));
  afterEach(() => rm(directory, { recursive: true }));

  async function programs(folder: string, ...names: readonly string[]): Promise<string> {
    const path = join(directory, folder);
    await mkdir(path, { recursive: true });
    for (const name of names) await writeFile(join(path, name), "#!/bin/sh\n", { mode: 0o755 });
    return path;
  }

  it("are used from KUBEBUILDER_ASSETS, those of the control plane that envtest lacks too", async () => {
    const assets = await programs("assets", "etcd", "kube-apiserver", "kube-scheduler");
    assert.deepEqual(await tools(["etcd", "kube-apiserver", "kube-scheduler"], { KUBEBUILDER_ASSETS: assets }), {
      etcd: join(assets, "etcd"),
      "kube-apiserver": join(assets, "kube-apiserver"),
      "kube-scheduler": join(assets, "kube-scheduler"),
    });
  });

  it("are an error when KUBEBUILDER_ASSETS lacks one of envtest's", async () => {
    const assets = await programs("assets", "kubectl");
    await chmod(join(assets, "kubectl"), 0o644);
    await assert.rejects(tool("kubectl", { KUBEBUILDER_ASSETS: assets }), {
      name: "ToolError",
      message: `KUBEBUILDER_ASSETS=${assets} has no executable kubectl: correct the path, or unset the variable`,
    });
  });

  it("are used from setup-envtest's store: the latest patch of our minor version, unless one was built", async () => {
    const { version, key } = await readFamily("kubernetes");
    const [, minor = ""] = /^v(\d+\.\d+)/.exec(version) ?? [];
    const platform = `linux-${process.arch === "x64" ? "amd64" : process.arch}`;
    const store = "data/kubebuilder-envtest/k8s";
    for (const patch of ["9", "10"]) await programs(`${store}/${minor}.${patch}-${platform}`, "kubectl");
    await programs(`${store}/${minor}.11-other-platform`, "kubectl");
    await programs(`${store}/1.99.0-${platform}`, "kubectl");
    const env = { XDG_DATA_HOME: join(directory, "data"), GPUMEDIA_CACHE: join(directory, "cache") };
    assert.equal(await tool("kubectl", env), join(directory, store, `${minor}.10-${platform}`, "kubectl"));
    const built = await programs(`cache/tools/${key}`, "kubectl");
    assert.equal(await tool("kubectl", env), join(built, "kubectl"));
  });
});
