/** The table of results. Pure. */
import { median, type RawFigures, type ServerFigures } from "./figures.ts";

export interface Round {
  readonly raw: RawFigures;
  readonly figures: Readonly<Record<string, ServerFigures>>;
}

export interface CaseResult {
  readonly model: string;
  readonly connections: number;
  readonly rounds: Round[];
  /** Peak resident memory of each server, up to the end of the case. */
  readonly peakMiB: Record<string, number>;
}

export interface Results {
  readonly date: string;
  readonly machine: string;
  readonly secondsEach: number;
  readonly cases: readonly CaseResult[];
}

export function markdown({ date, machine, secondsEach, cases }: Results): string {
  const rows = cases.map((result) => {
    const ours = figure(result, "gpumedia");
    const theirs = figure(result, "fastapi");
    const cells = [
      `${result.model}, c=${result.connections}`,
      median(result.rounds.map(({ raw }) => raw.perSecond)).toFixed(1),
      theirs("perSecond"),
      ours("perSecond"),
      ratio(result, ({ figures }) => (figures["gpumedia"]?.perSecond ?? 0) / (figures["fastapi"]?.perSecond ?? 0)),
      ratio(result, ({ raw, figures }) => (figures["gpumedia"]?.perSecond ?? 0) / raw.perSecond),
      `${theirs("p50")} / ${ours("p50")}`,
      `${theirs("p95")} / ${ours("p95")}`,
      `${theirs("p99")} / ${ours("p99")}`,
      `${theirs("livezP99")} / ${ours("livezP99")}`,
      `${median(result.rounds.map(({ raw }) => raw.cpuMs)).toFixed(2)} / ${theirs("cpuMs", 2)} / ${ours("cpuMs", 2)}`,
      `${result.peakMiB["fastapi"]} / ${result.peakMiB["gpumedia"]}`,
    ];
    return `| ${cells.join(" | ")} |`;
  });
  const columns = [
    "load",
    "raw/s",
    "fastapi/s",
    "gpumedia/s",
    "to fastapi",
    "to raw",
    "p50 ms, fastapi / gpumedia",
    "p95",
    "p99",
    "/livez p99",
    "CPU ms per response, raw / fastapi / gpumedia",
    "peak RSS MiB",
  ];
  const [first] = cases;
  return [
    `${date}, ${machine}; ${first?.rounds.length ?? 0} rounds of ${secondsEach} s, medians; ratios are medians of each round's ratio.`,
    "",
    `| ${columns.join(" | ")} |`,
    `|${" --- |".repeat(columns.length)}`,
    ...rows,
    "",
  ].join("\n");
}

function figure(result: CaseResult, server: string) {
  return (name: keyof ServerFigures, digits = 1): string =>
    median(result.rounds.map(({ figures }) => figures[server]?.[name] ?? Number.NaN)).toFixed(digits);
}

function ratio({ rounds }: CaseResult, of: (round: Round) => number): string {
  return median(rounds.map(of)).toFixed(2);
}
