/** The operator as a process: its flags, its endpoints, its log, its end. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { operatorCluster } from "./operator-cluster.ts";
import type { OperatorProcess } from "./operator-process.ts";
import { Workspace } from "./workspace.ts";

const program = fileURLToPath(new URL("../../../operator/src/main.ts", import.meta.url));

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end, without a cluster to be found. */
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
  const mistakes: readonly (readonly [title: string, parameters: readonly string[], says: RegExp])[] = [
    ["an unknown flag", ["--namespace=media"], /unknown option '--namespace=media'/],
    ["a value that is none", ["--concurrency=many"], /--concurrency/],
    ["a namespace that can't be one", ["--namespaces=Media"], /--namespaces/],
    ["a Lease that ends before it is given up", ["--lease-duration=5s"], /--lease-duration must be longer/],
    ["an argument too many", ["media"], /too many arguments/],
  ];
  for (const [title, parameters, says] of mistakes) {
    it(`${title}: one line, exit 2`, async () => {
      const { code, stdout, stderr } = await run(parameters);
      assert.deepEqual([code, stdout, stderr.split("\n").length], [2, "", 2], stderr);
      assert.match(stderr, says);
    });
  }

  it("a mistake in the environment: one line that names the variable, exit 2", async () => {
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

describe("the operator's process", function () {
  this.timeout(60_000);
  let work: Workspace;
  let operator: OperatorProcess;

  before(async () => {
    work = await Workspace.open(await operatorCluster());
    operator = await work.startOperator();
    await work.apply("upscaler");
    await work.untilReady("upscaler");
  });
  after(() => work?.[Symbol.asyncDispose]());

  it("looks after the namespaces that it was given, and no other", async () => {
    await using other = await Workspace.open(work.cluster);
    await other.apply("stranger");
    // Whatever the operator was told before this one, it was told of the other by now.
    await work.apply("neighbour");
    await work.untilReady("neighbour");
    assert.deepEqual(await other.children("stranger"), []);
    // What the API server gives an object that nobody has looked at.
    assert.deepEqual((await other.service("stranger"))?.status, { observedGeneration: -1 });
    // Its own namespace has the list of metrics for the exporters.
    const namespaces = new Set(operator.log.map(({ namespace = work.namespace }) => namespace));
    assert.deepEqual(namespaces.difference(new Set([work.namespace, work.operatorNamespace])), new Set());
  });

  it("answers /livez, /readyz and /metrics", async () => {
    const { health = "", metrics = "" } = await operator.says("connecting");
    for (const path of ["livez", "readyz"]) {
      const answer = await fetch(`${health}/${path}`);
      assert.equal(answer.status, 200, `${path}: ${await answer.text()}`);
    }
    const text = await (await fetch(`${metrics}/metrics`)).text();
    const has = (line: RegExp): void => assert.match(text, line);
    has(/^controller_runtime_reconcile_total\{.*controller="gpumediaservice".*result="success".*\} [1-9]/m);
    has(/^workqueue_depth\{.*gpumediaservice.*\} \d/m);
    has(/^rest_client_requests_total\{.*code="201".*\} [1-9]/m);
    has(/^leader_election_master_status\{name="gpumedia-operator"\} 1/m);
  });

  it("names the object and the visit in each line about a service", () => {
    const lines = operator.log.filter(({ child }) => child !== undefined);
    assert.ok(lines.length > 0);
    for (const { namespace, name, reconcileID } of lines) {
      assert.equal(namespace, work.namespace);
      assert.ok(name === "upscaler" || name === "neighbour");
      assert.match(reconcileID ?? "", /^[0-9a-f-]{36}$/);
    }
    const ids = new Set(lines.filter(({ name }) => name === "upscaler").map(({ reconcileID }) => reconcileID));
    assert.ok(ids.size < lines.length, "the lines of one visit share its id");
  });

  it("writes no token into its log", () => {
    assert.doesNotMatch(JSON.stringify(operator.log), /eyJ[\w-]{20}|Bearer/);
  });

  it("ends in order on SIGTERM: exit 0, the Lease released, and a successor leads at once", async () => {
    await using own = await Workspace.open(work.cluster);
    const first = await own.startOperator();
    const { ended } = first;
    first.signal("SIGTERM");
    assert.equal(await ended, "exit 0");
    await first.says("released the Lease").catch(() => assert.fail(JSON.stringify(first.log)));
    const second = await own.startOperator();
    await own.apply("upscaler");
    await own.untilReady("upscaler");
    await second.end("SIGTERM");
    assert.equal(await leaseHolder(own), "");
  });

  it("holds the Lease in its own namespace while it leads", async () => {
    assert.equal(await leaseHolder(work), (await operator.says("leading")).identity);
  });

  it("cannot start without a server: says why, exit 1", async () => {
    const { code, stderr } = await run(["--kubeconfig=/nonexistent/config"]);
    assert.equal(code, 1);
    assert.match(stderr, /\/nonexistent\/config/);
  });
});

async function leaseHolder({ operatorNamespace, client }: Workspace): Promise<string | undefined> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/gpumedia-operator`;
  const { body } = await client.rawJson("GET", path);
  return (body as { spec?: { holderIdentity?: string } }).spec?.holderIdentity;
}
