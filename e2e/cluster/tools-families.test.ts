import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import {
  executableName,
  familyDirectory,
  familyOf,
  linkerFlags,
  moduleVersion,
  readFamily,
  type ToolName,
} from "./tools-families.ts";

const tools: readonly ToolName[] = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubectl",
  "kubelet",
  "kube-proxy",
  "nvidia-device-plugin",
  "containerd",
  "containerd-shim-runc-v2",
  "ctr",
  "dra-example-kubeletplugin",
  "kwok",
  "helm",
  "helm3",
  "glua",
  "source-controller",
  "kustomize-controller",
  "promtool",
  "prometheus",
  "kube-score",
];

describe("the version of a module in a go.mod", () => {
  const goMod = "module m\n\nrequire a.io/x v1.0.0\n\nrequire (\n\ta.io/x/y v2.0.0 // indirect\n\ta.io/z v3.0.0\n)\n";
  for (const [module, version] of [
    ["a.io/x", "v1.0.0"],
    ["a.io/x/y", "v2.0.0"],
    ["a.io/z", "v3.0.0"],
  ] as const) {
    it(`is ${version} for ${module}`, () => assert.equal(moduleVersion(goMod, module), version));
  }

  it("is an error when the module is not required", () => {
    assert.throws(() => moduleVersion(goMod, "a.io"), { name: "ToolError", message: "go.mod does not require a.io" });
  });
});

describe("the linker's flags", () => {
  it("leave out symbols", () => assert.equal(linkerFlags("v1.2.3"), "-s -w"));
  it("set the version of Kubernetes' programs", () => {
    assert.equal(
      linkerFlags("v1.35.4", ["k8s.io/v"]),
      "-s -w -X k8s.io/v.gitVersion=v1.35.4 -X k8s.io/v.gitMajor=1 -X k8s.io/v.gitMinor=35",
    );
  });
});

describe("the file that go build writes", () => {
  for (const [path, name] of [
    ["go.etcd.io/etcd/server/v3", "server"],
    ["k8s.io/kubernetes/cmd/kubectl", "kubectl"],
    ["helm.sh/helm/v4/cmd/helm", "helm"],
  ] as const) {
    it(`is ${name} for ${path}`, () => assert.equal(executableName(path), name));
  }
});

describe("a family of tools", () => {
  for (const tool of tools) {
    it(`has ${tool} among the tools of its go.mod`, async () => {
      const name = familyOf(tool);
      const { packages, key, version } = await readFamily(name);
      const goMod = await readFile(`${familyDirectory(name)}go.mod`, "utf8");
      assert.match(goMod, new RegExp(`^(tool |\\t)${packages[tool]}$`, "m"));
      assert.match(key, new RegExp(`^${name}-${version}-${process.arch}-[0-9a-f]{12}$`));
    });
  }
});
