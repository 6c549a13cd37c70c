import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextLink, nextPageUrl, parseLinks } from '../../../../src/gather/forges/http/link.ts';

test('the next page is found in every form that RFC 8288 allows (C-103)', () => {
  const next = 'https://h/x?page=2';
  const forms = [
    `<${next}>; rel="next"`,
    `<${next}>; rel=next`,
    `<${next}>;rel="prev next"`,
    `<${next}>; REL="NEXT"`,
    `<${next}>; title="a, b; \\"c\\""; rel="next"`,
    `<https://h/x?page=1>; rel="prev", <${next}>; rel="next", <https://h/x?page=9>; rel="last"`,
    `<https://h/x?page=9>; rel="last",<${next}>;rel="next"`,
    `garbage, <${next}>; rel="next"`,
    `<https://h/other>; rel="next"; anchor="#part", <${next}>; rel="next"`,
  ];
  for (const form of forms) assert.equal(nextLink(form), next, form);
  assert.equal(nextLink(['<https://h/x?page=1>; rel="first"', `<${next}>; rel="next"`]), next);
  assert.equal(nextLink('<https://h/x?a=1,2&b=;rel="next">; rel="last"'), undefined);
  assert.equal(nextLink('<https://h/x?a=1,2;3&page=2>; rel="next"'), 'https://h/x?a=1,2;3&page=2');
  // Of a parameter that comes twice the first one counts.
  assert.equal(nextLink(`<${next}>; rel="next"; rel="last"`), next);
  assert.equal(nextLink(`<${next}>; rel="last"; rel="next"`), undefined);
  assert.equal(nextLink(undefined), undefined);
  for (const none of ['', '<>; rel="next"', `<${next}>`, `${next}; rel="next"`, `<${next}>; rel="nextish"`]) {
    assert.equal(nextLink(none), undefined, none);
  }
});

test('no header makes the reading fail, and what was written is read back (C-103)', () => {
  fc.assert(fc.property(fc.string({ maxLength: 400 }), header => void nextLink(header)));
  const part = fc.constantFrom('<', '>', ';', ',', '"', '\\', '=', ' ', 'rel', 'next', 'https://h/x', '\t');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 200 }), parts => {
      for (const { target } of parseLinks(parts.join(''))) assert.doesNotMatch(target, /[<>]/);
    }),
  );
  const links = fc.array(
    fc.record({
      target: fc.stringMatching(/^https:\/\/h\/[a-z0-9,;=?&" ]{0,20}[a-z]$/),
      rel: fc.constantFrom('next', 'prev', 'last', 'first'),
    }),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(links, given => {
      const header = given.map(({ target, rel }) => `<${target}>; rel="${rel}"`).join(', ');
      assert.equal(nextLink(header), given.find(({ rel }) => rel === 'next')?.target);
    }),
  );
});

test('a host behind a proxy names itself by an inner address; what is asked is its own (C-103)', () => {
  const page = new URL('https://git.example.com/gitlab/api/v4/projects/7/merge_requests?per_page=100');
  const api = 'https://git.example.com/gitlab/api/v4';
  const listing = 'https://git.example.com/gitlab/api/v4/projects/7/merge_requests?page=2';
  const links = {
    'http://gitlab.internal:8080/gitlab/api/v4/projects/7/merge_requests?page=2': listing,
    'http://gitlab.internal:8080/api/v4/projects/7/merge_requests?page=2': listing,
    'http://git.example.com/gitlab/api/v4/projects/7/merge_requests?page=2': listing,
    '/gitlab/api/v4/projects/7/merge_requests?page=2': listing,
    '?page=2': listing,
    'https://git.example.com:8443/gitlab/api/v4/repositories/9/pulls?page=2':
      'https://git.example.com/gitlab/api/v4/repositories/9/pulls?page=2',
    'https://user:secret@evil.example/gitlab/api/v4/x?page=2':
      'https://git.example.com/gitlab/api/v4/x?page=2',
  };
  for (const [link, wanted] of Object.entries(links))
    assert.equal(nextPageUrl(link, page, api)?.href, wanted, link);
  assert.equal(nextPageUrl('http://[', page, api), undefined);
  fc.assert(
    fc.property(
      fc.oneof(fc.stringMatching(/^https?:\/\/[a-z@:.]{1,9}\/[a-z/?]{0,9}$/), fc.string()),
      link => {
        const next = nextPageUrl(link, page, api);
        if (next)
          assert.deepEqual([next.origin, next.username, next.password], ['https://git.example.com', '', '']);
      },
    ),
  );
});
