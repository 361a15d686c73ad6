import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { sampleContext, sampleService } from "./service.sample.ts";
import { unsupportedVolume } from "./volumes.ts";

describe("the volumes of a service's pods", () => {
  const image = { reference: "registry.example.com/models:1" };
  const model = { name: "own", path: "own.onnx" };
  const tooOld = /^(\S+): requires Kubernetes 1\.35 or newer; use a persistentVolumeClaim or an init container /;
  const cases: { readonly [title: string]: readonly [spec: GpuMediaServiceSpec, path: string | undefined] } = {
    "are possible everywhere without an image": [
      {
        model: { ...model, volume: { persistentVolumeClaim: { claimName: "models" } } },
        volumes: [{ name: "data", emptyDir: {} }],
      },
      undefined,
    ],
    "are rejected with an image for the model": [{ model: { ...model, volume: { image } } }, "model.volume.image"],
    "are rejected with an image of the user's own": [
      {
        volumes: [
          { name: "data", emptyDir: {} },
          { name: "more", image },
        ],
      },
      "volumes[1].image",
    ],
  };
  for (const [title, [spec, path]] of Object.entries(cases)) {
    it(`${title} on Kubernetes before 1.35`, () => {
      const features = { ...sampleContext.features, imageVolumes: false };
      assert.equal(unsupportedVolume(sampleService(spec), features)?.match(tooOld)?.[1], path);
    });
    it(`${title}: on Kubernetes 1.35 all are possible`, () => {
      assert.equal(unsupportedVolume(sampleService(spec), sampleContext.features), undefined);
    });
  }
});
