/** From when on one pod counts as busy and another as idle, for the status and for the alert. In %. */

/** A pod below is idle. */
export const idlePercent = 10;
/** Workers above have no time left for bursts: for services without a band. */
export const mostBusyPercent = 90;

/** Above which a pod is busy: the upper end of the band. */
export function busyAbove(bandMax: number): number {
  return Math.min(bandMax, mostBusyPercent);
}
