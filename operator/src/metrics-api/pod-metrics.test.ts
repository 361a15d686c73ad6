/** What autoscalers read of pods that share GPUs, and that it bounds the replicas by the work of the service alone. */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { gpuMetricNames } from "../desired/gpu-metric.ts";
import { sampleService } from "../desired/service.sample.ts";
import { samplePod } from "../observe/pod-view.sample.ts";
import type { PodView } from "../observe/pod-view.ts";
import { podSharing, readPods } from "../utilization/reading.ts";
import { sampleReport } from "../utilization/report.sample.ts";
import { sampleOf, type Sample } from "../utilization/sample.ts";
import { gpuMetricOf, serviceSharing } from "../utilization/scaling-metric.ts";
import { UtilizationWindow } from "../utilization/window.ts";
import { podMetrics } from "./pod-metrics.ts";

const [device] = sampleReport.gpus.devices;
const target = 70;
const maxReplicas = 50;
const stepMs = 15_000;

interface Load {
  /** What the service needs, in pods at 100 %, if it had its GPUs alone. */
  readonly work: number;
  /** Of the neighbour on each GPU, 0 to 1. */
  readonly neighbour: number;
}

interface Gpus {
  /** Pods for each GPU: the device plugin's `replicas`. One of them is the neighbour's. */
  readonly slots: number;
  readonly isMig: boolean;
}

function sampleWith(uuid: string, utilization: number, busy: number, isMig: boolean): Sample {
  if (device === undefined) throw new Error("the sample has no GPU");
  const utilizationPercent = isMig ? null : 100 * Math.min(1, utilization);
  const devices = [{ ...device, uuid, migIndex: isMig ? 0 : null, utilizationPercent }];
  const workers = { ...sampleReport.workers, busyPercent: 100 * Math.min(1, busy) };
  return sampleOf({ ...sampleReport, gpus: { ...sampleReport.gpus, devices }, workers });
}

/**
 * Runs the loop from reports to replicas: our pods and a neighbour on each GPU report, the operator chooses the metric, and
 * an autoscaler with Kubernetes' algorithm reads it. Returns the replicas after each load.
 *
 * @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
 */
function scaled(loads: readonly Load[], { slots, isMig }: Gpus, metricName?: string): readonly number[] {
  const window = new UtilizationWindow(2 * stepMs);
  const service = sampleService();
  const steps: number[] = [];
  let replicas = 1;
  for (const [step, { work, neighbour }] of loads.entries()) {
    const now = step * stepMs;
    const pods: PodView[] = [];
    const own = slots - 1;
    // A neighbour slows our work down to one time slice in `slots` at worst.
    const busy = (work / replicas) * (1 + neighbour * own);
    for (let at = 0; at < replicas; at++) {
      const gpu = Math.floor(at / own);
      const pod = samplePod({
        uid: `own-${at}`,
        name: `own-${at}`,
        service: "media/upscaler",
        ip: "10.0.0.1",
        ready: true,
      });
      const utilization = Math.min(own, replicas) * Math.min(1, work / replicas) + neighbour;
      window.begin(pod, now);
      window.report(pod.uid, sampleWith(isMig ? `MIG-${at}` : `GPU-${gpu}`, utilization, busy, isMig), now);
      pods.push(pod);
      if (isMig) continue;
      window.begin({ uid: `other-${gpu}`, node: pod.node, service: "media/other" }, now);
      window.report(`other-${gpu}`, sampleWith(`GPU-${gpu}`, utilization, neighbour, false), now);
    }
    const reading = { ...readPods(pods, window, () => undefined, now), warmingUp: false };
    const name = metricName ?? gpuMetricNames[gpuMetricOf(serviceSharing(service, reading, undefined))];
    const values = pods.flatMap((pod) => {
      const sample = window.fresh(pod.uid, now);
      const sharing = metricName === undefined ? podSharing(pod, window, () => undefined, now) : undefined;
      return (sample && podMetrics.get(name)?.(sample, sharing)) ?? [];
    });
    for (let at = replicas; at < maxReplicas; at++) window.forget(`own-${at}`);
    // Without a value, an autoscaler does nothing.
    if (values.length === replicas) {
      const ratio = values.reduce((sum, value) => sum + value, 0) / replicas / target;
      if (Math.abs(ratio - 1) > 0.1) replicas = Math.min(maxReplicas, Math.max(1, Math.ceil(replicas * ratio)));
    }
    for (let at = replicas; at < maxReplicas; at++) window.forget(`own-${at}`);
    steps.push(replicas);
  }
  return steps;
}

describe("the metrics of pods that share GPUs", () => {
  const sample = { ...sampleWith("GPU-0", 1, 0.1, false), at: 0 };
  const read = (metric: string, sharing: "Shared" | undefined) => podMetrics.get(metric)?.(sample, sharing);

  it("have no utilization of the whole GPU, rather than that of the neighbours", () => {
    assert.equal(read(gpuMetricNames.Utilization, undefined), 100);
    assert.equal(read(gpuMetricNames.Utilization, "Shared"), null);
    assert.equal(read(gpuMetricNames.Busy, "Shared"), 10);
  });

  const gpus = fc.record({ slots: fc.integer({ min: 2, max: 8 }), isMig: fc.boolean() });
  const loads = fc.array(
    fc.record({
      work: fc.double({ min: 0, max: 4, noNaN: true }),
      neighbour: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { minLength: 1, maxLength: 40 },
  );

  it("bound the replicas by the work of the service, whatever its neighbours do", () => {
    fc.assert(
      fc.property(loads, gpus, (some, shared) => {
        const most = Math.max(...some.map(({ work }) => work));
        const bound = Math.max(1, Math.ceil((100 * most * shared.slots) / target));
        for (const replicas of scaled(some, shared))
          assert.ok(replicas <= bound, `${replicas} replicas, bound ${bound}`);
      }),
    );
  });

  it("let the autoscaler scale in to the minimum once the work has ended, while the neighbours stay busy", () => {
    fc.assert(
      fc.property(loads, gpus, (some, shared) => {
        const ended = Array.from({ length: 3 }, () => ({ work: 0, neighbour: 1 }));
        assert.equal(scaled([...some, ...ended], shared).at(-1), 1);
      }),
    );
  });

  it("let the autoscaler scale out for work that one pod cannot do", () => {
    const busy = Array.from({ length: 5 }, () => ({ work: 2, neighbour: 0 }));
    for (const isMig of [false, true]) assert.equal(scaled(busy, { slots: 4, isMig }).at(-1), 3);
  });

  it("bug: the utilization of the whole GPU scaled an idle service to its maximum", () => {
    const idle = Array.from({ length: 20 }, () => ({ work: 0, neighbour: 1 }));
    assert.equal(scaled(idle, { slots: 4, isMig: false }, gpuMetricNames.Utilization).at(-1), maxReplicas);
    assert.equal(scaled(idle, { slots: 4, isMig: false }).at(-1), 1);
  });
});
