/** Scales and ticks of the charts. Pure. */

/** Maps a value to a coordinate. */
export type Scale = (value: number) => number;

/** Linear from 0 to `domainEnd` onto `rangeStart` … `rangeEnd`. */
export function linear(domainEnd: number, rangeStart: number, rangeEnd: number): Scale {
  return (value) => rangeStart + (value / domainEnd) * (rangeEnd - rangeStart);
}

/**
 * Logarithmic towards 100 %: 90, 99 and 99.9 are equally far apart, so that the tail, which users notice, has as much
 * space as the rest. `lastPercentile`, below 100, ends the axis; everything beyond is drawn there.
 */
export function nines(lastPercentile: number, rangeStart: number, rangeEnd: number): Scale {
  const depth = (percentile: number) => -Math.log10(1 - Math.min(percentile, lastPercentile) / 100);
  const whole = linear(depth(lastPercentile), rangeStart, rangeEnd);
  return (percentile) => whole(depth(percentile));
}

/** Round values from 0 to the first that is not below `max`: steps of 1, 2 or 5 times a power of ten. */
export function ticks(max: number, about = 4): number[] {
  if (max <= 0) return [0, 1];
  const rough = max / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10) * power;
  const count = Math.ceil(max / step - 1e-9);
  return Array.from({ length: Math.max(1, count) + 1 }, (_, at) => Number((at * step).toPrecision(12)));
}

/** An SVG path through the points; null lifts the pen. */
export function pathThrough(points: readonly (readonly [x: number, y: number] | null)[]): string {
  let path = "";
  let drawing = false;
  for (const point of points) {
    if (point !== null) path += `${drawing ? "L" : "M"}${point.map((coordinate) => coordinate.toFixed(1)).join(" ")}`;
    drawing = point !== null;
  }
  return path;
}
