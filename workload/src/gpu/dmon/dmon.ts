/** `gpumedia-processor dmon`: the guide's `nvidia-smi dmon -s pucvmet -d 1`, where there is no nvidia-smi. */
import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { type GpuMonitor, openDmonMonitor } from "../monitor.ts";
import type { DmonReading, DmonSample } from "../sampler.ts";
import { type ColumnGroup, columnGroups, headerLines, indexOf, line } from "./columns.ts";
import type { DmonFigures } from "../dmon-figures.ts";

export interface DmonOptions {
  readonly select: readonly ColumnGroup[];
  readonly delaySeconds: number;
  /** Undefined: until a signal ends it. */
  readonly count: number | undefined;
}

export interface DmonOutputs {
  readonly print: (line: string) => void;
  /** What is no figure, such as that a GPU does not answer. */
  readonly complain: (line: string) => void;
  /** Ends the watch. */
  readonly interrupt: AbortSignal;
}

/** As nvidia-smi repeats it. */
const linesPerHeader = 20;

/** The command for the processor's program; `exit` gets 0, or 1 when no figure could be read at all. */
export function dmonCommand(outputs: DmonOutputs, exit: (status: number) => void): Command {
  return new Command("gpumedia-processor dmon")
    .description("print the GPUs' figures line by line, as nvidia-smi dmon does")
    .option("-s, --select <groups>", `columns: ${groupsHelp} (default: pucvmet)`, parseGroups)
    .option("-d, --delay <seconds>", "time between two lines", parsePositive, 1)
    .option("-c, --count <lines>", "lines of each GPU, then end (default: until interrupted)", parseCount)
    .action(
      async ({
        select = columnGroups,
        delay,
        count,
      }: {
        select?: readonly ColumnGroup[];
        delay: number;
        count?: number;
      }) => {
        const monitor = openDmonMonitor();
        exit(await dmon(monitor, { select, delaySeconds: delay, count }, outputs));
        await monitor.close();
      },
    );
}

const groupsHelp =
  "p power and temperature, u utilization, c clocks, v violations, m memory, e errors, t PCIe throughput";

/** Answers the exit status. */
export async function dmon(
  monitor: GpuMonitor<DmonSample>,
  options: DmonOptions,
  outputs: DmonOutputs,
): Promise<number> {
  const { delaySeconds, count = Infinity } = options;
  const printer = new DmonPrinter(options.select, outputs);
  for (let round = 0; round < count; round++) {
    if (round > 0) await pause(delaySeconds * 1000, outputs.interrupt);
    if (outputs.interrupt.aborted) return 0;
    const sample = await monitor.sample();
    printer.show(sample, performance.now());
    // All else may come back while we watch: a driver that is loaded later, a GPU that is reset.
    if (sample.state === "unavailable" && sample.reason === "LIBRARY_NOT_FOUND") return 1;
  }
  return printer.printed ? 0 : 1;
}

class DmonPrinter {
  /** Whether there was anything but `-`. */
  printed = false;
  readonly #groups: readonly ColumnGroup[];
  readonly #outputs: DmonOutputs;
  readonly #before = new Map<string, { readonly figures: DmonFigures; readonly atMs: number }>();
  #sinceHeader = linesPerHeader;
  #complaint = "";

  constructor(groups: readonly ColumnGroup[], outputs: DmonOutputs) {
    this.#groups = groups;
    this.#outputs = outputs;
  }

  show(sample: DmonSample, atMs: number): void {
    if (sample.state === "unavailable") {
      this.#complain(sample.message);
      return;
    }
    this.#complaint = "";
    if (this.#sinceHeader >= linesPerHeader) {
      for (const header of headerLines(this.#groups)) this.#outputs.print(header);
      this.#sinceHeader = 0;
    }
    for (const reading of sample.readings) this.#line(reading, atMs);
  }

  #line({ identity, figures }: DmonReading, atMs: number): void {
    const index = indexOf(identity);
    const before = this.#before.get(index);
    const interval = figures && { now: figures, before: before?.figures, elapsedMs: atMs - (before?.atMs ?? atMs) };
    this.#outputs.print(line(this.#groups, identity, interval));
    this.#sinceHeader++;
    if (figures === null) {
      this.#before.delete(index);
      return;
    }
    this.#before.set(index, { figures, atMs });
    this.printed = true;
  }

  /** Once, not every second: a log with one line ten thousand times hides the one that differs. */
  #complain(message: string): void {
    if (message !== this.#complaint) this.#outputs.complain(message);
    this.#complaint = message;
  }
}

async function pause(ms: number, interrupt: AbortSignal): Promise<void> {
  // An interrupt is the usual end, not an error.
  await sleep(ms, undefined, { signal: interrupt }).catch(() => undefined);
}

function parseGroups(text: string): readonly ColumnGroup[] {
  return Array.from(text, (letter) => {
    const group = columnGroups.find((candidate) => candidate === letter);
    if (group === undefined) throw new InvalidArgumentError(`"${letter}" is none of ${columnGroups.join("")}.`);
    return group;
  });
}

function parsePositive(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= 3600)) throw new InvalidArgumentError("Seconds, above 0 and at most 3600.");
  return seconds;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError("A whole number from 1.");
  return count;
}
