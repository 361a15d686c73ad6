import assert from "node:assert/strict";
import { environmentOf } from "./environment.ts";
import { commandOf } from "./images.ts";
import { localPath } from "./paths.ts";
import type { Pod } from "./pod-spec.ts";

describe("a container's paths", () => {
  const mounts = new Map([
    ["/etc/g", "/node/config"],
    ["/etc/g/deep", "/node/deep"],
  ]);
  const cases: readonly (readonly [word: string, local: string])[] = [
    ["/etc/g", "/node/config"],
    ["/etc/g/a.json", "/node/config/a.json"],
    ["/etc/g/deep/a", "/node/deep/a"],
    ["--config=/etc/g/a", "--config=/node/config/a"],
    ["/etc/go", "/etc/go"],
    ["x/etc/g", "x/etc/g"],
    ["http://host/etc/g", "http://host/etc/g"],
  ];
  for (const [word, local] of cases) it(`${word} is ${local}`, () => assert.equal(localPath(word, mounts), local));
});

describe("a container's environment", () => {
  it("has values, fields of the pod and expanded earlier variables", () => {
    const pod = { metadata: { name: "p", namespace: "n", uid: "u" }, spec: { nodeName: "node" } } as unknown as Pod;
    const variables = [
      { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      { name: "URL", value: "http://$(IP)/$$(IP)/$(NONE)" },
      { name: "EMPTY" },
    ];
    assert.deepEqual(environmentOf(variables, pod, "10.244.0.2"), {
      IP: "10.244.0.2",
      URL: "http://10.244.0.2/$(IP)/$(NONE)",
      EMPTY: "",
    });
  });
});

describe("an image", () => {
  const programs = { "gpumedia-processor": ["node", "p.js"], "gpumedia-loadtest": ["node", "l.js"] } as const;
  const cases = [
    { image: "reg/gpumedia-processor:1", args: ["-x"], is: { program: ["node", "p.js"], parameters: ["-x"] } },
    {
      image: "gpumedia-processor@sha256:0",
      command: ["gpumedia-loadtest", "a"],
      args: ["b"],
      is: { program: ["node", "l.js"], parameters: ["a", "b"] },
    },
    { image: "busybox", command: ["sh", "-c", "exit"], is: { program: ["sh"], parameters: ["-c", "exit"] } },
    {
      image: "busybox",
      is: { reason: "ErrImagePull", message: "busybox: not found (a process node has only gpumedia-processor)" },
    },
  ];
  for (const { image, command = [], args = [], is } of cases) {
    it(`${image} with ${JSON.stringify([...command, ...args])} is a program, or ErrImagePull`, () => {
      assert.deepEqual(commandOf({ name: "c", image, command, args }, programs), is);
    });
  }
});
