/**
 * Rewrites a selector for the CEL library, and refuses what could keep the operator busy for long: whoever may write a service
 * writes its selectors. Kubernetes bounds their cost while they run, and its regular expressions take linear time. Pure.
 */

/** A selector that is not refused here ends within milliseconds. */
export type SafeExpression = { readonly text: string } | { readonly refused: string };

/** Macros that loop: nested ones multiply. */
const loops: ReadonlySet<string> = new Set([".all(", ".exists(", ".exists_one(", ".existsOne(", ".map(", ".filter("]);
const maxLoops = 1;
/** Each may double a value: `cel.bind(b, a + a, …)`. */
const maxBindings = 3;

/** Also within strings: to tell where those end takes a parser, and whoever misleads ours would pass what it refuses. */
const calls = /\.\s*\w+\s*\(|\bhas\s*\(/g;

export function safeExpression(expression: string): SafeExpression {
  // One could stand between the name of a function and its arguments.
  if (expression.includes("//")) return { refused: "the operator does not evaluate a selector with //" };
  let [looping, bindings] = [0, 0];
  const text = expression.replace(calls, (part) => {
    const call = part.replaceAll(/\s/g, "");
    if (loops.has(call)) looping++;
    if (call === ".bind(") bindings++;
    // The library's `has` takes no `has(device.attributes["d"].name)`, and its `matches` may take exponential time.
    if (call === "has(") return "hasMember(";
    return call === ".matches(" ? ".matchesSafely(" : part;
  });
  if (looping > maxLoops) return { refused: `it has ${looping} loops, of which the operator evaluates one` };
  if (bindings > maxBindings) return { refused: `it has ${bindings} bindings, of which the operator evaluates three` };
  return { text };
}

const maxMatchedLength = 256;

/** @throws for a pattern that could take more than polynomial time, and for a longer text than attributes have. */
export function matchesSafely(text: string, pattern: string): boolean {
  const repeats = pattern.match(/[*+{]/g)?.length ?? 0;
  const isComplex = repeats > 2 || /\)[*+?{]|\\[1-9]|\(\?[=!<]/.test(pattern);
  if (isComplex) throw new Error(`the operator does not evaluate the pattern ${pattern}: it repeats too much`);
  if (text.length > maxMatchedLength) throw new Error(`the operator matches at most ${maxMatchedLength} characters`);
  return new RegExp(pattern, "u").test(text);
}
