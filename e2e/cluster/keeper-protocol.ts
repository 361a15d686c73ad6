/** Requests to the keeper and its reports, over the channel of `fork`. */

export type KeeperRequest =
  | {
      readonly do: "start";
      readonly name: string;
      readonly command: string;
      readonly parameters: readonly string[];
      /** In addition to the keeper's own environment. */
      readonly env: Readonly<Record<string, string>>;
      /** The file for standard output and standard error. */
      readonly log: string;
    }
  | { readonly do: "signal"; readonly name: string; readonly signal: NodeJS.Signals };

export type KeeperReport =
  | { readonly what: "ready" }
  | { readonly what: "started"; readonly name: string; readonly pid: number }
  /** `how`: a signal's name, `exit CODE`, or why it could not be started. */
  | { readonly what: "exited"; readonly name: string; readonly how: string };
