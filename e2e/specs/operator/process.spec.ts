/** The operator as a process: flags, endpoints, log, shutdown. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { LeaseSpec } from "@gpumedia/operator/src/runtime/leader-lease.ts";
import { operatorWorkspace } from "./operator-cluster.ts";
import { Workspace } from "./workspace.ts";

const program = fileURLToPath(new URL("../../../operator/src/main.ts", import.meta.url));

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program until it exits, without access to a cluster. */
async function run(parameters: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> {
  const child = spawn(process.execPath, [program, ...parameters], {
    env: { PATH: process.env.PATH, HOME: "/", ...env },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

describe("the operator's flags", () => {
  const mistakes: readonly (readonly [title: string, parameters: readonly string[], error: RegExp])[] = [
    ["an unknown flag", ["--namespace=media"], /unknown option '--namespace=media'/],
    ["a value that is not a number", ["--concurrency=many"], /--concurrency/],
    ["an invalid namespace", ["--namespaces=Media"], /--namespaces/],
    ["a Lease that expires before the renew deadline", ["--lease-duration=5s"], /--lease-duration must be longer/],
    ["an extra argument", ["media"], /too many arguments/],
  ];
  for (const [title, parameters, error] of mistakes) {
    it(`${title}: one line, exit 2`, async () => {
      const { code, stdout, stderr } = await run(parameters);
      assert.deepEqual([code, stdout, stderr.split("\n").length], [2, "", 2], stderr);
      assert.match(stderr, error);
    });
  }

  it("an invalid environment variable: one line that names it, exit 2", async () => {
    const { code, stderr } = await run([], { GPUMEDIA_LOG_LEVEL: "loud" });
    assert.equal(code, 2);
    assert.match(stderr, /GPUMEDIA_LOG_LEVEL 'loud'/);
  });

  it("--help: exit 0", async () => {
    const { code, stdout, stderr } = await run(["--help"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /--namespaces <list>/);
  });
});

describe("the operator's process", () => {
  const work = operatorWorkspace();

  before(async () => {
    await work.apply("upscaler");
    await work.untilReady("upscaler");
  });

  it("watches only the namespaces given to it", async () => {
    await using other = await Workspace.open(work.cluster);
    await other.apply("stranger");
    // An operator that watched both namespaces would have observed the other service before this one.
    await work.apply("neighbour");
    await work.untilReady("neighbour");
    assert.deepEqual(await other.children("stranger"), []);
    // The API server's default, before any reconcile.
    assert.deepEqual((await other.service("stranger"))?.status, { observedGeneration: -1 });
    // The operator's own namespace has the metrics list of the exporters; "" is all, for Gateways and Prometheuses.
    const namespaces = new Set(work.operator.log.map(({ namespace = work.namespace }) => namespace));
    assert.deepEqual(namespaces.difference(new Set([work.namespace, work.operatorNamespace, ""])), new Set());
  });

  it("serves /livez, /readyz and /metrics", async () => {
    const { health = "", metrics = "" } = await work.operator.untilLogged("connecting");
    for (const path of ["livez", "readyz"]) {
      const response = await fetch(`${health}/${path}`);
      assert.equal(response.status, 200, `${path}: ${await response.text()}`);
    }
    const text = await (await fetch(`${metrics}/metrics`)).text();
    const has = (line: RegExp): void => assert.match(text, line);
    has(/^controller_runtime_reconcile_total\{.*controller="gpumediaservice".*result="success".*\} [1-9]/m);
    has(/^workqueue_depth\{.*gpumediaservice.*\} \d/m);
    has(/^rest_client_requests_total\{.*code="201".*\} [1-9]/m);
    has(/^leader_election_master_status\{name="gpumedia-operator"\} 1/m);
  });

  it("includes the object and the reconcileID in each log line about a service", () => {
    const lines = work.operator.log.filter(({ child }) => child !== undefined);
    assert.ok(lines.length > 0);
    for (const { namespace, name, reconcileID } of lines) {
      assert.equal(namespace, work.namespace);
      assert.ok(name === "upscaler" || name === "neighbour");
      assert.match(reconcileID ?? "", /^[0-9a-f-]{36}$/);
    }
    const ids = new Set(lines.filter(({ name }) => name === "upscaler").map(({ reconcileID }) => reconcileID));
    assert.ok(ids.size < lines.length, "no two lines share a reconcileID");
  });

  it("writes no token into its log", () => {
    assert.doesNotMatch(JSON.stringify(work.operator.log), /eyJ[\w-]{20}|Bearer/);
  });

  it("shuts down gracefully on SIGTERM: exit 0, the Lease released, and the next operator leads at once", async () => {
    await using own = await Workspace.open(work.cluster);
    const first = await own.startOperator();
    assert.equal(await first.end("SIGTERM"), "exit 0");
    await first.untilLogged("released the Lease");
    const second = await own.startOperator();
    await own.apply("upscaler");
    await own.untilReady("upscaler");
    await second.end("SIGTERM");
    const { acquireTime: _acquired, renewTime: _renewed, ...lease } = await leaseSpec(own);
    assert.deepEqual(lease, { holderIdentity: "", leaseDurationSeconds: 1, leaseTransitions: 1 });
  });

  it("holds the Lease in its own namespace while it leads", async () => {
    assert.equal((await leaseSpec(work)).holderIdentity, (await work.operator.untilLogged("leading")).identity);
  });

  it("does not start without a kubeconfig: an error that names it, exit 1", async () => {
    const { code, stderr } = await run(["--kubeconfig=/nonexistent/config"]);
    assert.equal(code, 1);
    assert.match(stderr, /\/nonexistent\/config/);
  });
});

async function leaseSpec({ operatorNamespace, client }: Workspace): Promise<LeaseSpec> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/gpumedia-operator`;
  const { body } = await client.rawJson("GET", path);
  return (body as { readonly spec: LeaseSpec }).spec;
}
