/** A cache's lists: by a watch from API servers that stream them, and in pages from the others. */
import assert from "node:assert/strict";
import { createApiClient } from "@gpumedia/operator/src/kube/client.ts";
import { loadConnection } from "@gpumedia/operator/src/kube/connection.ts";
import { createTransport } from "@gpumedia/operator/src/kube/transport.ts";
import { ClusterCache } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { systemClock } from "@gpumedia/operator/src/runtime/clock.ts";
import { createLogger } from "@gpumedia/operator/src/runtime/log.ts";
import { refusal } from "../faults/fault.ts";
import { describeSince } from "../cluster/kubernetes-version.ts";
import { sharedCluster } from "../cluster/shared.ts";
import { pages, streams } from "./list-requests.ts";
import { configMaps, connect, Fixture, withoutStreams, type Upstream } from "./list-watch.fixture.ts";

describeSince("1.34")("the list of a cache on an API server that streams lists", () => {
  let upstream: Upstream;
  before(async () => {
    upstream = await connect(await sharedCluster());
  });
  after(() => upstream[Symbol.asyncDispose]());

  it("lists with a single watch, which it keeps", async () => {
    await using fixture = await Fixture.open(upstream);
    for (const name of ["a", "b"]) await fixture.write(name);
    await fixture.start();
    await fixture.write("c");
    await fixture.converged();
    assert.deepEqual(fixture.takeChanges().toSorted(), ["added a", "added b", "added c"]);
    assert.deepEqual(
      fixture.proxy.requests.map(({ verb }) => verb),
      ["watch"],
    );
  });

  it("shows nothing of a stream that breaks, and lists in pages then", async () => {
    await using fixture = await Fixture.open(upstream);
    for (const name of ["a", "b", "c"]) await fixture.write(name);
    fixture.proxy.inject({ kind: "cut", afterEvents: 2 }, streams);
    fixture.proxy.inject({ kind: "reset" }, pages);
    fixture.proxy.inject({ kind: "cut", afterEvents: 3 }, streams);
    const sizes = new Set<number>();
    fixture.store.subscribe(() => sizes.add(fixture.store.size));
    await fixture.start();
    assert.deepEqual([...sizes], [3]);
    assert.deepEqual([fixture.proxy.count(streams), fixture.proxy.count(pages)], [2, 2]);
    await fixture.converged();
  });
});

describe("the list of a cache on an API server that streams no lists", function () {
  this.timeout(120_000);
  let upstream: Upstream;
  before(async () => {
    upstream = await connect(await withoutStreams());
  });
  after(() => upstream[Symbol.asyncDispose]());

  it("lists in pages and starts over when the continue token has expired", async () => {
    await using fixture = await Fixture.open(upstream);
    const names = Array.from({ length: 501 }, (_, index) => `object-${index}`);
    // Not all at once: the wait for a connection counts towards a request's timeout.
    while (names.length > 0) await Promise.all(names.splice(0, 50).map((name) => fixture.write(name)));
    fixture.proxy.inject(refusal(410, "Expired"), ({ url }) => url.includes("continue="));
    await fixture.start();
    await fixture.converged();
    assert.equal(fixture.proxy.count(pages), 4, "one page, an expired token, two pages");
    assert.equal(new Set(fixture.changes).size, 501);
    assert.equal(fixture.changes.length, 501);
  });

  it("lists in pages, also after a 410", async () => {
    await using fixture = await Fixture.open(upstream);
    await fixture.write("a");
    await fixture.start();
    await fixture.converged();
    fixture.strike("expire");
    await fixture.write("b");
    await fixture.converged();
    assert.deepEqual([fixture.proxy.count(streams), fixture.proxy.count(pages)], [2, 2]);
  });

  it("is refused with 422 when it asks for a stream", async () => {
    const options = { allowWatchBookmarks: true, timeoutSeconds: 1, signal: AbortSignal.timeout(10_000) };
    await assert.rejects(upstream.client.watch(configMaps, options)[Symbol.asyncIterator]().next(), {
      name: "ApiError",
      status: 422,
      reason: "Invalid",
      message: /sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled/,
    });
  });

  it("lists in pages when its parameters are ignored", async () => {
    await using fixture = await Fixture.open(upstream, 1_500);
    for (const name of ["a", "b"]) await fixture.write(name);
    const parameters = ["sendInitialEvents", "resourceVersionMatch"];
    const ignored = fixture.proxy.inject({ kind: "ignore", parameters }, streams, Infinity);
    await fixture.start();
    await fixture.converged();
    assert.deepEqual([ignored.hits, fixture.proxy.count(pages)], [1, 1]);
  });

  it("needs no other permissions than the shipped ones", async () => {
    const operatorNamespace = "gpumedia-system";
    const kubeconfig = await upstream.cluster.serviceAccountKubeconfig({
      namespace: operatorNamespace,
      serviceAccount: "gpumedia-operator",
    });
    const operator = createTransport(await loadConnection({ kubeconfig }), { userAgent: "spec" });
    const cache = new ClusterCache({
      client: createApiClient(operator),
      namespaces: [],
      operatorNamespace,
      clock: systemClock,
      log: createLogger({ level: "silent" }),
    });
    const controller = new AbortController();
    const running = cache.run(controller.signal);
    await cache.whenSynced();
    controller.abort(new Error("the test has ended"));
    await running;
    await operator.close();
  });
});
