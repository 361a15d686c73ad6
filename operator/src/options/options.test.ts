import assert from "node:assert/strict";
import { parseOptions, type Options } from "./options.ts";

const installation = { version: "1.2.3" };

/** The options without any flag. */
const defaults: Options = {
  namespaces: [],
  operatorNamespace: "gpumedia-system",
  processorImage: "gpumedia-processor:1.2.3-cuda",
  processorImageCpu: "gpumedia-processor:1.2.3",
  runbookUrl: "https://gpumedia.io/docs/alerts",
  concurrency: 8,
  maxRollouts: 5,
  maxRequestsInFlight: 32,
  resyncIntervalMs: 1_800_000,
  utilizationIntervalMs: 15_000,
  metricsApiAddress: "off",
  metricsApiService: "gpumedia-operator-metrics",
  leaderElect: true,
  leaseName: "gpumedia-operator",
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
  healthAddress: { port: 8_081 },
  metricsAddress: { port: 8_080 },
  logLevel: "info",
  shutdownTimeoutMs: 25_000,
};

interface Case {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The `namespace` file of a service account. */
  readonly podNamespace?: string;
}

describe("parseOptions", () => {
  const runs: Readonly<Record<string, Case & { readonly changes: Partial<Options> }>> = {
    "has a default for every option that needs one": { changes: {} },
    "reads every flag": {
      argv: (
        "--kubeconfig /etc/kube --context prod --namespaces media,staging --operator-namespace ops " +
        "--processor-image r/p:1-cuda --processor-image-cpu r/p:1 --concurrency 4 --max-requests-in-flight=16 --resync-interval 1h " +
        "--no-leader-elect --lease-name l --lease-duration 60s --renew-deadline 40s --retry-period 5s " +
        "--health-address 127.0.0.1:1 --metrics-address 0 --log-level debug --shutdown-timeout 1m"
      ).split(" "),
      changes: {
        kubeconfig: "/etc/kube",
        context: "prod",
        namespaces: ["media", "staging"],
        operatorNamespace: "ops",
        processorImage: "r/p:1-cuda",
        processorImageCpu: "r/p:1",
        concurrency: 4,
        maxRequestsInFlight: 16,
        resyncIntervalMs: 3_600_000,
        leaderElect: false,
        leaseName: "l",
        leaseDurationMs: 60_000,
        renewDeadlineMs: 40_000,
        retryPeriodMs: 5_000,
        healthAddress: { host: "127.0.0.1", port: 1 },
        metricsAddress: "off",
        logLevel: "debug",
        shutdownTimeoutMs: 60_000,
      },
    },
    "reads the environment": {
      env: {
        GPUMEDIA_KUBECONFIG: "/etc/kube",
        GPUMEDIA_NAMESPACES: "media,staging",
        GPUMEDIA_MAX_REQUESTS_IN_FLIGHT: "16",
        GPUMEDIA_LEADER_ELECT: "false",
        GPUMEDIA_LEASE_DURATION: "20s",
        GPUMEDIA_METRICS_ADDRESS: "0",
      },
      changes: {
        kubeconfig: "/etc/kube",
        namespaces: ["media", "staging"],
        maxRequestsInFlight: 16,
        leaderElect: false,
        leaseDurationMs: 20_000,
        metricsAddress: "off",
      },
    },
    "lets a flag override the environment, even with the default value": {
      argv: ["--log-level", "info", "--leader-elect", "--concurrency", "2"],
      env: { GPUMEDIA_LOG_LEVEL: "debug", GPUMEDIA_LEADER_ELECT: "false", GPUMEDIA_CONCURRENCY: "3" },
      changes: { concurrency: 2 },
    },
    "does not parse a variable that a flag overrides": {
      argv: ["--concurrency", "2"],
      env: { GPUMEDIA_CONCURRENCY: "many" },
      changes: { concurrency: 2 },
    },
    "ignores an empty variable": {
      env: { GPUMEDIA_CONTEXT: "", GPUMEDIA_CONCURRENCY: "" },
      changes: {},
    },
    "ignores other variables": { env: { GPUMEDIA_VERSION: "9", LOG_LEVEL: "debug" }, changes: {} },
    "uses the namespace of its own pod": {
      env: { POD_NAMESPACE: "ops" },
      podNamespace: "sa",
      changes: { operatorNamespace: "ops" },
    },
    "falls back to the namespace of the service account": {
      podNamespace: "sa\n",
      changes: { operatorNamespace: "sa" },
    },
    "lets an explicit namespace override the one where it runs": {
      env: { POD_NAMESPACE: "ops", GPUMEDIA_OPERATOR_NAMESPACE: "named" },
      changes: { operatorNamespace: "named" },
    },
  };
  for (const [what, { argv = [], env = {}, podNamespace, changes }] of Object.entries(runs)) {
    it(what, () => {
      const found = parseOptions(
        argv,
        env,
        podNamespace === undefined ? installation : { ...installation, podNamespace },
      );
      assert.deepEqual(found, { kind: "run", options: { ...defaults, ...changes } });
    });
  }

  const mistakes: Readonly<Record<string, Case & { readonly message: string }>> = {
    "an unknown flag": { argv: ["--foo"], message: "unknown option '--foo'" },
    "a misspelled flag": {
      argv: ["--concurency", "3"],
      message: "unknown option '--concurency' (Did you mean --concurrency?)",
    },
    "an argument": { argv: ["start"], message: "too many arguments. Expected 0 arguments but got 1" },
    "a flag without its value": { argv: ["--context"], message: "option '--context <name>' argument missing" },
    "a bad value": {
      argv: ["--concurrency", "0"],
      message: "option '--concurrency <count>' argument '0' is invalid. Must be a whole number from 1 to 256",
    },
    "a bad variable": {
      env: { GPUMEDIA_RETRY_PERIOD: "2" },
      message:
        "environment variable GPUMEDIA_RETRY_PERIOD '2' is invalid. Must be a duration, such as 15s, 1m30s or 500ms",
    },
    "a lease that expires before its holder stops": {
      argv: ["--lease-duration", "10s"],
      message: "--lease-duration must be longer than --renew-deadline",
    },
    "a deadline before the second attempt": {
      argv: ["--renew-deadline", "2s"],
      message: "--renew-deadline must be longer than --retry-period",
    },
  };
  for (const [what, { argv = [], env = {}, message }] of Object.entries(mistakes)) {
    it(`reports ${what} on one line and exits with 2`, () => {
      const stderr = `gpumedia-operator: ${message}; see 'gpumedia-operator --help' for usage\n`;
      assert.deepEqual(parseOptions(argv, env, installation), { kind: "exit", code: 2, stdout: "", stderr });
    });
  }

  it("prints the version", () => {
    assert.deepEqual(parseOptions(["--version"], {}, installation), {
      kind: "exit",
      code: 0,
      stdout: "1.2.3\n",
      stderr: "",
    });
  });

  it("prints help that fits 80 columns and lists every flag with its default", () => {
    const help = parseOptions(["--help"], {}, installation);
    assert.ok(help.kind === "exit" && help.code === 0 && help.stderr === "");
    assert.deepEqual(
      help.stdout.split("\n").filter((line) => line.length > 80),
      [],
    );
    const text = help.stdout.replaceAll(/\s+/g, " ");
    const flags =
      "kubeconfig context namespaces operator-namespace processor-image processor-image-cpu concurrency max-requests-in-flight " +
      "resync-interval leader-elect no-leader-elect lease-name lease-duration renew-deadline retry-period " +
      "health-address metrics-address log-level shutdown-timeout version help";
    const defaults =
      'all "gpumedia-system" "gpumedia-processor:1.2.3-cuda" "gpumedia-processor:1.2.3" 8 32 30m "gpumedia-operator" 15s 10s 2s :8081 :8080 "info" 25s';
    const expected = [
      ...flags.split(" ").map((flag) => `--${flag} `),
      ...defaults.split(" ").map((value) => `(default: ${value})`),
    ];
    assert.deepEqual(
      expected.filter((part) => !text.includes(part)),
      [],
    );
  });
});
