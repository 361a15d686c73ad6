import assert from "node:assert/strict";
import type { GpuMediaService } from "@gpumedia/api";
import { checklistOf, checklistText } from "./checklist.ts";

const service = (status?: GpuMediaService["status"]): GpuMediaService => ({
  apiVersion: "gpumedia.io/v1alpha1",
  kind: "GpuMediaService",
  metadata: { name: "upscaler", namespace: "media" },
  ...(status === undefined ? {} : { status }),
});

describe("gpumedia checklist", () => {
  it("prints all items by list, with the messages of those that the status lists", () => {
    const message = "create a GpuMediaLoadTest for this service";
    const listed = {
      list: "PreDeployment",
      item: "Load testing completed",
      state: "Unknown",
      reason: "NoLoadTest",
    } as const;
    const items = checklistOf(service({ guideChecklist: [{ ...listed, message }] }));
    assert.deepEqual(checklistText(items, 80).split("\n"), [
      "Pre-deployment",
      "  Done     GPU drivers optimized",
      "  Done     CUDA toolkit updated",
      "  Done     Memory limits configured",
      "  Done     Network policies optimized",
      "  Unknown  Load testing completed                 create a GpuMediaLoadTest for",
      "                                                  this service",
      "",
      "Runtime",
      "  Done     HPA/VPA configured",
      "  Done     Resource utilization monitored",
      "  Done     Performance alerts active",
      "  Done     Bottlenecks identified",
      "  Done     Scaling validated",
      "",
      "Continuous improvement",
      "  Done     Performance metrics tracked",
      "  Done     Optimization opportunities identified",
      "  Manual   Regular performance reviews",
      "  Manual   Capacity planning updated",
      "  Manual   Team performance training",
      "",
    ]);
  });

  it("claims nothing about a service that the operator has not evaluated", () => {
    assert.throws(() => checklistOf(service()), /GpuMediaService upscaler has no checklist yet; see kubectl describe/);
  });
});
