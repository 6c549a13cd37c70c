import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repositorySpellings } from '../../../src/gather/forges/repository-spellings.ts';
import { parseRepositoryUrl } from '../../../src/gather/repos/address/url.ts';

test('a push finds its repository by whatever spelling it is tracked, behind a proxy too (C-104)', () => {
  const push = {
    repository: 'o/app',
    repositoryUrls: ['http://inner:3000/o/app', 'ssh://git@git.example.com:2222/o/app.git'],
  };
  const spellings = repositorySpellings(push, 'https://git.example.com/forge');
  const urlOf = (text: string): string => parseRepositoryUrl(text, { from: 'api' }).url;
  const found = new Set(spellings.map(urlOf));
  for (const tracked of [
    'https://git.example.com/forge/o/app',
    'https://git.example.com/o/app.git',
    'http://git.example.com/o/app',
    'git@git.example.com:o/app.git',
    'ssh://git@git.example.com/o/app',
    'ssh://git@git.example.com:2222/o/app',
    'git://git.example.com/o/app.git',
    'https://www.git.example.com/o/app',
    'http://inner:3000/o/app.git',
  ]) {
    assert.ok(found.has(urlOf(tracked)), `${tracked} in ${[...found].join(' ')}`);
  }
});
