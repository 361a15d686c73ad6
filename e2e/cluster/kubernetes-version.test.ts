import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import {
  defaultKubernetesVersion,
  isSince,
  kubernetesFolder,
  kubernetesVersion,
  kubernetesVersions,
} from "./kubernetes-version.ts";
import { familyDirectory, readFamily } from "./tools-families.ts";

describe("the version of the control plane", () => {
  it("is the default without GPUMEDIA_KUBERNETES", () => {
    for (const env of [{}, { GPUMEDIA_KUBERNETES: "" }]) assert.equal(kubernetesVersion(env), defaultKubernetesVersion);
  });

  it("is that in GPUMEDIA_KUBERNETES", () => {
    assert.equal(kubernetesVersion({ GPUMEDIA_KUBERNETES: "1.37" }), "1.37");
  });

  it("is an error with the possible ones for a version without a module", () => {
    assert.throws(() => kubernetesVersion({ GPUMEDIA_KUBERNETES: "1.30" }), {
      name: "ToolError",
      message: /^GPUMEDIA_KUBERNETES=1\.30 .* set one of 1\.31, 1\.35, 1\.36, 1\.37, or unset the variable$/,
    });
  });

  it("is compared by number, also with versions that have no module", () => {
    assert.deepEqual(
      [isSince("1.9", "1.31"), isSince("1.34", "1.31"), isSince("1.34", "1.35"), isSince("1.35", "1.35")],
      [true, false, true, true],
    );
  });
});

describe("the module of a Kubernetes version", () => {
  for (const version of kubernetesVersions) {
    it(`pins a patch of ${version}, its staging modules, and all programs`, async () => {
      const { version: patch, packages, key } = await readFamily("kubernetes", version);
      assert.ok(patch.startsWith(`v${version}.`), patch);
      assert.ok(key.startsWith(`kubernetes-${patch}-`), key);
      const goMod = await readFile(`${familyDirectory(kubernetesFolder(version))}go.mod`, "utf8");
      const staging = patch.replace(/^v1/, "v0");
      assert.match(goMod, new RegExp(`^replace k8s\\.io/apiserver => k8s\\.io/apiserver ${staging}$`, "m"));
      for (const program of Object.values(packages)) assert.match(goMod, new RegExp(`^\\t${program}$`, "m"));
    });
  }

  it("has no number in the folder of the default version, which make test-real uses as well", () => {
    assert.equal(kubernetesFolder(defaultKubernetesVersion), "kubernetes");
  });
});

describe("the oldest version", () => {
  it("is the oldest that the chart accepts", async () => {
    const chart = await readFile(new URL("../../charts/gpumedia-operator/Chart.yaml", import.meta.url), "utf8");
    assert.match(chart, new RegExp(`^kubeVersion: ">=${kubernetesVersions[0]}\\.0-0"$`, "m"));
  });
});
