import assert from "node:assert/strict";
import { join } from "node:path";
import { files, gpumedia, service, profile } from "../program.fake.ts";

describe("gpumedia explain", () => {
  it("prints values under their section, each with its origin", async () => {
    const text = service("upscaler", "profile: team", "autoscaling: {horizontal: {maxReplicas: 6}}");
    const root = await files({ "team.yaml": profile("team", "basedOn: staging", "processing: {logLevel: error}") });
    const argv = ["explain", "--only", "autoscaling.horizontal", "-f", "-", "--profiles", join(root, "team.yaml")];
    assert.deepEqual(await gpumedia(argv, text, 120), {
      code: 0,
      err: "",
      out: `\
GpuMediaService default/upscaler, profile team

autoscaling.horizontal
  enabled                        true                      guide: Horizontal Pod Autoscaler (HPA)
  provider                       HPA                       guide: Horizontal Pod Autoscaler (HPA)
  minReplicas                    2                         guide: Staging: multi-GPU setup: two pods with a GPU each,
                                                           the minimum of production
  maxReplicas                    6                         spec
  cpuUtilizationPercent          60                        guide: Horizontal Pod Autoscaler (HPA)
  gpuUtilizationPercent          70                        guide: Key Performance Metrics: the middle of the optimal
                                                           60-80 %
  gpuMetric                      Auto                      profile staging: the utilization of a shared GPU is not the
                                                           work of one pod, and a MIG device has none
  liveSessionsPercent            75                        profile staging: room for the sessions of a new pod's start,
                                                           and for those of a pod that drains
  droppedFramesPercent           5                         profile staging: a pod that drops a tenth of its frames gets
                                                           a second one beside it
  prometheusAddress              http://prometheus-operated.monitoring.svc:9090
                                                           profile staging: the Service that prometheus-operator
                                                           creates, in the namespace of its chart's documentation

autoscaling.horizontal.behavior.scaleUp
  stabilizationWindowSeconds     60                        guide: Horizontal Pod Autoscaler (HPA)
  policies                       {type: Percent, value: 100, periodSeconds: 15}
                                                           guide: Horizontal Pod Autoscaler (HPA)

autoscaling.horizontal.behavior.scaleDown
  stabilizationWindowSeconds     300                       guide: Horizontal Pod Autoscaler (HPA)
  policies                       {type: Percent, value: 10, periodSeconds: 60}
                                                           guide: Horizontal Pod Autoscaler (HPA)
`,
    });
  });

  it("prints profile objects, flags and other values as origins", async () => {
    const text = [
      profile("team", "processing: {logLevel: error}"),
      service("a", "profile: team", "gpu: {count: 0}"),
    ].join("---\n");
    const lines = async (only: string) =>
      (await gpumedia(["explain", "--only", only, "--processor-image-cpu", "mine:2", "-f", "-"], text, 120)).out
        .split("\n")
        .slice(2)
        .join("\n");
    assert.equal(
      await lines("image"),
      `image                            mine:2                    flag --processor-image-cpu\n`,
    );
    assert.match(await lines("processing.logLevel"), / {2}logLevel {23}error {21}GpuMediaProfile team\n/);
    assert.match(
      await lines("slo.latencyP95"),
      / {2}latencyP95 {21}200ms {21}guide: Key Performance Metrics: from gpu\.count: the guide's\n {59}target on CPU\n/,
    );
  });

  it("bug: printed the reference to a Secret as [object Object]", async () => {
    const text = service(
      "studio",
      "live: {enabled: true, tokenSecretRef: {name: live, key: token}, limits: {sessions: 5}}",
    );
    const { out } = await gpumedia(["explain", "--only", "live", "-f", "-"], text, 120);
    assert.match(out, /^ {2}tokenSecretRef {17}\{name: live, key: token\} {2}spec$/m);
    assert.match(out, /^live\.limits\n {2}sessions {23}5 {25}spec$/m);
  });

  for (const [columns, width] of [
    [80, 80],
    [100, 100],
    [160, 160],
    [40, 80],
    [300, 160],
    [undefined, 120],
  ] as const) {
    it(`is ${width} columns wide on ${columns === undefined ? "no terminal" : `a terminal of ${columns} columns`}`, async () => {
      const { out } = await gpumedia(["explain", "-f", "-"], service("a"), columns);
      const widest = Math.max(...out.split("\n").map((line) => line.length));
      assert.ok(widest <= width && widest > width - 15, String(widest));
      assert.doesNotMatch(out, / $/m);
    });
  }

  it("prints every value with its origin with -o json", async () => {
    const { out } = await gpumedia(["explain", "-o", "json", "--only", "spec.drain", "-f", "-"], service("a"));
    assert.deepEqual(JSON.parse(out), [
      {
        name: "a",
        namespace: "default",
        profile: "production",
        values: [
          {
            path: "drain.timeout",
            value: "300s",
            origin: {
              kind: "choice",
              profile: "production",
              section: "Load Balancing",
              why: "the longest that the Ingress waits for a request",
            },
          },
        ],
      },
    ]);
  });
});
