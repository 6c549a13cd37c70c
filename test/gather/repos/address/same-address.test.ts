import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressKey, addressPath } from '../../../../src/gather/repos/address/same-address.ts';
import { parseRepositoryUrl } from '../../../../src/gather/repos/address/url.ts';

const key = (text: string): string => addressKey(parseRepositoryUrl(text, { from: 'config' }).url);

test('a repository is the same thing however its host is asked for it (R-110)', () => {
  const same = [
    'https://github.com/Owner/Name',
    'https://GitHub.com/owner/name.git',
    'https://www.github.com/owner/name/',
    'http://github.com/owner/name',
    'git://github.com/owner/name.git',
    'ssh://git@github.com/owner/NAME.git',
    'ssh://git@github.com:2222/owner/name',
    'git@github.com:owner/name.git',
    'https://org@github.com/owner/name',
    'https://github.com:443/owner/name.GIT',
  ];
  assert.deepEqual(new Set(same.map(key)), new Set(['github.com/owner/name']));
  const others = [
    'https://github.com/owner/name2',
    'https://github.com:8443/owner/name',
    'https://gitlab.com/owner/name',
  ];
  assert.equal(new Set([...others, ...same].map(key)).size, 4);
  assert.notEqual(addressKey('/srv/git/Name'), addressKey('/srv/git/name'), 'a disk tells case apart');
  assert.equal(addressPath('https://h.example/A/b'), '/A/b');
});
