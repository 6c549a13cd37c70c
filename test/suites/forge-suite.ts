import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { CallBudget, CallRecord } from '../../src/engine/call-budgets/call-budget.ts';
import type {
  Changeset,
  ChangesetEvent,
  ChangesetRef,
  ChangesetSummary,
} from '../../src/gather/forges/changeset.ts';
import { byOrder } from '../../src/gather/forges/events.ts';
import type { ChangesetResult, Forge, ForgeRepository } from '../../src/gather/forges/forge.ts';

/** A forge in front of a code host, real or standing in, and a way to make things happen there. */
export interface ForgeHarness {
  readonly forge: Forge;
  readonly owner: string;
  /** Makes a repository of the owner and answers with its path. */
  addRepository(name: string, options?: { readonly private?: boolean }): Promise<string>;
  /** Opens a changeset and answers with where it is. */
  addChangeset(repository: string, title: string): Promise<ChangesetRef>;
  comment(ref: ChangesetRef): Promise<void>;
  approve(ref: ChangesetRef): Promise<void>;
  label(ref: ChangesetRef, label: string): Promise<void>;
  close(ref: ChangesetRef): Promise<void>;
  rename(repository: string, name: string): Promise<string>;
  /** As many items as fit on no single page, but on three. */
  readonly manyItems: number;
}

export type OpenHarness = (t: TestContext, budget: CallBudget) => Promise<ForgeHarness>;

/** A budget that notes what it is asked and what is reported to it. */
export function recordingBudget(): CallBudget & { readonly facts: CallRecord[]; taken: number } {
  const facts: CallRecord[] = [];
  return {
    facts,
    taken: 0,
    async take(call) {
      this.taken += 1;
      return call.credentials[0];
    },
    record: fact => void facts.push(fact),
  };
}

export async function allOf<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}

export async function repositoriesOf(forge: Forge, owner: string): Promise<ForgeRepository[]> {
  const all: ForgeRepository[] = [];
  for await (const page of forge.listRepositories(owner)) all.push(...page.repositories);
  return all;
}

export async function changesetsOf(
  forge: Forge,
  repository: string,
  options?: Parameters<Forge['listChangesets']>[1],
): Promise<ChangesetSummary[]> {
  const all: ChangesetSummary[] = [];
  for await (const page of forge.listChangesets(repository, options)) all.push(...page.changesets);
  return all;
}

export async function resultsOf(
  forge: Forge,
  refs: readonly ChangesetRef[],
): Promise<Map<number, ChangesetResult>> {
  const results = new Map<number, ChangesetResult>();
  for await (const result of forge.fetchChangesets(refs.map(ref => ({ ref })))) {
    assert.ok(!results.has(result.ref.number), 'one result for each');
    results.set(result.ref.number, result);
  }
  return results;
}

export function foundOf(
  result: ChangesetResult | undefined,
): Changeset & { events: readonly ChangesetEvent[] } {
  assert.equal(result?.outcome, 'found', result && 'error' in result ? result.error.message : '');
  assert.ok(result.outcome === 'found');
  return { ...result.changeset, events: result.events };
}

/** What every adapter must do before a host of its kind. */
export function forgeSuite(name: string, open: OpenHarness): void {
  test(`${name}: repositories of an owner come with all that is known of them, over pages (R-6)`, async t => {
    const budget = recordingBudget();
    const { forge, owner, addRepository, manyItems } = await open(t, budget);
    const paths = ['one'];
    await addRepository('one', { private: true });
    for (let i = 1; i < manyItems; i += 1) paths.push((await addRepository(`r${i}`)).split('/').at(-1) ?? '');
    const all = await repositoriesOf(forge, owner);
    assert.deepEqual(all.map(({ path }) => path).sort(), paths.map(path => `${owner}/${path}`).sort());
    const one = all.find(({ path }) => path === `${owner}/one`);
    assert.equal(one?.isPrivate, true);
    assert.match(one?.url ?? '', /\/one$/);
    assert.ok(all.every(each => each.hostId !== '' && !each.isArchived && !each.isFork));
    assert.ok(budget.taken > 1, 'more than one page');
    assert.equal(budget.facts.length, budget.taken, 'every call that was asked for is reported');
  });

  test(`${name}: open changesets are listed, last updated first; their addresses lead back to them (C-2)`, async t => {
    const { forge, addRepository, addChangeset, close } = await open(t, recordingBudget());
    const repository = await addRepository('listed');
    const refs: ChangesetRef[] = [];
    for (const title of ['a', 'b', 'c']) refs.push(await addChangeset(repository, title));
    await close(refs[0] as ChangesetRef);
    const listed = await changesetsOf(forge, repository);
    assert.deepEqual(listed.map(({ title }) => title).sort(), ['b', 'c']);
    const times = listed.map(({ updatedAtMs = 0 }) => updatedAtMs);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    );
    for (const { url, ref } of listed) assert.deepEqual(forge.parseChangesetUrl(url), ref);
    const all = await changesetsOf(forge, repository, { state: 'all' });
    assert.equal(all.find(({ title }) => title === 'a')?.state, 'closed');
    const since = Math.max(...times) + 3_600_000;
    assert.deepEqual(await changesetsOf(forge, repository, { state: 'all', updatedSinceMs: since }), []);
  });

  test(`${name}: state, author, branches, labels, reviews of many at once; one that is gone is missing (C-3)`, async t => {
    const { forge, addRepository, addChangeset, label, approve, close } = await open(t, recordingBudget());
    const repository = await addRepository('states');
    const first = await addChangeset(repository, 'first');
    const second = await addChangeset(repository, 'second');
    await label(first, 'bug');
    await approve(first);
    await close(second);
    const results = await resultsOf(forge, [first, second, { ...first, number: 999 }]);
    assert.equal(results.size, 3);
    const found = foundOf(results.get(first.number));
    assert.equal(found.title, 'first');
    assert.equal(found.state, 'open');
    assert.equal(found.reviewState, 'approved');
    assert.deepEqual(found.labels, ['bug']);
    assert.match(found.head.commit ?? '', /^[0-9a-f]{40}$/);
    assert.equal(found.base.branch, 'main');
    assert.deepEqual(found.ref, first);
    const closed = foundOf(results.get(second.number));
    assert.equal(closed.state, 'closed');
    assert.ok((closed.closedAtMs ?? 0) >= (closed.createdAtMs ?? 0));
    assert.equal(results.get(999)?.outcome, 'missing');
  });

  test(`${name}: events come each once, in order, the same ids every time, over pages (C-3)`, async t => {
    const { forge, addRepository, addChangeset, comment, approve, label, close, manyItems } = await open(
      t,
      recordingBudget(),
    );
    const repository = await addRepository('events');
    const ref = await addChangeset(repository, 'eventful');
    for (let i = 0; i < manyItems; i += 1) await comment(ref);
    await label(ref, 'bug');
    await approve(ref);
    await close(ref);
    const events = (await allOf(forge.fetchEvents(ref))).sort(byOrder);
    assert.equal(new Set(events.map(({ id }) => id)).size, events.length, 'each once');
    const kinds = Map.groupBy(events, ({ kind }) => kind);
    assert.equal(kinds.get('comment')?.length, manyItems);
    assert.equal(kinds.get('labeled')?.[0]?.subject, 'bug');
    assert.equal(kinds.get('review')?.[0]?.review, 'approved');
    assert.equal(kinds.get('closed')?.length, 1);
    assert.ok((kinds.get('commit')?.length ?? 0) > 0);
    assert.ok(events.every(({ atMs }) => atMs > 0));
    const again = (await allOf(forge.fetchEvents(ref))).sort(byOrder);
    assert.deepEqual(again, events);
    const later = await allOf(forge.fetchEvents(ref, { sinceMs: Date.now() + 3_600_000 }));
    assert.deepEqual(
      later.filter(({ kind }) => kind === 'comment'),
      [],
    );
  });

  test(`${name}: a renamed repository is found under its new name (C-4)`, async t => {
    const { forge, addRepository, addChangeset, rename } = await open(t, recordingBudget());
    const repository = await addRepository('before');
    const ref = await addChangeset(repository, 'stays');
    const path = await rename(repository, 'after');
    const results = await resultsOf(forge, [ref]);
    const found = foundOf(results.get(ref.number));
    assert.deepEqual(found.ref, { ...ref, repository: path });
    assert.equal((await changesetsOf(forge, repository))[0]?.ref.repository, path);
  });

  test(`${name}: an owner, a repository or a changeset that is not there is forge_missing`, async t => {
    const { forge, addRepository } = await open(t, recordingBudget());
    const repository = await addRepository('lonely');
    await assert.rejects(repositoriesOf(forge, 'nobody-of-that-name'), { code: 'forge_missing' });
    await assert.rejects(changesetsOf(forge, `${repository}-not`), { code: 'forge_missing' });
    const ref = { host: forge.host, repository, number: 999 };
    await assert.rejects(allOf(forge.fetchEvents(ref)), { code: 'forge_missing' });
  });
}
