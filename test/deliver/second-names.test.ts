import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { refuseSecondNames } from '../../src/deliver/second-names.ts';
import { tempDirectory } from '../support/temp-directory.ts';

test('one folder under two names is refused at the start and at a reload (D-604)', async t => {
  const base = await tempDirectory(t);
  mkdirSync(join(base, 'one/in'), { recursive: true });
  mkdirSync(join(base, 'st/incoming'), { recursive: true });
  symlinkSync(join(base, 'one'), join(base, 'two'));
  symlinkSync(join(base, 'st'), join(base, 'station'));
  const refusal = (...folders: string[]): string | undefined => {
    try {
      const settings = { folders: folders.map(path => ({ path: join(base, path) })) };
      refuseSecondNames({ root: join(base, 'st'), settings });
      return undefined;
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'config_invalid');
      return (error as Error).message.replaceAll(`${base}/`, '');
    }
  };
  assert.equal(refusal('one', 'three'), undefined);
  assert.match(refusal('one', 'two') ?? '', /^two is one under another name, by a link or a mount/);
  assert.match(refusal('one', 'two/in') ?? '', /^two\/in lies in one,/);
  assert.match(refusal('two/in', 'one') ?? '', /^one holds two\/in,/);
  assert.match(refusal('station/incoming') ?? '', /^station\/incoming is st\/incoming under another name/);
});
