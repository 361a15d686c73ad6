/** Colour spaces as numbers of ITU-T H.273, as video, PNG (cICP) and AVIF (nclx) have them. Pure. */
import { bt709, d65, srgbCurve, xyzOf, type Chromaticities, type ColourSpace, type Curve } from "./colour-space.ts";
import { power } from "./icc-profile.ts";

/** Table 2. */
const codedPrimaries: Readonly<Record<number, Chromaticities>> = {
  1: bt709,
  5: { white: d65, red: [0.64, 0.33], green: [0.29, 0.6], blue: [0.15, 0.06] },
  6: { white: d65, red: [0.63, 0.34], green: [0.31, 0.595], blue: [0.155, 0.07] },
  7: { white: d65, red: [0.63, 0.34], green: [0.31, 0.595], blue: [0.155, 0.07] },
  9: { white: d65, red: [0.708, 0.292], green: [0.17, 0.797], blue: [0.131, 0.046] },
  11: { white: [0.314, 0.351], red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06] },
  12: { white: d65, red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06] },
};

/**
 * Table 3, without the curves of high dynamic range, PQ (16) and HLG (18). Those of BT.709, BT.601 and BT.2020 are a camera's; a
 * screen's, which counts for a picture, is near sRGB's.
 */
const codedCurves: Readonly<Record<number, Curve>> = {
  1: srgbCurve,
  4: power(2.2),
  5: power(2.8),
  6: srgbCurve,
  8: (value) => value,
  13: srgbCurve,
  14: srgbCurve,
  15: srgbCurve,
};

/** Undefined: numbers without a meaning here. */
export function codedSpace(primaries: number, transfer: number): ColourSpace | undefined {
  const [chromaticities, curve] = [codedPrimaries[primaries], codedCurves[transfer]];
  if (chromaticities === undefined || curve === undefined) return undefined;
  return { curves: [curve], toXyz: xyzOf(chromaticities) };
}
