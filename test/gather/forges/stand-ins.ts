import type { TestContext } from 'node:test';
import { type CallBudget, unlimitedBudget } from '../../../src/engine/call-budgets/call-budget.ts';
import { FORGES, type ForgeKind, forgeDefinition } from '../../../src/gather/forges/definitions.ts';
import type { Forge, ForgeSettings } from '../../../src/gather/forges/forge.ts';
import { GiteaForge } from '../../../src/gather/forges/gitea/gitea.ts';
import { GithubForge } from '../../../src/gather/forges/github/github.ts';
import { GitlabForge } from '../../../src/gather/forges/gitlab/gitlab.ts';
import { startGitea } from '../../support/forge/gitea.ts';
import { startGithub } from '../../support/forge/github.ts';
import { startGitlab } from '../../support/forge/gitlab.ts';
import type { ForgeStandIn } from '../../support/forge/server.ts';

export const KINDS: readonly ForgeKind[] = FORGES.map(({ kind }) => kind);

const CLASSES = { github: GithubForge, gitlab: GitlabForge, gitea: GiteaForge };
const STARTS = { github: startGithub, gitlab: startGitlab, gitea: startGitea };

export interface ForgeAndHost {
  readonly forge: Forge;
  readonly standIn: ForgeStandIn;
}

/** A stand-in of a kind that wants the token "good", and a forge before it; both end with the test. */
export async function openForge(
  t: TestContext,
  kind: ForgeKind,
  options: { readonly budget?: CallBudget } & Partial<ForgeSettings> = {},
): Promise<ForgeAndHost> {
  const standIn = await STARTS[kind](t, { tokens: ['good'] });
  const { budget = unlimitedBudget, ...settings } = options;
  const forge = new CLASSES[kind](
    {
      kind,
      host: standIn.host,
      baseUrl: standIn.origin,
      apiUrl: forgeDefinition(kind).apiUrlOf(options.baseUrl ?? standIn.origin),
      credentials: [{ kind: 'token', id: 'token-1', identity: 'token-1', token: 'good' }],
      webhookSecret: undefined,
      timeoutMs: 5000,
      ...settings,
    },
    { budget },
    forgeDefinition(kind).batchSize,
  );
  t.after(() => forge.close());
  return { forge, standIn };
}
