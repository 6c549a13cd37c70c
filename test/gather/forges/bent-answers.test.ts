import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { SluiceError } from '../../../src/base/errors.ts';
import type { ForgeKind } from '../../../src/gather/forges/definitions.ts';
import type { Unseen } from '../../../src/gather/forges/unseen.ts';
import { iso } from '../../support/forge/model.ts';
import { KINDS, openForge } from './stand-ins.ts';

type Json = unknown;
/** What an answer is made of it. @param path of the request */
type Bend = (json: Json, path: string) => Json;

/** What may stand where something else is expected. `undefined`: the key is not there. */
const ODD_VALUES: readonly Json[] = [
  undefined,
  null,
  '',
  'odd',
  '2026-13-45',
  '0001-01-01T00:00:00Z',
  -1.5,
  1e20,
  true,
  {},
  [],
  [null],
  [{ surprise: true }],
];

/** Every place in a JSON value, as the keys that lead there. */
function placesIn(json: Json, at: readonly string[] = []): (readonly string[])[] {
  if (typeof json !== 'object' || json === null) return at.length === 0 ? [] : [at];
  const below = Object.entries(json).flatMap(([key, value]) => placesIn(value, [...at, key]));
  return at.length === 0 ? below : [at, ...below];
}

/** A copy with another value at a place. */
function bentAt(json: Json, [key, ...rest]: readonly string[], value: Json): Json {
  if (key === undefined) return value;
  const copy: Record<string, Json> = Array.isArray(json)
    ? ([...json] as unknown as Record<string, Json>)
    : { ...(json as Record<string, Json>) };
  if (rest.length === 0 && value === undefined && !Array.isArray(json)) delete copy[key];
  else copy[key] = bentAt(copy[key], rest, value) ?? null;
  return copy;
}

/** A host with three changesets of `g/p` and three repositories, whose answers pass through `bend`. */
async function bendable(t: TestContext, kind: ForgeKind) {
  const { forge, standIn } = await openForge(t, kind, { timeoutMs: 5000 });
  const { model } = standIn;
  const repository = model.addRepository('g/p');
  for (const path of ['g/q', 'g/r']) model.addRepository(path);
  for (let i = 0; i < 3; i += 1) {
    const changeset = model.addChangeset(repository, { check: 'success', labels: ['bug'] });
    model.addEvent(changeset);
    model.addEvent(changeset, { kind: 'review', review: 'APPROVED' });
    model.addEvent(changeset, { kind: 'labeled', label: 'bug' });
  }
  let bend: Bend = json => json;
  standIn.faults.push(({ url }, response) => {
    const end = response.end.bind(response);
    response.end = ((text: unknown) => {
      if (typeof text !== 'string' || text === '') return end(text as never);
      return end(JSON.stringify(bend(JSON.parse(text), decodeURIComponent(url.pathname))));
    }) as typeof response.end;
    return undefined;
  });
  const unseen: Unseen[] = [];
  const options = { onUnseen: (each: Unseen) => void unseen.push(each) };
  const wanted = [1, 2, 3].map(number => ({ ref: { host: forge.host, repository: 'g/p', number } }));
  return {
    bendBy: (how: Bend) => {
      bend = how;
      unseen.length = 0;
    },
    unseen,
    async listed() {
      const pages = await Array.fromAsync(forge.listChangesets('g/p', options));
      return pages.flatMap(({ changesets }) => changesets.map(({ ref }) => ref.number)).sort();
    },
    async repositories() {
      const pages = await Array.fromAsync(forge.listRepositories('g', options));
      return pages.flatMap(({ repositories }) => repositories.map(({ path }) => path)).sort();
    },
    async searched() {
      const pages = await Array.fromAsync(forge.searchChangesets({ kind: 'owner', owner: 'g' }, options));
      return pages.flatMap(({ changesets }) => changesets.map(({ ref }) => ref.number)).sort();
    },
    fetched: () => Array.fromAsync(forge.fetchChangesets(wanted, options)),
    async events() {
      const ref = wanted[0]?.ref;
      assert.ok(ref);
      return (await Array.fromAsync(forge.fetchEvents(ref, options))).flat();
    },
  };
}

/** The first changeset within an answer, which comes last in lists: an entry, it itself, or what is asked for below it. */
function bendFirst(bend: (json: Json) => Json): Bend {
  return (json, path) => {
    if (Array.isArray(json) && /pulls$|merge_requests$|repos$|projects$|search$/.test(path)) {
      return json.length === 0 ? json : [...json.slice(0, -1), bend(json.at(-1))];
    }
    const data = (json as { data?: Record<string, Record<string, Json>> } | null)?.data;
    if (data?.r0?.p0) return { data: { ...data, r0: { ...data.r0, p0: bend(data.r0.p0) } } };
    if (Array.isArray(data?.search?.nodes)) {
      const nodes = [...data.search.nodes.slice(0, -1), bend(data.search.nodes.at(-1))];
      return { data: { ...data, search: { ...data.search, nodes } } };
    }
    if (data?.repository?.pullRequest) {
      return { data: { repository: { pullRequest: bend(data.repository.pullRequest) } } };
    }
    return /\/1(\/|$)|commits\/0*3ec\/status/.test(path) ? bend(json) : json;
  };
}

for (const kind of KINDS) {
  test(`${kind}: whatever stands in an entry, nothing is thrown and its neighbours are read (C-101)`, async t => {
    const host = await bendable(t, kind);
    assert.deepEqual(await host.listed(), [1, 2, 3]);
    const bending = fc.record({
      place: fc.nat(),
      value: fc.constantFrom(...ODD_VALUES),
      depth: fc.integer({ min: 1, max: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(bending, async ({ place, value, depth }) => {
        host.bendBy(
          bendFirst(json => {
            const places = placesIn(json).filter(at => at.length <= depth);
            const at = places[place % Math.max(1, places.length)];
            return at === undefined ? json : bentAt(json, at, value);
          }),
        );
        const listed = await host.listed();
        assert.ok(
          [2, 3].every(number => listed.includes(number)),
          `listed ${listed}`,
        );
        const searched = await host.searched();
        assert.ok(
          [2, 3].every(number => searched.includes(number)),
          `found ${searched}`,
        );
        const repositories = await host.repositories();
        assert.ok(
          ['g/p', 'g/q'].every(path => repositories.includes(path)),
          `repositories ${repositories}`,
        );
        const results = await host.fetched();
        assert.equal(results.length, 3);
        for (const { ref, outcome } of results) {
          assert.ok(
            outcome === 'found' || (ref.number === 1 && outcome === 'failed'),
            `${ref.number}: ${outcome}`,
          );
        }
        await host.events().catch((error: SluiceError) => assert.equal(error.code, 'forge_answer_invalid'));
      }),
      { numRuns: 60 },
    );
  });

  test(`${kind}: an entry that is none is counted and told, and the listing goes on (C-101)`, async t => {
    const host = await bendable(t, kind);
    host.bendBy(bendFirst(() => ({ surprise: true })));
    assert.deepEqual(await host.listed(), [2, 3]);
    assert.equal(host.unseen.length, 1);
    assert.match(
      host.unseen[0]?.error.message ?? '',
      /1 of 3 entries of .*g\/p.* in a form that sluice does not know/,
    );
    host.bendBy(json => (Array.isArray(json) ? json.map(() => ({ surprise: true })) : json));
    await assert.rejects(host.listed(), { code: 'forge_answer_invalid' });
  });

  test(`${kind}: what is unknown of a changeset is left open, never made up (C-101)`, async t => {
    const host = await bendable(t, kind);
    const gone = [
      'title',
      'labels',
      'createdAt',
      'created_at',
      'updatedAt',
      'updated_at',
      'state',
      'author',
      'user',
    ];
    host.bendBy(
      bendFirst(json =>
        gone.reduce((bent, key) => (key in (bent as object) ? bentAt(bent, [key], null) : bent), json),
      ),
    );
    const first = (await host.fetched()).find(({ ref }) => ref.number === 1);
    assert.ok(first?.outcome === 'found');
    const { title, labels, createdAtMs, updatedAtMs, author, state } = first.changeset;
    assert.deepEqual([title, labels, createdAtMs, updatedAtMs, author, state], [...Array(5), 'open']);
  });
}

test('of a state that is not known, the times of merge and close speak', async t => {
  for (const kind of KINDS) {
    const host = await bendable(t, kind);
    const at = iso(Date.parse('2026-03-01T00:00:00Z'));
    const ended = { closed: ['closedAt', 'closed_at'], merged: ['mergedAt', 'merged_at'] };
    for (const [state, keys] of Object.entries(ended)) {
      const values = Object.fromEntries(keys.map(key => [key, at]));
      host.bendBy(bendFirst(json => ({ ...(json as object), state: 'odd', merged: null, ...values })));
      const first = (await host.fetched()).find(({ ref }) => ref.number === 1);
      assert.ok(first?.outcome === 'found');
      assert.equal(first.changeset.state, state, kind);
    }
  }
});
