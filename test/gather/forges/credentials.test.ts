import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ErrorCode, SluiceError } from '../../../src/base/errors.ts';
import { type CallBudget, unlimitedBudget } from '../../../src/engine/call-budgets/call-budget.ts';
import type { ForgeKind } from '../../../src/gather/forges/definitions.ts';
import { resultsOf } from '../../suites/forge-suite.ts';
import type { Fault } from '../../support/forge/server.ts';
import { KINDS, openForge } from './stand-ins.ts';

const token = (name: string) => ({ kind: 'token' as const, id: name, identity: name, token: name });

/** Takes the first of the credentials that are left; those named are denied with that code. */
function budgetWithout(denied: Readonly<Record<string, ErrorCode>>): CallBudget {
  return {
    ...unlimitedBudget,
    async take({ credentials }) {
      const [first = ''] = credentials.filter(each => denied[each] === undefined);
      if (first !== '') return first;
      const code = denied[credentials[0] ?? ''] ?? 'internal';
      throw new SluiceError(code, `no ${credentials.join()}`, { retryAfterMs: 60_000 });
    },
  };
}

/** What becomes of one changeset that the host does or does not have, where it tells "blind" of nothing. */
async function outcomeFor(
  t: TestContext,
  kind: ForgeKind,
  setup: { isThere: boolean; second?: Fault; denied?: Readonly<Record<string, ErrorCode>> },
) {
  const budget = budgetWithout(setup.denied ?? {});
  const { forge, standIn } = await openForge(t, kind, {
    budget,
    credentials: [token('blind'), token('good')],
  });
  const repository = standIn.model.addRepository('acme/app');
  const changeset = standIn.model.addChangeset(repository);
  if (!setup.isThere) standIn.model.remove(changeset);
  standIn.faults.push((request, response) => {
    const isBlind = Object.values(request.headers).some(value => /\bblind$/.test(String(value)));
    if (!isBlind) return setup.second?.(request, response);
    const notFound = { type: 'NOT_FOUND', path: ['r0'], message: 'Could not resolve to a Repository' };
    if (kind === 'github') return { json: { data: { r0: null }, errors: [notFound] } };
    return { status: 404, json: { message: 'Not Found' } };
  });
  const [[, result] = []] = await resultsOf(forge, [{ host: forge.host, repository: 'acme/app', number: 1 }]);
  assert.ok(result);
  return result;
}

for (const kind of KINDS) {
  test(`${kind}: nothing there is believed once no token sees it (C-140, C-631)`, async t => {
    const refuses: Fault = () => ({ status: 401, json: { message: 'Bad credentials' } });
    const table = [
      ['the other sees it', { isThere: true }, 'found'],
      ['neither sees it', { isThere: false }, 'missing'],
      ['the other is refused', { isThere: false, second: refuses }, 'missing'],
      ['the other was refused before', { isThere: true, denied: { good: 'token_refused' } }, 'missing'],
      ['the other has to wait', { isThere: true, denied: { good: 'rate_limited' } }, 'failed'],
    ] as const;
    for (const [what, setup, outcome] of table) {
      const result = await outcomeFor(t, kind, setup);
      assert.equal(result.outcome, outcome, what);
      // The one that sees the repository speaks for it; the blind one alone tells nothing of the changeset.
      if (result.outcome === 'missing')
        assert.equal(result.isRepositorySeen, what === 'neither sees it', what);
      if (result.outcome !== 'failed') continue;
      assert.deepEqual([result.error.code, result.error.holds], ['rate_limited', 'profile'], what);
    }
  });
}
