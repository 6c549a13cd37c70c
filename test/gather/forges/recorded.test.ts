import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import type { HttpHeaders } from '../../../src/base/http-headers.ts';
import { limitOf, refusal } from '../../../src/gather/forges/http/classify.ts';
import { rateFacts } from '../../../src/gather/forges/http/facts.ts';
import { nextLink } from '../../../src/gather/forges/http/link.ts';
import { recordingBudget, repositoriesOf } from '../../suites/forge-suite.ts';
import { openForge } from './stand-ins.ts';

/** A request to api.github.com and its answer, as @octokit/fixtures recorded it. */
interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly response: unknown;
  readonly headers: HttpHeaders;
}

const require = createRequire(import.meta.url);
const scenario = (name: string): readonly Recorded[] =>
  require(
    `@octokit/fixtures/scenarios/api.github.com/${name}/normalized-fixture.json`,
  ) as readonly Recorded[];

test('GitHub, recorded: a repository is read as GitHub describes it, a rename followed on the same host', async t => {
  const [repository] = scenario('get-repository');
  const budget = recordingBudget();
  const { forge, standIn } = await openForge(t, 'github', { credentials: [], budget });
  standIn.faults.push(({ url, origin }) => {
    if (url.pathname.startsWith('/api/v3/users/old')) {
      const location = `${origin}/api/v3/users/octokit-fixture-org/repos`;
      return { status: 301, json: { message: 'Moved Permanently', url: location }, headers: { location } };
    }
    return { json: [repository?.response] };
  });
  const [read, ...others] = await repositoriesOf(forge, 'old');
  const answer = repository?.response as Record<string, unknown>;
  assert.equal(others.length, 0);
  assert.equal(read?.path, answer.full_name);
  // The address is below the host's own pages, whatever name it gives itself.
  assert.equal(read?.url, `${standIn.origin}/${answer.full_name}`);
  assert.equal(read?.defaultBranch, answer.default_branch);
  assert.equal(read?.sizeBytes, Number(answer.size) * 1024);
  assert.equal(budget.taken, 2, 'the redirect is a call of its own');
});

test('GitHub, recorded: pages follow the Link header to the last', () => {
  const pages = scenario('paginate-issues').filter(({ path }) => path.includes('per_page'));
  const next = pages.map(({ headers }) => nextLink(headers.link));
  assert.ok(pages.length > 3);
  for (const [index, address] of next.entries()) {
    const following = pages[index + 1];
    assert.equal(address === undefined, following === undefined);
    if (following) assert.ok(address?.endsWith(following.path), `${address} leads to ${following.path}`);
  }
});

test('GitHub, recorded: limits are read, and a refusal of the request is no limit and no deletion', () => {
  const [refused] = scenario('errors');
  assert.ok(refused);
  const rate = rateFacts(refused.headers, 0, 0);
  assert.ok((rate.limit ?? 0) >= (rate.remaining ?? Number.POSITIVE_INFINITY));
  const answer = {
    host: 'github.com',
    subject: 'POST /labels',
    status: refused.status,
    headers: refused.headers,
    message: (refused.response as { message: string }).message,
    isJson: true,
    credential: 'token-1',
    rate,
    nowMs: 0,
  };
  assert.equal(limitOf(answer), undefined);
  assert.equal(refusal(answer).code, 'forge_refused');
  assert.match(refusal(answer).message, /HTTP 422\): Validation Failed/);
});
