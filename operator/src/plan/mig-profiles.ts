/**
 * The engines of MIG profiles, for products whose devices are not divided into the profile that a service needs: the slices
 * then do not show it. Encoders are left out: none of these GPUs has one. Pure.
 * @see https://docs.nvidia.com/datacenter/tesla/mig-user-guide/supported-mig-profiles.html
 */

import { neededEngines, type Engines } from "../effective/gpu-request.ts";

interface MigProfile extends Engines {
  readonly profile: string;
}

/** Smallest first. */
const profiles: readonly { readonly product: RegExp; readonly profiles: readonly MigProfile[] }[] = [
  {
    product: /\bA30\b/,
    profiles: table(["1g.6gb", 0, 0], ["1g.6gb+me", 1, 1], ["2g.12gb", 2, 0], ["2g.12gb+me", 2, 1], ["4g.24gb", 4, 1]),
  },
  {
    product: /\bA100\b.*\b80GB\b/,
    profiles: table(
      ["1g.10gb", 0, 0],
      ["1g.10gb+me", 1, 1],
      ["1g.20gb", 1, 0],
      ["2g.20gb", 1, 0],
      ["3g.40gb", 2, 0],
      ["4g.40gb", 2, 0],
      ["7g.80gb", 5, 1],
    ),
  },
  {
    product: /\bA100\b/,
    profiles: table(
      ["1g.5gb", 0, 0],
      ["1g.5gb+me", 1, 1],
      ["1g.10gb", 1, 0],
      ["2g.10gb", 1, 0],
      ["3g.20gb", 2, 0],
      ["4g.20gb", 2, 0],
      ["7g.40gb", 5, 1],
    ),
  },
];

function table(
  ...rows: readonly (readonly [profile: string, decoders: number, jpeg: number])[]
): readonly MigProfile[] {
  return rows.map(([profile, decoders, jpeg]) => ({ profile, decoders, jpeg, encoders: 0 }));
}

/** The smallest MIG profile of a product that has the engines; undefined: the product is not known, or has none. */
export function smallestProfile(productName: string, engines: Engines): string | undefined {
  const known = profiles.find(({ product }) => product.test(productName));
  return known?.profiles.find((one) => neededEngines(engines).every((engine) => one[engine] >= engines[engine]))
    ?.profile;
}
