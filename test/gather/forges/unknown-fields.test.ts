import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { getNamedType, parse, TypeInfo, validate, visit, visitWithTypeInfo } from 'graphql';
import {
  batchQuery,
  COMMITS_QUERY,
  EVENTS_QUERY,
  REPOSITORIES_QUERY,
  SEARCH_QUERY,
} from '../../../src/gather/forges/github/queries.ts';
import { UnknownFields } from '../../../src/gather/forges/github/unknown-fields.ts';
import { githubSchema } from '../../support/forge/github-graphql.ts';
import { openForge } from './stand-ins.ts';

const BATCH = batchQuery([{ owner: 'g', name: 'p', changesets: [{ number: 1, sinceMs: 0 }] }]).query;
const QUERIES = [BATCH, EVENTS_QUERY, COMMITS_QUERY, SEARCH_QUERY, REPOSITORIES_QUERY];

/** What a server says of a query, whose schema lacks these fields and types: as GitHub does, with the place of each. */
function refusals(query: string, lacking: ReadonlySet<string>) {
  const errors: { message: string; locations: { line: number; column: number }[] }[] = [];
  const types = new TypeInfo(githubSchema());
  const note = (loc: { startToken: { line: number; column: number } } | undefined, message: string): void => {
    const { line = 0, column = 0 } = loc?.startToken ?? {};
    errors.push({ message, locations: [{ line, column }] });
  };
  const ofType = (type: string | undefined, loc: Parameters<typeof note>[0]): void => {
    if (lacking.has(type ?? '')) note(loc, `No such type ${type}, so it can't be a fragment condition`);
  };
  const visitor = visitWithTypeInfo(types, {
    Field(node) {
      const type = getNamedType(types.getParentType())?.name;
      if (lacking.has(`${type}.${node.name.value}`))
        note(node.loc, `Field '${node.name.value}' doesn't exist on type '${type}'`);
    },
    InlineFragment: node => ofType(node.typeCondition?.name.value, node.loc),
    FragmentDefinition: node => ofType(node.typeCondition.name.value, node.loc),
  });
  visit(parse(query), visitor);
  return errors;
}

const named = (errors: ReturnType<typeof refusals>) =>
  errors.map(each => ({ ...each, type: undefined, path: undefined }));

/** Every field and type that the queries name, beside those without which nothing is asked. */
function allNames(): string[] {
  const names = new Set<string>();
  const types = new TypeInfo(githubSchema());
  for (const query of QUERIES) {
    visit(
      parse(query),
      visitWithTypeInfo(types, {
        Field: node => void names.add(`${getNamedType(types.getParentType())?.name}.${node.name.value}`),
        InlineFragment: node => void names.add(node.typeCondition?.name.value ?? ''),
      }),
    );
  }
  return [...names].filter(each => !/^Query\.|\.__typename$|^Repository\.pullRequest$/.test(each));
}

test('GitHub: a query goes without what the server does not know, whatever that is, and stays one (C-632)', async () => {
  const some = fc.subarray(allNames(), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(some, async lacking => {
      const unknown = new UnknownFields();
      const lacks = new Set(lacking);
      for (const query of QUERIES) {
        for (let asked = 0; asked < 3; asked += 1) {
          const known = await unknown.without(query);
          if (!(await unknown.learn(known.query, named(refusals(known.query, lacks))))) break;
        }
        const { query: known } = await unknown.without(query);
        assert.deepEqual(refusals(known, lacks), []);
        assert.deepEqual(
          validate(githubSchema(), parse(known)).map(({ message }) => message),
          [],
        );
      }
    }),
    { numRuns: 30 },
  );
});

test('GitHub: a field that an old server does not know costs itself, and is not asked for again (C-632)', async t => {
  const { forge, standIn } = await openForge(t, 'github');
  const changeset = standIn.model.addChangeset(standIn.model.addRepository('g/p'), { check: 'success' });
  standIn.model.addEvent(changeset);
  let refused = 0;
  const lacks = new Set(['Commit.statusCheckRollup', 'PullRequest.isDraft', 'Repository.isEmpty']);
  standIn.faults.push(({ body }) => {
    if (body === '') return undefined;
    const errors = refusals(JSON.parse(body).query, lacks);
    if (errors.length === 0) return undefined;
    refused += 1;
    return { json: { data: null, errors } };
  });
  const wanted = [{ ref: { host: forge.host, repository: 'g/p', number: 1 } }];
  for (let syncs = 0; syncs < 2; syncs += 1) {
    const [result] = await Array.fromAsync(forge.fetchChangesets(wanted));
    assert.ok(result?.outcome === 'found', JSON.stringify(result));
    assert.deepEqual(
      result.unseen.map(({ part, error }) => [part, error.code]),
      [['checks', 'forge_refused']],
    );
    assert.match(result.unseen[0]?.error.message ?? '', /does not know the field statusCheckRollup/);
    assert.equal(result.changeset.checkState, undefined, 'not "none"');
    assert.ok(result.events.length > 0);
    const [found] = await Array.fromAsync(forge.searchChangesets({ kind: 'owner', owner: 'g' }));
    assert.equal(found?.changesets.length, 1);
    const [listed] = await Array.fromAsync(forge.listRepositories('g'));
    assert.equal(listed?.repositories.length, 1);
  }
  assert.equal(refused, 2, 'the batch told of two, the listing of the third');
});
