import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { PageBounds } from '../../../src/gather/forges/http/page-bounds.ts';
import type { Unseen } from '../../../src/gather/forges/unseen.ts';
import { KINDS, openForge } from './stand-ins.ts';

test('a listing ends with a page that was read already, with too many pages, and with time (C-103)', () => {
  let nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => nowMs };
  const bounds = (): PageBounds =>
    new PageBounds('h: the listing "x"', clock, { maxPages: 3, maxMs: 60_000 });
  const again = bounds();
  assert.equal(again.before('1'), undefined);
  assert.match(again.before('1')?.message ?? '', /was read already/);
  const same = bounds();
  assert.deepEqual(
    [same.after([{ id: 1 }]), same.after([]), same.after([]), same.after(null)],
    Array(4).fill(undefined),
  );
  assert.equal(same.after([{ id: 1, askedAt: 'now' }])?.code, 'listing_endless');
  assert.equal(same.after([{ id: 1 }, { id: 2 }]), undefined, 'what moved to the next page is no repetition');
  assert.deepEqual(
    [[{ commit: { oid: 'a' } }], [{ commit: { oid: 'b' } }], [null]].map(page => same.after(page)),
    Array(3).fill(undefined),
  );
  const many = bounds();
  assert.deepEqual(
    ['1', '2', '3'].map(page => many.before(page)),
    [undefined, undefined, undefined],
  );
  assert.match(many.before('4')?.message ?? '', /more than 3 pages/);
  const slow = bounds();
  nowMs += 61_000;
  assert.match(slow.before('1')?.message ?? '', /not at its end after 1 minutes/);
});

for (const kind of KINDS) {
  test(`${kind}: next pages in a ring, and pages that are all the same, end and are told (C-103)`, async t => {
    const { forge, standIn } = await openForge(t, kind);
    const repository = standIn.model.addRepository('g/p');
    const changeset = standIn.model.addChangeset(repository);
    standIn.model.addEvent(changeset);
    let calls = 0;
    standIn.faults.push((request, response) => {
      calls += 1;
      assert.ok(calls < 100, 'asked without an end');
      const { url, origin } = request;
      // Every page names itself as the next one, whichever number it is asked by.
      response.setHeader('link', `<${origin}${url.pathname}${url.search}>; rel="next"`);
      response.setHeader('x-total-count', '1000000');
      url.searchParams.delete('page');
      const end = response.end.bind(response);
      response.end = ((text: unknown) => {
        const withMore = String(text ?? '').replace(/"has(Next|Previous)Page":false/g, '"has$1Page":true');
        return end(text === undefined ? undefined : withMore);
      }) as typeof response.end;
      return undefined;
    });
    const unseen: Unseen[] = [];
    const options = { onUnseen: (each: Unseen) => void unseen.push(each) };
    const told = (): readonly string[] => unseen.splice(0).map(({ error }) => error.code);
    const listed = await Array.fromAsync(forge.listChangesets('g/p', options));
    assert.deepEqual(
      [listed.flatMap(({ changesets }) => changesets).length, told()],
      [1, ['listing_endless']],
    );
    const repositories = await Array.fromAsync(forge.listRepositories('g', options));
    assert.deepEqual(
      [repositories.flatMap(page => page.repositories).length, told()],
      [1, ['listing_endless']],
    );
    const ref = { host: forge.host, repository: 'g/p', number: 1 };
    const events = (await Array.fromAsync(forge.fetchEvents(ref, options))).flat();
    assert.ok(events.some(({ kind: each }) => each === 'comment'));
    assert.ok(told().every(code => code === 'listing_endless'));
    const searched = await Array.fromAsync(
      forge.searchChangesets({ kind: 'author', author: 'ada' }, options),
    );
    assert.deepEqual(
      [searched.flatMap(({ changesets }) => changesets).length, told()],
      [1, ['listing_endless']],
    );
  });

  test(`${kind}: behind a proxy the next page is asked for at the address that is configured (C-103)`, async t => {
    const { forge, standIn } = await openForge(t, kind);
    const repository = standIn.model.addRepository('g/p');
    for (let i = 0; i < 250; i += 1) standIn.model.addChangeset(repository);
    standIn.faults.push((_request, response) => {
      const set = response.setHeader.bind(response);
      response.setHeader = ((name: string, value: string) =>
        set(
          name,
          name === 'link' ? value.replace(/<http:\/\/[^/]+/, '<https://inner.invalid:8080') : value,
        )) as never;
      return undefined;
    });
    const pages = await Array.fromAsync(forge.listChangesets('g/p'));
    assert.equal(pages.flatMap(({ changesets }) => changesets).length, 250);
  });
}
