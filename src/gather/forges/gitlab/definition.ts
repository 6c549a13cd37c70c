import type { ForgeDefinition } from '../forge-definition.ts';

/** GitLab: gitlab.com and one's own. */
export const gitlabDefinition: ForgeDefinition<'gitlab'> = {
  kind: 'gitlab',
  alsoFor: [],
  knownHosts: ['gitlab.com'],
  defaultHost: 'gitlab.com',
  hasNestedOwners: true,
  ownerExample: 'group',
  pageExample: '-/merge_requests/7',
  // Each costs calls of its own, so that larger batches only take longer.
  batchSize: 10,
  apiUrlOf: baseUrl => `${baseUrl}/api/v4`,
  /** docs.gitlab.com, "Use an automatically-generated private commit email": of any host, but for the one that has no `-`. */
  loginOf: email => /^\d+-([^+@]+)@users\.noreply\.(?!github\.com$)[^@]+$/.exec(email)?.[1],
  // docs.gitlab.com, "Projects API": statistics are for members.
  sizeQuestion: repository => ({
    path: `/projects/${encodeURIComponent(repository)}?statistics=true`,
    scheme: 'Bearer',
    bytesIn: answer => (answer as { statistics?: { repository_size?: unknown } }).statistics?.repository_size,
  }),
  async load() {
    const [{ GitlabForge }, { gitlabWebhooks }] = await Promise.all([
      import('./gitlab.ts'),
      import('./webhooks.ts'),
    ]);
    return {
      open: (settings, dependencies) => new GitlabForge(settings, dependencies),
      webhooks: gitlabWebhooks,
    };
  },
};
