/** Which NVIDIA driver a container requires, from the words of NVIDIA's container runtime. */

/**
 * The first driver branch that supports a CUDA version.
 *
 * @see https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/ "CUDA Toolkit and Corresponding Driver Versions"
 */
const driverOfCuda: Readonly<Record<string, number>> = {
  "12.0": 525,
  "12.1": 530,
  "12.2": 535,
  "12.3": 545,
  "12.4": 550,
  "12.5": 555,
  "12.6": 560,
  "12.8": 570,
  "12.9": 575,
  "13.0": 580,
  "13.1": 590,
};

/** `CUDA 13.0 needs driver 580 or later` for `unsatisfied condition: cuda>=13.0`; undefined where no condition is named. */
export function leastDriver(words: string): string | undefined {
  const [, subject, version = ""] = /unsatisfied condition: (cuda|driver)\s*>=\s*(\d+(?:\.\d+)*)/.exec(words) ?? [];
  if (subject === undefined) return undefined;
  if (subject === "driver") return `the image needs driver ${version} or later`;
  const driver = driverOfCuda[version];
  return driver === undefined
    ? `the image needs a driver that supports CUDA ${version}`
    : `CUDA ${version} needs driver ${driver} or later`;
}
