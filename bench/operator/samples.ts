/** The samples of a page in Prometheus' text format, by name with labels. */
export class Samples {
  readonly #values: ReadonlyMap<string, number>;

  constructor(values: ReadonlyMap<string, number>) {
    this.#values = values;
  }

  static parse(text: string): Samples {
    const values = new Map<string, number>();
    for (const line of text.split("\n")) {
      const end = line.lastIndexOf(" ");
      if (line.startsWith("#") || end < 0) continue;
      values.set(line.slice(0, end), Number(line.slice(end + 1)));
    }
    return new Samples(values);
  }

  /** The sum of all series of this name with these labels; 0 if there are none. */
  sum(name: string, ...labels: readonly string[]): number {
    return this.#of(name, labels).reduce((sum, [, value]) => sum + value, 0);
  }

  /** Upper bounds and cumulative counts of a histogram since an earlier page. */
  bucketsSince(before: Samples, name: string, ...labels: readonly string[]): readonly (readonly [number, number])[] {
    return this.#of(`${name}_bucket`, labels).map(([series, count]) => {
      const bound = /le="([^"]+)"/.exec(series)?.[1] ?? "";
      return [bound === "+Inf" ? Infinity : Number(bound), count - (before.#values.get(series) ?? 0)];
    });
  }

  #of(name: string, labels: readonly string[]): readonly (readonly [string, number])[] {
    return [...this.#values].filter(
      ([series]) =>
        (series === name || series.startsWith(`${name}{`)) && labels.every((label) => series.includes(label)),
    );
  }
}
