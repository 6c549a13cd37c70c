import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { refuseCircles } from '../../src/deliver/circles.ts';
import type { FolderSettings } from '../../src/deliver/settings.ts';
import type { DirectoryProfile } from '../../src/keep/buckets/directory/profile.ts';
import { DELIVERY_DEFAULTS } from '../support/delivery-settings.ts';
import { tempDirectory } from '../support/temp-directory.ts';

test('a store whose objects would be delivered again is refused, by whatever name its folder goes (D-620)', async t => {
  const base = await tempDirectory(t);
  mkdirSync(join(base, 'nas'));
  symlinkSync(join(base, 'nas'), join(base, 'link'));
  const isRefused = (path: string, folder: string | undefined, to: Partial<FolderSettings> = {}): boolean => {
    const nas: DirectoryProfile = {
      kind: 'directory',
      name: 'nas',
      provider: 'directory',
      path: join(base, path),
    };
    const where = {
      profile: 'nas',
      bucket: 'bucket',
      prefix: '',
      settleMs: 0,
      after: 'keep',
      ...to,
    } as const;
    const folders = folder === undefined ? [] : [{ ...where, path: join(base, folder) }];
    try {
      refuseCircles({ root: join(base, 'st'), profiles: [nas], settings: { ...DELIVERY_DEFAULTS, folders } });
      return false;
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'config_invalid');
      return true;
    }
  };
  assert.equal(isRefused('nas', 'x'), false);
  assert.equal(isRefused('nas', 'nas'), true);
  assert.equal(isRefused('link', 'nas'), true);
  assert.equal(isRefused('nas/deep', 'link'), true);
  assert.equal(isRefused('nas', 'nas/bucket/out'), true);
  assert.equal(isRefused('nas', 'nas/bucket/out', { prefix: 'done' }), false);
  assert.equal(isRefused('nas', 'nas/bucket/out', { prefix: 'out/done' }), true);
  assert.equal(isRefused('nas', 'nas/other'), false);
  assert.equal(isRefused('st/incoming/nas', undefined), true);
});
