import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Processes, type ProcessFailure } from "./processes.ts";
import { dyingWithParent } from "./parent-death.ts";
import { remainsOf, untilGone, type ClusterParts } from "./remains.ts";
import { until } from "./until.ts";

describe("the processes of a cluster", () => {
  let processes: Processes;
  beforeEach(async () => (processes = await Processes.start(await mkdtemp(join(tmpdir(), "processes-")))));
  afterEach(() => processes[Symbol.asyncDispose]());

  const shell = (script: string): { command: string; parameters: readonly string[] } => ({
    command: "/bin/sh",
    parameters: ["-c", script],
  });
  const sleeper = shell("echo started; exec sleep 600");

  const logged = (name: string, text: string, directory = processes.directory): Promise<unknown> =>
    until(`"${text}" in the log of ${name}`, async () =>
      (await readFile(join(directory, `${name}.log`), "utf8")).includes(text),
    );

  it("run in their directory, with their environment, and log there", async () => {
    await processes.start("any", { ...shell('echo "$PWD $COLOR" >&2'), env: { COLOR: "blue" } });
    await logged("any", `${processes.directory} blue\n`);
  });

  it("do not inherit the machine's proxy", async () => {
    const proxies = { HTTP_PROXY: "http://proxy", HTTPS_PROXY: "http://proxy", no_proxy: "none" };
    const before = { ...process.env };
    Object.assign(process.env, proxies);
    try {
      await using cluster = await Processes.start(await mkdtemp(join(tmpdir(), "processes-")));
      await cluster.start("any", shell('echo "proxies: $HTTP_PROXY$HTTPS_PROXY$no_proxy" >log'));
      await cluster.exited("any");
      assert.equal(await readFile(join(cluster.directory, "log"), "utf8"), "proxies: \n");
    } finally {
      for (const name of Object.keys(proxies)) delete process.env[name];
      Object.assign(process.env, before);
    }
  });

  it("have unique names", async () => {
    const pid = await processes.start("any", sleeper);
    assert.deepEqual(processes.pids, { any: pid });
    await assert.rejects(processes.start("any", sleeper), /any is already running/);
  });

  it("can be killed, and started again with the same command and log", async () => {
    const first = await processes.start("any", sleeper);
    await logged("any", "started\n");
    await processes.kill("any");
    assert.deepEqual(processes.pids, {});
    const second = await processes.start("any", sleeper);
    const third = await processes.restart("any");
    assert.equal(new Set([first, second, third]).size, 3);
    await logged("any", "started\nstarted\n");
  });

  it("report how they exited", async () => {
    await processes.start("code", shell("read line; exit 3"));
    await processes.start("killed", sleeper);
    const ends = Promise.all([processes.exited("code"), processes.exited("killed")]);
    processes.signal("killed", "SIGTERM");
    assert.deepEqual(await ends, ["exit 3", "SIGTERM"]);
    assert.equal(await processes.exited("unknown"), "it was not started");
  });

  it("fail to start with an error", async () => {
    const noProgram = { command: join(processes.directory, "none"), parameters: [] };
    // With setpriv, setpriv starts and exits at once.
    const how = await processes.start("none", noProgram).then(() => processes.exited("none"), String);
    assert.match(how, /exit 127|could not start/);
    await assert.rejects(processes.restart("never"), /never was not started/);
  });

  it("report an unexpected exit with the end of the log, and no exit by a signal", async () => {
    const reported: ProcessFailure[] = [];
    processes.onFailure((failure) => reported.push(failure));
    await processes.start("obedient", sleeper);
    await processes.kill("obedient");
    await processes.start("failing", shell("echo out of luck; exit 1"));
    await until("the failure", () => reported.length > 0);
    assert.deepEqual(
      reported.map(({ message }) => message),
      ["failing exited unexpectedly (exit 1); the end of its log:\nout of luck\n"],
    );
  });

  it("are killed together, their directory is removed, and a second call does nothing", async () => {
    await processes.start("a", sleeper);
    await processes.start("b", shell("trap '' TERM; while :; do sleep 600; done"));
    const ends = Promise.all([processes.exited("a"), processes.exited("b")]);
    await processes[Symbol.asyncDispose]();
    assert.deepEqual(await ends, ["the keeper exited", "the keeper exited"]);
    assert.equal(existsSync(processes.directory), false);
    await processes[Symbol.asyncDispose]();
  });

  describe("whose parent is killed", () => {
    /** Starts two processes, prints what they consist of, and never stops them. */
    const program = (directory: string): string => `
      import { Processes } from "${new URL("processes.ts", import.meta.url).href}";
      const processes = await Processes.start("${directory}");
      for (const name of ["a", "b"]) await processes.start(name, ${JSON.stringify(sleeper)});
      const { directory, pids, keeperPid } = processes;
      console.log(JSON.stringify({ directory, pids, keeperPid }));
      setInterval(() => {}, 2 ** 30);`;
    let parent: ChildProcess;
    let parts: ClusterParts;

    beforeEach(async () => {
      const parameters = ["--input-type=module", "--eval", program(await mkdtemp(join(tmpdir(), "processes-")))];
      const child = spawn(process.execPath, parameters, { stdio: ["ignore", "pipe", "inherit"] });
      parent = child;
      const [line] = (await once(createInterface(child.stdout), "line")) as [string];
      parts = JSON.parse(line) as ClusterParts;
    });
    afterEach(() => parent.kill("SIGKILL"));

    it("are killed, and their directory is removed", async () => {
      assert.deepEqual(remainsOf(parts), ["a", "b", "keeper", parts.directory]);
      parent.kill("SIGKILL");
      await untilGone(parts);
    });

    it("are killed when their keeper is killed too", async function () {
      // setpriv (Linux) makes the kernel stop the processes. Where it is missing, only the keeper does, which is killed here.
      if (dyingWithParent(["true"]).length === 1) this.skip();
      // A process has a process id before setpriv has run in it: without this wait, it could outlive the keeper.
      for (const name of ["a", "b"]) await logged(name, "started\n", parts.directory);
      process.kill(parts.keeperPid ?? 0, "SIGKILL");
      parent.kill("SIGKILL");
      await untilGone(parts, [parts.directory]);
      await rm(parts.directory, { recursive: true });
    });
  });
});
