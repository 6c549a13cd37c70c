import { type ForgeDefinition, sizeInKib } from '../forge-definition.ts';

/**
 * As many changesets as GraphQL answers in one request well within its ten seconds; fewer are asked for where it does
 * not.
 */
const BATCH_SIZE = 50;

/** GitHub: github.com, GitHub Enterprise Cloud and Server. */
export const githubDefinition: ForgeDefinition<'github'> = {
  kind: 'github',
  alsoFor: [],
  knownHosts: ['github.com'],
  defaultHost: 'github.com',
  hasNestedOwners: false,
  ownerExample: 'name',
  pageExample: 'pull/7',
  batchSize: BATCH_SIZE,
  /** A host of its own on github.com and *.ghe.com, a folder on GitHub Enterprise Server. */
  apiUrlOf(baseUrl) {
    const { origin, hostname, protocol } = new URL(baseUrl);
    if (hostname === 'github.com') return 'https://api.github.com';
    return hostname.endsWith('.ghe.com') ? `${protocol}//api.${hostname}` : `${origin}/api/v3`;
  },
  /** docs.github.com, "Email addresses reference": with the id before it since 2017; Enterprise Server has its own name. */
  loginOf: email =>
    (/^(?:\d+\+)?([^+@]+)@users\.noreply\.github\.com$/.exec(email) ??
      /^\d+\+([^+@]+)@users\.noreply\.[^@]+$/.exec(email))?.[1],
  // docs.github.com, "Get a repository".
  sizeQuestion: repository => ({ path: `/repos/${repository}`, scheme: 'Bearer', bytesIn: sizeInKib }),
  async appToken(app, at) {
    const { installationTokens } = await import('./installation-tokens.ts');
    return installationTokens.tokenOf(app, at);
  },
  async load() {
    const [{ GithubForge }, { githubWebhooks }] = await Promise.all([
      import('./github.ts'),
      import('./webhooks.ts'),
    ]);
    return {
      open: (settings, dependencies) => new GithubForge(settings, dependencies, BATCH_SIZE),
      webhooks: githubWebhooks,
    };
  },
};
