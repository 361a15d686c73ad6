/** Runs the commands as users do: arguments and files in, text and exit code out. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { notServable } from "./commands/render.ts";
import { run } from "./program.ts";

const examples = fileURLToPath(new URL("../../../examples", import.meta.url));
const exampleFiles = (await readdir(examples)).filter((name) => name.endsWith(".yaml"));

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "gpumedia-cli-"));
});

after(() => rm(folder, { recursive: true }));

/** Writes files into a new folder and returns its path. */
async function files(contents: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(folder, "files-"));
  for (const [name, text] of Object.entries(contents)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return root;
}

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function gpumedia(argv: readonly string[], input = "", columns?: number): Promise<Result> {
  let out = "";
  let err = "";
  const code = await run(argv, {
    name: "gpumedia",
    version: "1.2.3",
    terminal: {
      readInput: () => Promise.resolve(input),
      out: (text) => (out += text),
      err: (text) => (err += text),
      columns,
    },
  });
  return { code, out, err };
}

function object(kind: string, name: string, spec: readonly string[]): string {
  const lines = ["apiVersion: gpumedia.io/v1alpha1", `kind: ${kind}`, `metadata: {name: ${name}}`];
  return [...lines, "spec:", ...spec.map((line) => `  ${line}`), ""].join("\n");
}

const service = (name: string, ...spec: readonly string[]): string => object("GpuMediaService", name, spec);
const profile = (name: string, ...spec: readonly string[]): string => object("GpuMediaProfile", name, spec);

describe("gpumedia validate", () => {
  const cases: {
    title: string;
    text: string;
    /** Lines of standard output without the file's name. */
    finds: readonly string[];
    message: string;
  }[] = [
    { title: "a valid service", text: service("a"), finds: [], message: "1 object checked: 0 findings\n" },
    {
      title: "mistakes of several kinds, sorted by line",
      text: [
        service("a", "procesing: {}", "replicas: three", "slo:", "  memory: -1"),
        service("b", "autoscaling:", "  horizontal: {minReplicas: 5, maxReplicas: 2}"),
      ].join("---\n"),
      finds: [
        "5:3: spec.procesing: unknown field procesing: did you mean processing?",
        '6:13: spec.replicas: is the text "three", but must be a whole number',
        "8:13: spec.slo.memory: is -1, but must be at least 0",
        "15:31: spec.autoscaling.horizontal.minReplicas: minReplicas must not be greater than maxReplicas",
      ],
      message: "2 objects checked: 4 findings\n",
    },
    {
      title: "a contradiction between the spec and its profile",
      text: service("a", "profile: staging", "autoscaling: {horizontal: {minReplicas: 5}}"),
      finds: [
        "6:17: spec.autoscaling.horizontal: minReplicas 5 (spec) is above maxReplicas 4 (profile staging): set both",
      ],
      message: "1 object checked: 1 finding\n",
    },
    {
      title: "a cycle of profiles, at the profile and at the service that uses it",
      text: [profile("big", "basedOn: big"), service("a", "profile: big")].join("---\n"),
      finds: [
        "5:12: spec.basedOn: profiles are based on each other: big -> big; change basedOn in one of them",
        "11:12: spec.profile: profiles are based on each other: big -> big; change basedOn in one of them",
      ],
      message: "2 objects checked: 2 findings\n",
    },
    {
      title: "a profile based on one that is in no file",
      text: profile("big", "basedOn: huge"),
      finds: [],
      message:
        "note: profile huge is not in these files, so its values were not checked\n1 object checked: 0 findings\n",
    },
    {
      title: "a profile that is in no file, with a note, as the cluster may have it",
      text: service("a", "profile: big"),
      finds: [],
      message:
        "note: profile big is not in these files, so its values were not checked\n1 object checked: 0 findings\n",
    },
    {
      title: "a misspelled profile, with a note that suggests the built-in one",
      text: service("a", "profile: prodution"),
      finds: [],
      message:
        "note: profile prodution is not in these files, so its values were not checked (did you mean production?)\n1 object checked: 0 findings\n",
    },
    {
      title: "a load test whose service is in no file",
      text: "apiVersion: gpumedia.io/v1alpha1\nkind: GpuMediaLoadTest\nmetadata: {name: nightly}\nspec: {serviceRef: {name: upscaler}}\n",
      finds: [],
      message: "1 object checked: 0 findings\n",
    },
    {
      title: "unknown kinds and versions",
      text: [
        service("a").replace("GpuMediaService", "GpuMediaServce"),
        service("b").replace("v1alpha1", "v1"),
        "kind: GpuMediaService\n",
        "just text\n",
      ].join("---\n"),
      finds: [
        "2:7: kind: there is no kind GpuMediaServce in gpumedia.io: did you mean GpuMediaService?",
        "6:13: apiVersion: is gpumedia.io/v1, but must be gpumedia.io/v1alpha1",
        "11:1: not a Kubernetes object: it needs apiVersion and kind",
        "13:1: not a Kubernetes object: it needs apiVersion and kind",
      ],
      message: "0 objects checked: 4 findings\n",
    },
    {
      title: "objects of other kinds, which are skipped",
      text: ["apiVersion: v1\nkind: Secret\n", service("a")].join("---\n"),
      finds: [],
      message: "1 object checked, 1 object of other kinds skipped: 0 findings\n",
    },
    {
      title: "a List, as kubectl get -o yaml prints it",
      text: [
        "apiVersion: v1",
        "kind: List",
        "items:",
        "- apiVersion: gpumedia.io/v1alpha1",
        "  kind: GpuMediaService",
        "  metadata: {name: a}",
        "  spec:",
        "    drain: {timeout: 5}",
      ].join("\n"),
      finds: ["8:22: spec.drain.timeout: is 5, but must be a duration in whole seconds, such as 90s or 5m"],
      message: "1 object checked: 1 finding\n",
    },
    {
      title: "empty sections, which the API server accepts",
      text: service("a", "slo:", "processing: {env: }"),
      finds: [],
      message: "1 object checked: 0 findings\n",
    },
    {
      title: "broken YAML",
      text: "apiVersion: gpumedia.io/v1alpha1\nkind: GpuMediaService\nkind: GpuMediaService\n",
      finds: ["3:1: Map keys must be unique"],
      message: "0 objects checked: 1 finding\n",
    },
  ];
  for (const { title, text, finds, message } of cases) {
    it(`checks ${title}`, async () => {
      const file = join(await files({ "cr.yaml": text }), "cr.yaml");
      const out = finds.map((line) => `${file}:${line}\n`).join("");
      assert.deepEqual(await gpumedia(["validate", "-f", file]), {
        code: finds.length === 0 ? 0 : 1,
        out,
        err: message,
      });
    });
  }

  it("reads standard input for -", async () => {
    assert.deepEqual(await gpumedia(["validate", "-f", "-"], service("a", "gpu: 1")), {
      code: 1,
      out: "<stdin>:5:8: spec.gpu: is 1, but must be a mapping\n",
      err: "1 object checked: 1 finding\n",
    });
  });

  it("reads directories, and their subdirectories only with -R", async () => {
    const root = await files({
      "b.yml": service("b", "x: 1"),
      "a.yaml": service("a", "x: 1"),
      "c.json": JSON.stringify({
        apiVersion: "gpumedia.io/v1alpha1",
        kind: "GpuMediaService",
        metadata: { name: "c" },
        spec: { x: 1 },
      }),
      "README.md": "# no YAML",
      "below/d.yaml": service("d", "x: 1"),
    });
    const where = (result: Result) =>
      result.out
        .split("\n")
        .slice(0, -1)
        .map((line) => line.slice(root.length + 1).split(":")[0]);
    assert.deepEqual(where(await gpumedia(["validate", "-f", root])), ["a.yaml", "b.yml", "c.json"]);
    assert.deepEqual(where(await gpumedia(["validate", "-R", "-f", root])), [
      "a.yaml",
      "b.yml",
      "below/d.yaml",
      "c.json",
    ]);
  });

  it("skips files without Kubernetes objects in a directory, and reports one given by name", async () => {
    const root = await files({ "a.yaml": service("a"), "package.json": '{"name": "x"}', "tsconfig.json": "{}" });
    assert.deepEqual(await gpumedia(["validate", "-f", root]), {
      code: 0,
      out: "",
      err: `note: skipped ${root}/package.json and 1 other file: no Kubernetes objects\n1 object checked: 0 findings\n`,
    });
    const named = join(root, "package.json");
    assert.deepEqual(await gpumedia(["validate", "-f", named]), {
      code: 1,
      out: `${named}:1:1: not a Kubernetes object: it needs apiVersion and kind\n`,
      err: "0 objects checked: 1 finding\n",
    });
  });

  it("accepts files with and without -f, and several after one -f", async () => {
    const root = await files({ "a.yaml": service("a"), "b.yaml": service("b"), "c.yaml": service("c") });
    const [a, b, c] = ["a", "b", "c"].map((name) => join(root, `${name}.yaml`)) as [string, string, string];
    assert.equal((await gpumedia(["validate", a, "-f", b])).err, "2 objects checked: 0 findings\n");
    assert.equal((await gpumedia(["validate", "-f", a, b, "-f", c])).err, "3 objects checked: 0 findings\n");
  });

  it("prints findings as JSON with -o json", async () => {
    const { code, out } = await gpumedia(["validate", "-o", "json", "-f", "-"], service("a", "gpu: 1"));
    assert.deepEqual(
      [code, JSON.parse(out)],
      [
        1,
        {
          findings: [
            {
              file: "<stdin>",
              line: 5,
              column: 8,
              object: "GpuMediaService a",
              path: "spec.gpu",
              message: "is 1, but must be a mapping",
            },
          ],
        },
      ],
    );
  });
});

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

async function rendered(text: string, ...flags: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const { code, out, err } = await gpumedia(["render", "-f", "-", ...flags], text);
  assert.deepEqual([code, err], [0, ""]);
  return (parseAllDocuments(out, { version: "1.1" }) as { toJS(): Record<string, unknown> }[]).map((document) =>
    document.toJS(),
  );
}

async function kinds(text: string, ...flags: readonly string[]): Promise<readonly unknown[]> {
  return (await rendered(text, ...flags)).map(({ kind }) => kind);
}

describe("gpumedia render", () => {
  const everything = service(
    "upscaler",
    "network: {ingress: {enabled: true, host: a.example}, gateway: {parentRefs: [{name: public}]}}",
  );

  it("prints the children that the operator would create, in its order", async () => {
    assert.deepEqual(await kinds(everything), [
      "ServiceAccount",
      "ConfigMap",
      "Deployment",
      "Service",
      "HorizontalPodAutoscaler",
      "VerticalPodAutoscaler",
      "PodDisruptionBudget",
      "NetworkPolicy",
      "Ingress",
      "HTTPRoute",
      "PodMonitor",
      "PrometheusRule",
      "ConfigMap",
    ]);
  });

  it("omits kinds that the cluster does not serve", async () => {
    const all = await kinds(everything);
    const optional = new Set(["HTTPRoute", "VerticalPodAutoscaler", "PodMonitor", "PrometheusRule"]);
    assert.deepEqual(
      await kinds(everything, "--not-served", "HTTPRoute, VerticalPodAutoscaler,PodMonitor,PrometheusRule"),
      all.filter((kind) => !optional.has(String(kind))),
    );
  });

  it("uses the GPU metric and in-place resizing only where the cluster has them", async () => {
    const find = async (kind: string, ...flags: readonly string[]) => {
      const object = (await rendered(everything, ...flags)).find((manifest) => manifest["kind"] === kind);
      return object?.["spec"] as { metrics: object[]; updatePolicy: { updateMode: string } };
    };
    const count = async (...flags: string[]) => (await find("HorizontalPodAutoscaler", ...flags)).metrics.length;
    const mode = async (...flags: string[]) => (await find("VerticalPodAutoscaler", ...flags)).updatePolicy.updateMode;
    assert.deepEqual(
      [
        await count(),
        await count("--not-served", "custom.metrics.k8s.io"),
        await mode(),
        await mode("--not-served", "InPlaceOrRecreate"),
      ],
      [2, 1, "InPlaceOrRecreate", "Recreate"],
    );
  });

  it("sets the owner reference only when the service has a UID", async () => {
    const owners = async (text: string) =>
      (await rendered(text)).map(
        ({ metadata }) => (metadata as { ownerReferences?: { uid: string }[] }).ownerReferences,
      );
    assert.ok((await owners(everything)).every((references) => references === undefined));
    const stored = everything.replace("{name: upscaler}", "{name: upscaler, namespace: media, uid: u-1}");
    assert.ok((await owners(stored)).every((references) => references?.[0]?.uid === "u-1"));
  });

  it("prints several services, and applies profile objects", async () => {
    const text = [
      profile("team", "podDisruptionBudget: {enabled: false}"),
      service("a", "profile: team"),
      service("b"),
    ].join("---\n");
    const budgets = (await rendered(text)).filter(({ kind }) => kind === "PodDisruptionBudget");
    assert.deepEqual(
      budgets.map(({ metadata }) => (metadata as { name: string }).name),
      ["b"],
    );
  });

  it("quotes strings that kubectl would read as booleans or numbers", async () => {
    const { out } = await gpumedia(
      ["render", "-f", "-"],
      service("a", "podMetadata: {labels: {ready: 'on', old: 'no', number: '1'}}"),
    );
    const deployment = out.split("---\n").find((text) => text.includes("kind: Deployment")) ?? "";
    assert.match(deployment, /ready: "on"/);
    assert.match(deployment, /old: "no"/);
    assert.match(deployment, /number: "1"/);
  });
});

describe("gpumedia render and explain", () => {
  for (const command of ["render", "explain"]) {
    it(`${command} prints findings and exits with 1`, async () => {
      assert.deepEqual(await gpumedia([command, "-f", "-"], service("a", "gpu: 1")), {
        code: 1,
        out: "",
        err: "<stdin>:5:8: spec.gpu: is 1, but must be a mapping\n",
      });
    });

    it(`${command} requires the profile`, async () => {
      assert.deepEqual(await gpumedia([command, "-f", "-"], service("a", "profile: big")), {
        code: 1,
        out: "",
        err: "GpuMediaService a: profile big does not exist: create a GpuMediaProfile with that name, or use development, staging or production; --profiles FILE reads it\n",
      });
    });
  }
});

describe("a usage error", () => {
  const cases: readonly (readonly [argv: readonly string[], message: string])[] = [
    [["validate"], "no files given: use -f FILE, or -f - for standard input"],
    [["validate", "--flie", "x"], "unknown option '--flie'"],
    [["validate", "-f", "/nowhere.yaml"], "/nowhere.yaml: no such file or directory"],
    [["validate", "-f", "-", "-f", "-"], "-f - can be given only once"],
    [["validte", "-f", "-"], "unknown command 'validte' (Did you mean validate?)"],
    [["explain", "-f", "-", "--colour"], "unknown option '--colour'"],
    [["explain", "-f", "-", "--only", "drain.time"], "no value at drain.time"],
    [["top", "-A", "upscaler"], "service names require one namespace: use -n instead of -A"],
    [["top", "-A", "-n", "media"], "-n and -A are mutually exclusive"],
    [
      ["explain", "-f", "-", "-o", "yaml"],
      "option '-o, --output <format>' argument 'yaml' is invalid. Allowed choices are table, json",
    ],
    [
      ["render", "-f", "-", "--not-served", "Ingress"],
      `option '--not-served <list>' argument 'Ingress' is invalid. Ingress is not one of ${notServable.join(", ")}`,
    ],
  ];
  for (const [argv, message] of cases) {
    it(`${argv.join(" ")} exits with 2 and one line`, async () => {
      assert.deepEqual(await gpumedia(argv, service("a")), {
        code: 2,
        out: "",
        err: `gpumedia: ${message}; see 'gpumedia --help' for usage\n`,
      });
    });
  }

  it("reports files without a service, and a directory without files", async () => {
    const root = await files({ "a.txt": "x" });
    assert.deepEqual(
      [await gpumedia(["render", "-f", "-"], profile("team")), await gpumedia(["validate", "-f", root])],
      [
        { code: 2, out: "", err: "gpumedia: no GpuMediaService in -; see 'gpumedia --help' for usage\n" },
        {
          code: 2,
          out: "",
          err: `gpumedia: ${root}: the directory has no .yaml, .yml or .json files; see 'gpumedia --help' for usage\n`,
        },
      ],
    );
  });

  it("prints the help and exits with 2 without a command", async () => {
    const { code, out, err } = await gpumedia([]);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /^Usage: gpumedia /);
  });
});

describe("help", () => {
  for (const argv of [["--help"], ["validate", "--help"], ["explain", "-h"], ["render", "--help"], ["top", "--help"]]) {
    it(argv.join(" "), async () => {
      const { code, out, err } = await gpumedia(argv, "", 80);
      assert.deepEqual([code, err], [0, ""]);
      assert.match(out, /^Usage: gpumedia /);
      assert.ok(out.split("\n").every((line) => line.length <= 80));
    });
  }

  it("--version", async () => assert.deepEqual(await gpumedia(["--version"]), { code: 0, out: "1.2.3\n", err: "" }));
});

describe("examples/", () => {
  for (const file of exampleFiles) {
    const hasService = readFileSync(join(examples, file), "utf8").includes("kind: GpuMediaService\n");
    for (const command of ["validate", ...(hasService ? ["explain", "render"] : [])]) {
      it(`${command} -f ${file}`, async () => {
        const { code, err } = await gpumedia([command, "-f", join(examples, file)]);
        assert.equal(code, 0, err);
      });
    }
  }
});
