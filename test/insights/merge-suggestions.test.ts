import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loginOfAddress } from '../../src/gather/forges/definitions.ts';
import { refusalsOf, suggestMerges } from '../../src/insights/merge-suggestions.ts';
import type { Person } from '../../src/keep/store/people.ts';

let lastId = 0;
const person = (name: string, email: string, more: Partial<Person> = {}): Person => {
  lastId += 1;
  const plain = { bot: false, botByHand: false, commits: 1, emails: [email], mailmapped: [] };
  return { id: lastId, name, email, ...plain, ...more };
};
const shown = (people: readonly Person[], refused = refusalsOf([])) =>
  suggestMerges(people, refused, loginOfAddress).map(({ reason, people: members }) => [
    reason,
    ...members.map(({ name }) => name),
  ]);

test('suggestions: one e-mail, one name in another case, and addresses of code hosts tell who may be one person (W-54)', () => {
  const ada = person('Ada Lovelace', 'ada@work.example', { commits: 9 });
  const sameEmail = person('countess', 'ADA@work.example', { commits: 2 });
  const sameName = person('ada  LOVELACE', 'ada@home.example');
  const grace = person('Grace Hopper', 'ghopper@navy.example', { commits: 5 });
  const login = person('grace', '4711+ghopper@users.noreply.github.com');
  const gitlab = person('G.', '12-alanturing@users.noreply.gitlab.com');
  const alan = person('AlanTuring', 'at@example.org', { commits: 3 });
  const alone = person('Linus', 'linus@example.org');
  const otherLinus = person('linus', 'other@example.org');
  assert.deepEqual(shown([sameName, sameEmail, ada, login, grace, gitlab, alan, alone, otherLinus]), [
    ['email', 'Ada Lovelace', 'countess', 'ada  LOVELACE'],
    ['noreply', 'Grace Hopper', 'grace'],
    ['noreply', 'AlanTuring', 'G.'],
  ]);
});

test('suggestions: identical e-mails are one group, however many names there are, merged by that e-mail (W-54)', () => {
  const names = ['A One', 'B Two', 'C Three'].map(name => person(name, 'same@example.org'));
  const [suggestion, ...others] = suggestMerges(names, [], loginOfAddress);
  assert.deepEqual(others, []);
  assert.deepEqual([suggestion?.people.length, suggestion?.emails], [3, ['same@example.org']]);
});

test('suggestions: what was refused is not suggested again, programs and names of everybody never are (W-54)', () => {
  const one = person('Jane Doe', 'jane@one.example');
  const other = person('jane doe', 'jane@other.example');
  const third = person('Jane DOE', 'doe@third.example');
  assert.equal(shown([one, other]).length, 1);
  assert.deepEqual(shown([one, other], refusalsOf([one, other])), []);
  assert.deepEqual(shown([one, other, third], refusalsOf([one, other, third])), []);
  assert.deepEqual(shown([person('no author', 'a@a.example'), person('No Author', 'b@b.example')]), []);
  const bot = { bot: true };
  assert.deepEqual(
    shown([person('Build Bot', 'ci@x.example', bot), person('build bot', 'ci@x.example', bot)]),
    [],
  );
  assert.deepEqual(shown(Array.from({ length: 30 }, (_, n) => person('John Smith', `${n}@x.example`))), []);
});

test('addresses that code hosts make up tell the login, on hosts of one’s own as well; others tell none (W-54)', () => {
  const told: readonly (readonly [email: string, login: string | undefined])[] = [
    ['4711+Ada@users.noreply.github.com', 'ada'],
    ['ada@users.noreply.github.com', 'ada'],
    // A login of that host may begin so.
    ['12-ada@users.noreply.github.com', '12-ada'],
    ['4711+ada@users.noreply.git.example.org', 'ada'],
    ['12-ada@users.noreply.gitlab.com', 'ada'],
    ['12-ada-l@users.noreply.git.example.org', 'ada-l'],
    ['ada@noreply.codeberg.org', 'ada'],
    ['3+ada@noreply.git.example.org', 'ada'],
    ['ada@example.org', undefined],
    ['noreply@github.com', undefined],
    ['ada+work@noreply.example.org', undefined],
    ['', undefined],
  ];
  for (const [email, login] of told) assert.equal(loginOfAddress(email), login, email);
});

test('suggestions: whom the mailmap of one repository makes one may be one in all others, too (W-54)', () => {
  const ada = person('Ada Lovelace', 'ada@work.example', { commits: 9, mailmapped: ['a@home.example'] });
  const elsewhere = person('countess', 'A@home.example', { commits: 2 });
  const [suggestion, ...others] = suggestMerges(
    [ada, elsewhere, person('Bob', 'bob@x.example')],
    [],
    loginOfAddress,
  );
  assert.deepEqual(others, []);
  assert.deepEqual(
    [suggestion?.reason, suggestion?.emails],
    ['mailmap', ['ada@work.example', 'A@home.example']],
  );
});

test('suggestions: an address that mailmaps give to several people, by their names, makes nobody one (W-54)', () => {
  const sharedBy = { mailmapped: ['relay@list.example'] };
  const people = [
    person('Ada Lovelace', 'ada@work.example', sharedBy),
    person('Grace Hopper', 'grace@work.example', sharedBy),
    person('Mary Shaw', 'relay@list.example'),
  ];
  assert.deepEqual(
    suggestMerges(people, [], () => undefined),
    [],
  );
});
