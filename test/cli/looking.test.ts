import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { sluice, standingPlace } from '../support/sluice.ts';

test('commands that look make nothing, and say that there is nothing to see (S-623)', async t => {
  for (const [args, said] of [
    ['people ls', /nobody is known/],
    ['changesets ls', /no changeset is known/],
    ['track', /nothing is tracked/],
    ['insights authors', /No repository has been baked yet: "sluice bake URL" reads one\./],
    ['insights changesets', /^measure/],
  ] as const) {
    const cwd = standingPlace(t);
    const { code, stdout, stderr } = await sluice(t, args.split(' '), { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stdout + stderr, said);
    assert.deepEqual(readdirSync(cwd), [], args);
  }
});
