/** `gpumedia-processor dmon`: stands in for the guide's `nvidia-smi dmon -s pucvmet -d 1`, without nvidia-smi. */
import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { type GpuMonitor, openDmonMonitor } from "../monitor.ts";
import type { DmonReading, DmonSample } from "../sampler.ts";
import { type ColumnGroup, columnGroups, headerLines, indexOf, line } from "./columns.ts";
import type { DmonFigures } from "../dmon-figures.ts";

export interface DmonOptions {
  readonly select: readonly ColumnGroup[];
  readonly delaySeconds: number;
  /** Undefined: until interrupted. */
  readonly count: number | undefined;
}

export interface DmonOutputs {
  readonly print: (line: string) => void;
  /** Receives warnings and errors. */
  readonly warn: (line: string) => void;
  /** Stops the output. */
  readonly interrupt: AbortSignal;
}

/** As in nvidia-smi. */
const linesPerHeader = 20;

/** Builds the command; `exit` receives status 0, or 1 if no figure could be read. */
export function dmonCommand(outputs: DmonOutputs, exit: (status: number) => void): Command {
  return new Command("gpumedia-processor dmon")
    .description("Print GPU figures periodically, in the format of nvidia-smi dmon.")
    .option("-s, --select <groups>", `Columns: ${groupsHelp}. (default: pucvmet)`, parseGroups)
    .option("-d, --delay <seconds>", "Interval between readings, in seconds.", parsePositive, 1)
    .option("-c, --count <lines>", "Number of readings. (default: until interrupted)", parseCount)
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

/** Returns the exit status. */
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
    // Any other failure may recover: the driver may be loaded later, a GPU reset.
    if (sample.state === "unavailable" && sample.reason === "LIBRARY_NOT_FOUND") return 1;
  }
  return printer.printed ? 0 : 1;
}

class DmonPrinter {
  /** Whether any figure was printed. */
  printed = false;
  readonly #groups: readonly ColumnGroup[];
  readonly #outputs: DmonOutputs;
  readonly #before = new Map<string, { readonly figures: DmonFigures; readonly atMs: number }>();
  #sinceHeader = linesPerHeader;
  #warning = "";

  constructor(groups: readonly ColumnGroup[], outputs: DmonOutputs) {
    this.#groups = groups;
    this.#outputs = outputs;
  }

  show(sample: DmonSample, atMs: number): void {
    if (sample.state === "unavailable") {
      this.#warn(sample.message);
      return;
    }
    this.#warning = "";
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

  /** Warns once, not every second: repeated lines would hide the one that differs. */
  #warn(message: string): void {
    if (message !== this.#warning) this.#outputs.warn(message);
    this.#warning = message;
  }
}

async function pause(ms: number, interrupt: AbortSignal): Promise<void> {
  // An interrupt is the usual way to stop, not an error.
  await sleep(ms, undefined, { signal: interrupt }).catch(() => undefined);
}

function parseGroups(text: string): readonly ColumnGroup[] {
  return Array.from(text, (letter) => {
    const group = columnGroups.find((candidate) => candidate === letter);
    if (group === undefined)
      throw new InvalidArgumentError(`Unknown group "${letter}", expected letters of ${columnGroups.join("")}.`);
    return group;
  });
}

function parsePositive(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= 3600))
    throw new InvalidArgumentError("Expected a number of seconds above 0 and at most 3600.");
  return seconds;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError("Expected a positive integer.");
  return count;
}
