/** Parses label selectors of a query: `a=b,c!=d,e in (x,y),f notin (z),g,!h`. Pure. */

export type Labels = Readonly<Record<string, string>>;
export type Selector = (labels: Labels) => boolean;

const key = "[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?";
const value = "([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?";
const comparison = new RegExp(`^(?<key>${key})\\s*(?<operator>==?|!=)\\s*(?<value>${value})$`);
const membership = new RegExp(`^(?<key>${key})\\s+(?<operator>in|notin)\\s*\\((?<value>[^()]*)\\)$`);
const existence = new RegExp(`^(?<operator>!?)\\s*(?<key>${key})$`);

/** Returns undefined for an invalid selector; an empty one matches everything. */
export function parseSelector(text: string): Selector | undefined {
  // A comma within parentheses belongs to a list of values.
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim());
  if (parts.length === 1 && parts[0] === "") return () => true;
  const requirements = parts.map(parseRequirement);
  if (!requirements.every((requirement) => requirement !== undefined)) return undefined;
  return (labels) => requirements.every((isMet) => isMet(labels));
}

function parseRequirement(text: string): Selector | undefined {
  const { groups } = comparison.exec(text) ?? membership.exec(text) ?? existence.exec(text) ?? {};
  if (groups === undefined) return undefined;
  const { key: name = "", operator = "", value: operand } = groups;
  const negated = operator.startsWith("!") || operator === "notin";
  const values = operand?.split(",").map((one) => one.trim());
  return (labels) => {
    const matches = Object.hasOwn(labels, name) && (values?.includes(labels[name] ?? "") ?? true);
    return matches !== negated;
  };
}
