import assert from "node:assert/strict";
import { FakeClock } from "./clock.fake.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { WorkQueue } from "./queue.ts";

/** The samples whose name starts with the prefix, without histogram buckets. */
async function samples({ registry }: Metrics, prefix: string): Promise<string[]> {
  const text = await registry.metrics();
  return text.split("\n").filter((line) => line.startsWith(prefix) && !line.includes("_bucket"));
}

describe("createMetrics", () => {
  it("starts a controller with every series at 0, under controller-runtime's names", async () => {
    const metrics = createMetrics();
    metrics.controller("gpumediaservice", new WorkQueue(new FakeClock()), 8);
    assert.deepEqual(await samples(metrics, "controller_runtime_"), [
      'controller_runtime_reconcile_total{controller="gpumediaservice",result="success"} 0',
      'controller_runtime_reconcile_total{controller="gpumediaservice",result="requeue_after"} 0',
      'controller_runtime_reconcile_total{controller="gpumediaservice",result="requeue"} 0',
      'controller_runtime_reconcile_total{controller="gpumediaservice",result="error"} 0',
      'controller_runtime_reconcile_errors_total{controller="gpumediaservice"} 0',
      'controller_runtime_reconcile_panics_total{controller="gpumediaservice"} 0',
      'controller_runtime_reconcile_time_seconds_sum{controller="gpumediaservice"} 0',
      'controller_runtime_reconcile_time_seconds_count{controller="gpumediaservice"} 0',
      'controller_runtime_max_concurrent_reconciles{controller="gpumediaservice"} 8',
      'controller_runtime_active_workers{controller="gpumediaservice"} 0',
    ]);
    assert.deepEqual(await samples(metrics, "workqueue_"), [
      'workqueue_unfinished_work_seconds{name="gpumediaservice",controller="gpumediaservice"} 0',
      'workqueue_longest_running_processor_seconds{name="gpumediaservice",controller="gpumediaservice"} 0',
      'workqueue_depth{name="gpumediaservice",controller="gpumediaservice",priority="edit"} 0',
      'workqueue_depth{name="gpumediaservice",controller="gpumediaservice",priority="create"} 0',
      'workqueue_depth{name="gpumediaservice",controller="gpumediaservice",priority="echo"} 0',
      'workqueue_depth{name="gpumediaservice",controller="gpumediaservice",priority="resync"} 0',
      'workqueue_adds_total{name="gpumediaservice",controller="gpumediaservice"} 0',
      'workqueue_queue_duration_seconds_sum{name="gpumediaservice",controller="gpumediaservice"} 0',
      'workqueue_queue_duration_seconds_count{name="gpumediaservice",controller="gpumediaservice"} 0',
      'workqueue_work_duration_seconds_sum{name="gpumediaservice",controller="gpumediaservice"} 0',
      'workqueue_work_duration_seconds_count{name="gpumediaservice",controller="gpumediaservice"} 0',
      'workqueue_retries_total{name="gpumediaservice",controller="gpumediaservice"} 0',
    ]);
  });

  it("reads the queue at each scrape", async () => {
    const clock = new FakeClock();
    const queue = new WorkQueue(clock);
    const metrics = createMetrics();
    metrics.controller("service", queue, 8);
    for (const name of ["a", "b", "c", "d"] as const) queue.add(`media/${name}`, name === "d" ? "resync" : "edit");
    queue.take();
    await clock.advance(2_000);
    queue.take();
    await clock.advance(1_000);
    for (const read of ["first", "second"]) {
      const found = [
        ...(await samples(metrics, "workqueue_depth")),
        ...(await samples(metrics, "workqueue_adds")),
        ...(await samples(metrics, "workqueue_unfinished")),
        ...(await samples(metrics, "workqueue_longest")),
        ...(await samples(metrics, "controller_runtime_active")),
      ];
      const values = found.map((line) => Number(line.split(" ").at(-1)));
      assert.deepEqual(values, [1, 0, 0, 1, 4, 4, 3, 2], `${read} read`);
    }
  });

  it("counts reconciles by result, failures as errors, and failures and conflicts as retries", async () => {
    const metrics = createMetrics();
    const controller = metrics.controller("service", new WorkQueue(new FakeClock()), 8);
    controller.taken(500);
    controller.reconciled("success", 100);
    controller.reconciled("requeue_after", 100);
    controller.reconciled("requeue", 100);
    controller.reconciled("error", 200);
    controller.panicked();
    const values = Object.fromEntries(
      [...(await samples(metrics, "controller_")), ...(await samples(metrics, "workqueue_"))].map((line) => [
        line.slice(0, line.lastIndexOf(" ")).replace(/name="service",|controller="service",?/g, ""),
        Number(line.split(" ").at(-1)),
      ]),
    );
    assert.deepEqual(
      {
        results: ["success", "requeue_after", "requeue", "error"].map(
          (result) => values[`controller_runtime_reconcile_total{result="${result}"}`],
        ),
        errors: values["controller_runtime_reconcile_errors_total{}"],
        panics: values["controller_runtime_reconcile_panics_total{}"],
        seconds: values["controller_runtime_reconcile_time_seconds_sum{}"],
        waited: values["workqueue_queue_duration_seconds_sum{}"],
        worked: values["workqueue_work_duration_seconds_sum{}"],
        retries: values["workqueue_retries_total{}"],
      },
      { results: [1, 1, 1, 1], errors: 1, panics: 1, seconds: 0.5, waited: 0.5, worked: 0.5, retries: 2 },
    );
  });

  it("sorts durations into controller-runtime's buckets", async () => {
    const metrics = createMetrics();
    metrics.controller("service", new WorkQueue(new FakeClock()), 8).reconciled("success", 200);
    const text = await metrics.registry.metrics();
    const bucket = (le: string): string | undefined =>
      new RegExp(`reconcile_time_seconds_bucket\\{le="${le}",controller="service"\\} (\\d)`).exec(text)?.[1];
    assert.deepEqual([bucket("0.15"), bucket("0.2"), bucket("60")], ["0", "1", "1"]);
  });

  it("counts requests by status, method and host, with client-go's code for no response", async () => {
    const metrics = createMetrics();
    const observe = metrics.restClient("10.0.0.1:443");
    observe({ method: "GET", status: 200 });
    observe({ method: "GET", status: 200 });
    observe({ method: "PATCH", status: 0 });
    assert.deepEqual(await samples(metrics, "rest_client"), [
      'rest_client_requests_total{code="200",method="GET",host="10.0.0.1:443"} 2',
      'rest_client_requests_total{code="<error>",method="PATCH",host="10.0.0.1:443"} 1',
    ]);
  });

  it("shows whether this process is the leader", async () => {
    const metrics = createMetrics();
    let leads = false;
    metrics.leaderElection("gpumedia-operator", () => leads);
    const standingBy = await samples(metrics, "leader_election");
    leads = true;
    assert.deepEqual(
      [standingBy, await samples(metrics, "leader_election")],
      [
        ['leader_election_master_status{name="gpumedia-operator"} 0'],
        ['leader_election_master_status{name="gpumedia-operator"} 1'],
      ],
    );
  });

  it("includes the metrics of the process and its event loop", async () => {
    const metrics = createMetrics();
    const names = new Set((await samples(metrics, "")).map((line) => line.split(/[ {]/)[0]));
    for (const name of ["process_resident_memory_bytes", "nodejs_eventloop_lag_p99_seconds"]) {
      assert.ok(names.has(name), name);
    }
  });

  it("keeps the metrics of two operators in one process separate", async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.controller("service", new WorkQueue(new FakeClock()), 8);
    assert.deepEqual(await samples(other, "controller_runtime"), []);
  });
});
