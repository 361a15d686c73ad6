import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Processes, type ProcessFailure } from "./processes.ts";
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

  const logged = (name: string, text: string): Promise<unknown> =>
    until(`"${text}" in the log of ${name}`, async () =>
      (await readFile(processes.logFile(name), "utf8")).includes(text) ? true : undefined,
    );

  it("run in their directory, with their environment, and log there", async () => {
    await processes.start("any", { ...shell('echo "$PWD $COLOR" >&2'), env: { COLOR: "blue" } });
    await logged("any", `${processes.directory} blue\n`);
  });

  it("have names, which no two have at a time", async () => {
    const pid = await processes.start("any", sleeper);
    assert.deepEqual(processes.pids, { any: pid });
    await assert.rejects(processes.start("any", sleeper), /any is running already/);
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

  it("say how they ended", async () => {
    await processes.start("code", shell("read line; exit 3"));
    await processes.start("killed", sleeper);
    const ends = Promise.all([processes.exited("code"), processes.exited("killed")]);
    processes.signal("killed", "SIGTERM");
    assert.deepEqual(await ends, ["exit 3", "SIGTERM"]);
    assert.equal(await processes.exited("unknown"), "it was never started");
  });

  it("that can't be started are an error", async () => {
    const noProgram = { command: join(processes.directory, "none"), parameters: [] };
    // With setpriv it is that one which starts, and ends at once.
    const how = await processes.start("none", noProgram).then(() => processes.exited("none"), String);
    assert.match(how, /exit 127|could not be started/);
    await assert.rejects(processes.restart("never"), /never has never been started/);
  });

  it("tell when they end by themselves, with the end of their log, and not when they were told to", async () => {
    const told: ProcessFailure[] = [];
    processes.onFailure((failure) => told.push(failure));
    await processes.start("obedient", sleeper);
    await processes.kill("obedient");
    await processes.start("failing", shell("echo out of luck; exit 1"));
    await until("the failure", () => (told.length > 0 ? true : undefined));
    assert.deepEqual(
      told.map(({ message }) => message),
      ["failing ended: exit 1; the end of its log:\nout of luck\n"],
    );
  });

  it("end together, with their directory, once and for all", async () => {
    await processes.start("a", sleeper);
    await processes.start("b", shell("trap '' TERM; while :; do sleep 600; done"));
    const ends = Promise.all([processes.exited("a"), processes.exited("b")]);
    await processes[Symbol.asyncDispose]();
    assert.deepEqual(await ends, ["its keeper has ended", "its keeper has ended"]);
    assert.equal(existsSync(processes.directory), false);
    await processes[Symbol.asyncDispose]();
  });
});
