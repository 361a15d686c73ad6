/** Parses label selectors of a query: `a=b,c!=d,e in (x,y),f notin (z),g,!h`. Pure. */

export type Labels = Readonly<Record<string, string>>;
export type Selector = (labels: Labels) => boolean;

const key = "[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?";
const value = "([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?";
const forms: readonly (readonly [RegExp, (key: string, value: string) => Selector])[] = [
  [
    new RegExp(`^(?<key>${key})\\s*==?\\s*(?<value>${value})$`),
    (name, expected) => (labels) => labels[name] === expected,
  ],
  [
    new RegExp(`^(?<key>${key})\\s*!=\\s*(?<value>${value})$`),
    (name, expected) => (labels) => labels[name] !== expected,
  ],
  [new RegExp(`^(?<key>${key})\\s+in\\s*\\((?<value>[^()]*)\\)$`), (name, list) => isOneOf(name, list)],
  [
    new RegExp(`^(?<key>${key})\\s+notin\\s*\\((?<value>[^()]*)\\)$`),
    (name, list) => {
      const isOne = isOneOf(name, list);
      return (labels) => !isOne(labels);
    },
  ],
  [new RegExp(`^(?<key>${key})$`), (name) => (labels) => Object.hasOwn(labels, name)],
  [new RegExp(`^!\\s*(?<key>${key})$`), (name) => (labels) => !Object.hasOwn(labels, name)],
];

function isOneOf(name: string, list: string): Selector {
  const values = new Set(list.split(",").map((one) => one.trim()));
  return (labels) => Object.hasOwn(labels, name) && values.has(labels[name] ?? "");
}

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
  for (const [form, selector] of forms) {
    const { groups } = form.exec(text) ?? {};
    if (groups !== undefined) return selector(groups.key ?? "", groups.value ?? "");
  }
  return undefined;
}
