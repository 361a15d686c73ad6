/** Which spec tells which page, and the few commands that none of them runs. */

export const toldBy = {
  /** Put the operator into a cluster, or take it out of one. */
  installing: ["README.md", "charts/gpumedia-operator/README.md", "docs/install.md"],
  /** On a cluster that has it. */
  using: [
    "docs/concepts.md",
    "docs/conditions.md",
    "docs/dcgm.md",
    "docs/gitops.md",
    "docs/load-test-kind.md",
    "docs/metrics-api.md",
    "docs/operations.md",
    "docs/top.md",
    "docs/troubleshooting.md",
  ],
  /** With a processor of the reader's own. */
  processing: ["docs/gpu.md", "docs/load-test.md", "docs/processor.md", "docs/processor-api.md"],
  /** All of their commands are excused. */
  nothing: ["docs/performance.md", "docs/releasing.md"],
} as const;

/** Commands that are not run, each with the reason. */
export const notRun: readonly { readonly command: RegExp; readonly because: string }[] = [
  { command: /^make [a-z-]+$/, because: "CI runs the tests, and each target is one line; that it is there is tried" },
  { command: /^npm run bench /, because: "measures for minutes, and here with another operator's program" },
  {
    command: /^node scripts\/set-version\.ts /,
    because: "changes this tree; scripts/versions.test.ts tries what it changes",
  },
  { command: /^npm install --package-lock-only$/, because: "changes this tree, and npm's own" },
  { command: /^kubectl logs /, because: "asks a kubelet, and the nodes here have none" },
];

/** Pages whose outputs are not compared here, and who compares them. */
export const shownElsewhere: Readonly<Record<string, string>> = {
  "docs/top.md": "e2e/specs/loop/top.spec.ts, with processors that work",
};
