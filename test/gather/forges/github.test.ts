import type { TestContext } from 'node:test';
import { type CallBudget, unlimitedBudget } from '../../../src/gather/forges/budget.ts';
import { GithubForge } from '../../../src/gather/forges/github/github.ts';
import { type ForgeHarness, forgeSuite } from '../../suites/forge-suite.ts';
import { startGithub } from '../../support/forge/github.ts';
import { modelHarness } from '../../support/forge/harness.ts';

async function open(t: TestContext, budget: CallBudget = unlimitedBudget): Promise<ForgeHarness> {
  const standIn = await startGithub(t, { tokens: ['good'] });
  const forge = new GithubForge(
    {
      kind: 'github',
      host: standIn.host,
      baseUrl: standIn.origin,
      credentials: [{ kind: 'token', id: 'token-1', token: 'good' }],
      webhookSecret: undefined,
      timeoutMs: 5000,
    },
    { budget },
  );
  t.after(() => forge.close());
  return modelHarness(forge, standIn.model, 201);
}

forgeSuite('GitHub', open);
