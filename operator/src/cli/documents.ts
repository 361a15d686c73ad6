/** Parses YAML as kubectl does, with the line and column of every value. */
import type { Keys } from "@gpumedia/api";
import { isCollection, isMap, isNode, isPair, LineCounter, parseAllDocuments, type Document, type Node } from "yaml";
import type { Source } from "./sources.ts";

/** Both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface SyntaxError {
  readonly position: Position;
  readonly message: string;
}

export interface YamlDocument {
  readonly source: Source;
  readonly value: unknown;
  /** If there are any, `value` must not be used. */
  readonly errors: readonly SyntaxError[];
  /** Position of the value at `keys`, or of its nearest existing ancestor; a mapping's is its key's. */
  readonly positionOf: (keys: Keys, onKey?: boolean) => Position;
}

export function yamlDocuments(source: Source): readonly YamlDocument[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(source.text, {
    version: "1.1",
    merge: true,
    lineCounter: lines,
    prettyErrors: false,
    customTags: (tags) => tags.filter((tag) => typeof tag === "string" || !isUnlikeKubectl(tag)),
  });
  if (!Array.isArray(documents)) return [];
  return documents
    .map((document: Document) => yamlDocument(source, document, lines))
    .filter(({ value, errors }) => value !== null || errors.length > 0);
}

/** kubectl's parser knows no base-60 numbers and keeps dates as text, unlike the rest of YAML 1.1. */
function isUnlikeKubectl(tag: object): boolean {
  return ("format" in tag && tag.format === "TIME") || ("tag" in tag && tag.tag === "tag:yaml.org,2002:timestamp");
}

function yamlDocument(source: Source, document: Document, lines: LineCounter): YamlDocument {
  const errors = document.errors.map(({ pos, message }) => ({ position: positionAt(lines, pos[0]), message }));
  const { value, error } = errors.length > 0 ? { value: undefined } : valueOf(document);
  if (error !== undefined) errors.push({ position: positionAt(lines, start(document.contents) ?? 0), message: error });
  return {
    source,
    errors: errors.map(({ position, message }) => ({ position, message: message.replaceAll(/\s+/g, " ") })),
    value,
    positionOf: (keys, onKey = false) => positionAt(lines, offsetOf(document.contents, keys, onKey) ?? 0),
  };
}

/** Only this detects an alias without an anchor, or one that expands without bounds. */
function valueOf(document: Document): { readonly value: unknown; readonly error?: string } {
  try {
    return { value: document.toJS() };
  } catch (error) {
    return { value: undefined, error: (error as Error).message };
  }
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function offsetOf(root: Node | null, keys: Keys, onKey: boolean): number | undefined {
  let node: unknown = root;
  let offset = start(root);
  for (const [index, key] of keys.entries()) {
    const step = child(node, key);
    if (step === undefined) return offset;
    const last = index === keys.length - 1;
    offset =
      isCollection(step.value) || (last && onKey)
        ? (step.keyOffset ?? start(step.value))
        : (start(step.value) ?? step.keyOffset);
    node = step.value;
  }
  return offset;
}

function child(node: unknown, key: string | number): { value: unknown; keyOffset: number | undefined } | undefined {
  if (!isCollection(node)) return undefined;
  if (!isMap(node)) {
    const item = node.items[Number(key)];
    return item === undefined ? undefined : { value: item, keyOffset: start(item) };
  }
  const pair = node.items.find((item) => isPair(item) && String(item.key) === String(key));
  return pair === undefined ? undefined : { value: pair.value, keyOffset: start(pair.key) };
}

function start(node: unknown): number | undefined {
  return isNode(node) ? (node.range?.[0] ?? undefined) : undefined;
}
