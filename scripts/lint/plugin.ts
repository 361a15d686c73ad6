/** Lint rules of this repository, as a plug-in of oxlint: `gpumedia/package-order`. */
import { relative, sep } from "node:path";
import { orderViolation } from "./package-order.ts";

interface Context {
  readonly filename: string;
  readonly cwd: string;
  report(problem: { readonly node: unknown; readonly message: string }): void;
}

interface Sourced {
  readonly source?: { readonly type: string; readonly value?: unknown } | null;
}

const packageOrder = {
  create(context: Context) {
    const file = relative(context.cwd, context.filename).split(sep).join("/");
    const check = ({ source }: Sourced): void => {
      if (typeof source?.value !== "string") return;
      const message = orderViolation(file, source.value);
      if (message !== undefined) context.report({ node: source, message });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

export default { meta: { name: "gpumedia" }, rules: { "package-order": packageOrder } };
