/** Our images and what each holds: the one list, for the assembler, the Dockerfiles and the bills of materials. Pure. */

export const architecture = process.arch === "x64" ? "amd64" : process.arch;

/** Layers by what changes together: images share the first, and an upgrade of ours moves only the last. */
export type Layer = "base" | "operator" | "natives" | "processor" | "cuda";

export interface Image {
  /** Of its archive, its Dockerfile and its bill of materials. */
  readonly name: "operator" | "processor-cpu" | "processor-cuda";
  readonly description: string;
  /** Whose version is its tag: the processor has one of its own, since a new image of it restarts all services. */
  readonly workspace: "operator" | "workload";
  readonly repository: string;
  /** What its tag has after the version. */
  readonly tagSuffix: string;
  /** Lowest first. */
  readonly layers: readonly Layer[];
  /** User and group: a number, so that the kubelet sees that it is not root. */
  readonly user: number;
  readonly entrypoint: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const repositories = "ghcr.io/gpumedia";
const path = { PATH: "/usr/local/bin" };
const cudaLibraries = "/usr/local/cuda/lib";

const processor = {
  workspace: "workload",
  repository: `${repositories}/processor`,
  user: 10_001,
  entrypoint: ["gpumedia-processor"],
} as const;

export const images: readonly Image[] = [
  {
    name: "operator",
    description: "Turns each GpuMediaService into a tuned, autoscaled, monitored GPU media service",
    workspace: "operator",
    repository: `${repositories}/operator`,
    tagSuffix: "",
    layers: ["base", "operator"],
    user: 65_532,
    entrypoint: ["gpumedia-operator"],
    environment: path,
  },
  {
    ...processor,
    name: "processor-cpu",
    description: "The image processor and its load test, on CPU cores",
    tagSuffix: "",
    layers: ["base", "natives", "processor"],
    environment: path,
  },
  {
    ...processor,
    name: "processor-cuda",
    description: "The image processor and its load test, on NVIDIA GPUs or CPU cores",
    tagSuffix: "-cuda",
    // Above what it replaces.
    layers: ["base", "natives", "cuda", "processor"],
    environment: {
      ...path,
      LD_LIBRARY_PATH: cudaLibraries,
      // What NVIDIA's container toolkit is to mount: libcuda, and NVML for the figures; and the oldest driver that will do.
      NVIDIA_DRIVER_CAPABILITIES: "compute,utility",
      NVIDIA_REQUIRE_CUDA: "cuda>=13.0",
    },
  },
];

export function referenceOf({ repository, tagSuffix }: Image, version: string): string {
  return `${repository}:${version}${tagSuffix}`;
}

export function labelsOf({ name, description }: Image, version: string): Readonly<Record<string, string>> {
  return {
    "org.opencontainers.image.title": `gpumedia ${name}`,
    "org.opencontainers.image.description": description,
    "org.opencontainers.image.version": version,
    "org.opencontainers.image.licenses": "Apache-2.0",
  };
}

/** What of this tree a layer has: everything at the path that it has here, below /app. */
export interface Program {
  readonly workspace: Image["workspace"];
  /** Started by name, from /usr/local/bin. */
  readonly commands: Readonly<Record<string, string>>;
  /** Started by path: threads, and what a command starts. */
  readonly modules: readonly string[];
  /** Read at run time; patterns. */
  readonly files: readonly string[];
}

export const programs: Readonly<Record<"operator" | "processor", Program>> = {
  operator: {
    workspace: "operator",
    commands: { "gpumedia-operator": "operator/bin/gpumedia-operator.js" },
    modules: ["operator/src/main.ts"],
    files: ["LICENSE", "operator/package.json"],
  },
  processor: {
    workspace: "workload",
    commands: {
      "gpumedia-processor": "workload/bin/gpumedia-processor.js",
      "gpumedia-loadtest": "workload/loadtest/bin/gpumedia-loadtest.js",
    },
    modules: [
      "workload/src/main.ts",
      "workload/loadtest/src/main.ts",
      "workload/src/worker/worker.ts",
      "workload/src/gpu/monitor-thread.ts",
      "workload/src/routes/oip/json-thread.ts",
      "workload/src/routes/profiling/onnx-profile-thread.ts",
    ],
    files: ["LICENSE", "workload/package.json", "workload/models/*", "workload/src/routes/root/pages/*"],
  },
};

/**
 * Packages that are not bundled, because they load native code by its path: what of them is needed at run time, by patterns.
 * Left out are other platforms' binaries, sources and what builds them, types, and packages that only install scripts use.
 */
export function nativePackages(platform: string, arch: string): Readonly<Record<string, readonly string[]>> {
  const target = `${platform}-${arch}`;
  return {
    "onnxruntime-node": ["dist/*.js", `bin/napi-v6/${platform}/${arch}/*`],
    "onnxruntime-common": ["dist/cjs/**/*.{js,json}"],
    sharp: ["dist/*.{cjs,mjs}"],
    "detect-libc": ["lib/*.js"],
    semver: ["**/*.js"],
    "@img/colour": ["*.cjs"],
    [`@img/sharp-${target}`]: ["index.cjs", "lib/*"],
    [`@img/sharp-libvips-${target}`]: ["lib/*.so*", "versions.json"],
    "@julusian/jpeg-turbo": ["*.js", `prebuilds/jpeg-turbo-${target}/*`],
    "pkg-prebuilds": ["bindings.js", "lib/*.js"],
    koffi: ["index.{js,cjs}", "src/koffi/**/*.{js,cjs}"],
    [`@koromix/koffi-${target}`]: ["index.js", "linux_x64/*", "linux_arm64/*"],
  };
}

/** Of every native package. */
export const packagePapers: readonly string[] = ["package.json", "LICENSE*", "NOTICE*"];
