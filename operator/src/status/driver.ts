/** Which NVIDIA driver a container requires, from the message of NVIDIA's container runtime. */

/**
 * The first driver branch that supports a CUDA version. It is the one that the first installer of that version brings and
 * has in its name, such as `cuda_12.9.0_575.51.03_linux.run`.
 *
 * @see https://developer.nvidia.com/cuda-toolkit-archive
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
export function requiredDriver(message: string): string | undefined {
  const [, subject, version = ""] = /unsatisfied condition: (cuda|driver)\s*>=\s*(\d+(?:\.\d+)*)/.exec(message) ?? [];
  if (subject === undefined) return undefined;
  if (subject === "driver") return `the image needs driver ${version} or later`;
  const driver = driverOfCuda[version];
  return driver === undefined
    ? `the image needs a driver that supports CUDA ${version}`
    : `CUDA ${version} needs driver ${driver} or later`;
}
