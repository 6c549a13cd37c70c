import { type ForgeDefinition, sizeInKib } from '../forge-definition.ts';

/** Gitea and Forgejo, hosted or one's own. */
export const giteaDefinition: ForgeDefinition<'gitea'> = {
  kind: 'gitea',
  alsoFor: ['Forgejo'],
  knownHosts: ['gitea.com', 'codeberg.org'],
  defaultHost: undefined,
  hasNestedOwners: false,
  ownerExample: 'name',
  pageExample: 'pulls/7',
  // Each costs calls of its own, so that larger batches only take longer.
  batchSize: 10,
  apiUrlOf: baseUrl => `${baseUrl}/api/v1`,
  /** docs.gitea.com, "Configuration cheat sheet", NO_REPLY_ADDRESS: `noreply.` and the host unless set otherwise. */
  loginOf: email => /^(?:\d+\+)?([^+@]+)@noreply\.[^@]+$/.exec(email)?.[1],
  // docs.gitea.com, "Get a repository".
  sizeQuestion: repository => ({ path: `/repos/${repository}`, scheme: 'token', bytesIn: sizeInKib }),
  async load() {
    const [{ GiteaForge }, { giteaWebhooks }] = await Promise.all([
      import('./gitea.ts'),
      import('./webhooks.ts'),
    ]);
    return {
      open: (settings, dependencies) => new GiteaForge(settings, dependencies),
      webhooks: giteaWebhooks,
    };
  },
};
