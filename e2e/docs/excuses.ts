/** Which spec runs the commands of which page, and the few commands that no spec runs. */

export const pagesBySpec = {
  /** Pages that install or remove the operator. */
  installing: ["README.md", "charts/gpumedia-operator/README.md", "docs/install.md"],
  /** Pages that need a cluster with the operator. */
  using: [
    "docs/checklist.md",
    "docs/concepts.md",
    "docs/conditions.md",
    "docs/dcgm.md",
    "docs/gitops.md",
    "docs/load-test-kind.md",
    "docs/metrics-api.md",
    "docs/operations.md",
    "docs/routing.md",
    "docs/sizing.md",
    "docs/top.md",
    "docs/troubleshooting.md",
  ],
  /** Pages that start a processor. */
  processing: ["docs/gpu.md", "docs/load-test.md", "docs/processor.md", "docs/processor-api.md"],
  /** Pages whose commands are all excused. */
  nothing: ["docs/performance.md", "docs/releasing.md"],
} as const;

/** Commands that no spec runs, each with the reason. */
export const notRun: readonly { readonly command: RegExp; readonly because: string }[] = [
  {
    command: /^make( [a-z-]+)+$/,
    because: "CI runs the tests, and each target is one line; a test checks that it exists",
  },
  { command: /^skopeo copy /, because: "needs a registry" },
  { command: /^npm run bench /, because: "measures for minutes, and needs another operator's program" },
  {
    command: /^node scripts\/set-version\.ts /,
    because: "changes this tree; scripts/versions.test.ts checks what it changes",
  },
  { command: /^npm install --package-lock-only$/, because: "changes this tree and npm's cache" },
  { command: /^kubectl logs /, because: "needs a kubelet, which these nodes do not have" },
];

/** Pages whose outputs another spec compares. */
export const shownElsewhere: Readonly<Record<string, string>> = {
  "docs/top.md": "e2e/specs/loop/top.spec.ts, with real processors",
};
