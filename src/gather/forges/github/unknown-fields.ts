import type { ASTNode, DocumentNode, SelectionNode } from 'graphql/language/index.js';
import type { GraphqlError } from './answers.ts';

/** Loaded where a server does not know all that is asked for: most do. */
type Language = typeof import('graphql/language/index.js');

type Ancestors = readonly (ASTNode | readonly ASTNode[])[];

/** A query as the server can read it, and what it no longer asks for. */
export interface KnownQuery {
  readonly query: string;
  /** Each field that was left out, as the names of the fragment and fields around it and its own. */
  readonly leftOut: readonly (readonly string[])[];
}

/**
 * What one server's schema has shown not to have: an old GitHub Enterprise Server refuses a whole query for one field
 * that it does not know. Learned from its refusals, which name the place in the query, and kept for every other query.
 */
export class UnknownFields {
  readonly #places = new Set<string>();
  readonly #known = new Map<string, KnownQuery>();
  #language: Promise<Language> | undefined;

  /** @returns whether anything new was learned, so that asking again is worth a call */
  async learn(query: string, errors: readonly GraphqlError[]): Promise<boolean> {
    const before = this.#places.size;
    const language = await this.#load();
    const document = language.parse(query);
    for (const error of errors) {
      const place = placeNamed(language, document, error);
      if (place !== undefined) this.#places.add(place);
    }
    if (this.#places.size === before) return false;
    this.#known.clear();
    return true;
  }

  /** The query less what is unknown. */
  async without(query: string): Promise<KnownQuery> {
    if (this.#places.size === 0) return { query, leftOut: [] };
    const known = this.#known.get(query) ?? withoutPlaces(await this.#load(), query, this.#places);
    // Queries of a batch differ by its size alone: few are asked again, and none is worth much memory.
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(query, known);
    return known;
  }

  #load(): Promise<Language> {
    this.#language ??= import('graphql/language/index.js');
    return this.#language;
  }
}

const MAX_KNOWN = 20;

/** The field at the place that an error names; where it names none, every field of the name in its words. */
function placeNamed(language: Language, document: DocumentNode, error: GraphqlError): string | undefined {
  for (const { line, column } of error.locations) {
    let found: string | undefined;
    language.visit(document, {
      enter(node, _key, _parent, _path, ancestors) {
        const start = node.loc?.startToken;
        if (start?.line !== line || start.column !== column) return undefined;
        const around = [...nodesOf(ancestors), node];
        const at = around.findLastIndex(each => isSelection(each) || each.kind === 'FragmentDefinition');
        const named = around[at];
        if (named?.kind === 'FragmentDefinition') found = `...${named.name.value}`;
        else if (named !== undefined && isSelection(named)) found = placeOf(named, around.slice(0, at));
        return found === undefined ? undefined : language.BREAK;
      },
    });
    if (found !== undefined) return found;
  }
  const [, field] = /\bfield ["'](\w+)["']/i.exec(error.message) ?? [];
  return field && `*.${field}`;
}

function withoutPlaces(language: Language, query: string, places: ReadonlySet<string>): KnownQuery {
  const leftOut: (readonly string[])[] = [];
  let document = language.visit(language.parse(query), {
    enter(node, _key, _parent, _path, ancestors) {
      if (!isSelection(node)) return undefined;
      const around = nodesOf(ancestors);
      const isUnknown =
        places.has(placeOf(node, around)) || (node.kind === 'Field' && places.has(`*.${node.name.value}`));
      if (!isUnknown) return undefined;
      leftOut.push([...around, node].flatMap(namesOf));
      return null;
    },
    leave: node => (isEmpty(node) ? null : undefined),
  });
  for (let size = -1; size !== document.definitions.length; ) {
    size = document.definitions.length;
    document = withoutUnused(language, document);
  }
  return { query: language.print(document), leftOut };
}

/** A query may hold no fragment and no variable that it does not use, and nothing of which nothing is asked. */
function withoutUnused(language: Language, document: DocumentNode): DocumentNode {
  const spreads = new Set<string>();
  const variables = new Set<string>();
  const fragments = new Set<string>();
  language.visit(document, {
    FragmentDefinition: ({ name }) => void fragments.add(name.value),
    FragmentSpread: ({ name }) => void spreads.add(name.value),
    VariableDefinition: () => false,
    Variable: ({ name }) => void variables.add(name.value),
  });
  return language.visit(document, {
    FragmentDefinition: { enter: ({ name }) => (spreads.has(name.value) ? undefined : null) },
    FragmentSpread: ({ name }) => (fragments.has(name.value) ? undefined : null),
    VariableDefinition: ({ variable }) => (variables.has(variable.name.value) ? undefined : null),
    leave: node => (isEmpty(node) ? null : undefined),
  });
}

function isEmpty(node: ASTNode): boolean {
  return 'selectionSet' in node && node.selectionSet?.selections.length === 0;
}

function isSelection(node: ASTNode): node is SelectionNode {
  return node.kind === 'Field' || node.kind === 'InlineFragment' || node.kind === 'FragmentSpread';
}

function nodesOf(ancestors: Ancestors): readonly ASTNode[] {
  return ancestors.filter((each): each is ASTNode => !Array.isArray(each));
}

/** `commit.statusCheckRollup`, `PullRequest.labels`: a field by what is around it; a spread by its name alone. */
function placeOf(node: SelectionNode, around: readonly ASTNode[]): string {
  if (node.kind === 'FragmentSpread') return `...${node.name.value}`;
  const own = node.kind === 'Field' ? node.name.value : `on ${node.typeCondition?.name.value}`;
  const outer = around.findLast(each => namesOf(each).length > 0 || each.kind === 'InlineFragment');
  return `${outer === undefined ? 'query' : ownerName(outer)}.${own}`;
}

function ownerName(node: ASTNode): string | undefined {
  if (node.kind === 'Field') return node.name.value;
  if (node.kind === 'FragmentDefinition' || node.kind === 'InlineFragment')
    return node.typeCondition?.name.value;
  return undefined;
}

/** As answers name them. */
function namesOf(node: ASTNode): string[] {
  if (node.kind === 'Field') return [node.alias?.value ?? node.name.value];
  return node.kind === 'FragmentDefinition' ? [node.name.value] : [];
}
