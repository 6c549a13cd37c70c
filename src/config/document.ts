import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
} from 'yaml';
import type { SettingPath } from './paths.ts';

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
}

export interface YamlFault extends Partial<Position> {
  readonly message: string;
}

/** A YAML text as plain values that remember where they stood. */
export interface YamlText {
  /** Mappings, lists and scalars; undefined for an empty text or where a fault left nothing to read. */
  readonly tree: unknown;
  readonly faults: readonly YamlFault[];
  /** Where the setting's key, or the list's item, stands; of the nearest enclosing one where it stands nowhere. */
  locate(path: SettingPath): Position | undefined;
}

/** More uses of anchors than anybody writes by hand, and few enough that their expansion stays small. */
const MAX_ALIASES = 100;

/** Far deeper than any setting stands, and shallow enough for everything that walks the tree. */
const MAX_DEPTH = 50;
const TOO_DEEP = 'is nested too deeply';

/** Faults after which the parser reads on undisturbed. */
const SEPARATE: ReadonlySet<string> = new Set(['DUPLICATE_KEY', 'TAG_RESOLVE_FAILED', 'BAD_ALIAS']);

/** Reads one YAML 1.2 document. Never throws: what is wrong with the text is in `faults`. */
export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const problems = withoutEchoes([...document.errors, ...document.warnings]);
    const faults = problems.map(problem => ({ ...at(problem.pos[0]), message: inWords(problem) }));
    // After a duplicate key the rest still means what it says, and its own faults can be reported as well.
    const readable = problems.every(problem => problem.code === 'DUPLICATE_KEY');
    const tree: unknown = readable ? (document.toJS({ maxAliasCount: MAX_ALIASES }) ?? undefined) : undefined;
    if (isDeep(tree)) throw new RangeError('too deep');
    return { tree, faults, locate: path => locate(document, path, at) };
  } catch (error) {
    return { tree: undefined, faults: [{ message: tooMuch(error) }], locate: () => undefined };
  }
}

/** The parser tells its own limits by exceptions: too deep a nesting, too many aliases. */
function tooMuch(error: unknown): string {
  if (error instanceof RangeError) return TOO_DEEP;
  if (!(error instanceof ReferenceError && /alias/i.test(error.message))) throw error;
  return /excessive/i.test(error.message)
    ? `multiplies its content by aliases; more than ${MAX_ALIASES} uses of one are not followed`
    : 'uses an alias ("*…") whose anchor ("&…") comes nowhere before it';
}

/** Level by level, so that depth itself cannot hurt. */
function isDeep(tree: unknown): boolean {
  let level = [tree];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap(value => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return false;
}

function inWords(problem: YAMLError): string {
  switch (problem.code) {
    case 'DUPLICATE_KEY':
      return 'this key is given twice in the same mapping; keep one';
    case 'TAB_AS_INDENT':
      return 'a tab cannot indent; use spaces';
    case 'MULTIPLE_DOCS':
      return 'a second document begins here; one is all that is read';
    case 'TAG_RESOLVE_FAILED':
      return 'tags ("!…") are not used here; take it out';
    default:
      if (problem.message.startsWith('Maximum call stack')) return TOO_DEEP;
      // The parser quotes what it stumbled over, which may be half a secret.
      return `not YAML: ${problem.message.replace(/:? ".*$/s, '')}`;
  }
}

/**
 * One mistake makes the parser stumble on: several times at the same place, and over every line after a
 * bracket that never closes. The first word is the useful one.
 */
function withoutEchoes(problems: readonly YAMLError[]): YAMLError[] {
  const syntax = problems.find(({ code }) => !SEPARATE.has(code));
  return problems.filter(problem => problem === syntax || SEPARATE.has(problem.code));
}

function locate(
  document: Document,
  path: SettingPath,
  at: (offset: number) => Position,
): Position | undefined {
  let node: unknown = document.contents;
  let position = isMap(node) || isSeq(node) ? undefined : positionOf(node, at);
  for (const segment of path) {
    const container: Node | undefined = isAlias(node) ? node.resolve(document) : (node as Node | undefined);
    if (isMap(container)) {
      const pair = container.items.find(
        item => isScalar(item.key) && String(item.key.value) === String(segment),
      );
      if (!pair) break;
      position = positionOf(pair.key, at) ?? position;
      node = pair.value;
    } else if (isSeq(container)) {
      node = container.items[Number(segment)];
      position = positionOf(node, at) ?? position;
    } else break;
  }
  return position;
}

function positionOf(node: unknown, at: (offset: number) => Position): Position | undefined {
  const start = (node as Node | null | undefined)?.range?.[0];
  return start === undefined ? undefined : at(start);
}
