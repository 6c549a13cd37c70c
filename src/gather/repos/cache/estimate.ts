import type { HttpCredentials } from '../git/credentials.ts';
import type { RepositoryUrl } from '../url.ts';

/** How long a host may take to tell a size; without it the clone is watched all the same. */
const ASK_TIMEOUT_MS = 3000;
/** Commits alone take about an eighth of a repository (measured: 37 of 315 MB for git.git). */
const LEAN_SHARE = 1 / 8;
const KIB = 1024;

interface SizeQuestion {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytesIn: (answer: unknown) => unknown;
}

export interface EstimateOptions {
  readonly credentials: HttpCredentials | undefined;
  readonly lean: boolean;
  readonly signal: AbortSignal;
  /** For tests. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * What a clone will take, as far as the host tells it (P5): GitHub, GitLab.com, Codeberg and Gitea.com. Undefined where it
 * does not, cannot be asked, or answers nonsense; never throws but for `signal`.
 */
export async function estimateFromHost(
  address: RepositoryUrl,
  { credentials, lean, signal, fetch = globalThis.fetch }: EstimateOptions,
): Promise<number | undefined> {
  const question = questionFor(address, credentials?.token);
  if (!question) return undefined;
  try {
    const answer = await fetch(question.url, {
      headers: { accept: 'application/json', 'user-agent': 'sluice', ...question.headers },
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]),
    });
    const bytes = answer.ok ? question.bytesIn(await answer.json()) : undefined;
    if (!answer.ok) await answer.body?.cancel();
    if (typeof bytes !== 'number' || !Number.isFinite(bytes) || bytes <= 0) return undefined;
    return Math.round(lean ? bytes * LEAN_SHARE : bytes);
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** Only hosts of which it is known what stands behind them: nothing else is asked anything (S3). */
function questionFor(
  { url, host, scheme }: RepositoryUrl,
  token: string | undefined,
): SizeQuestion | undefined {
  if (scheme !== 'https' && scheme !== 'ssh') return undefined;
  const path = /^[a-z]+:\/\/[^/]+\/(.+)$/.exec(url)?.[1];
  if (path === undefined) return undefined;
  const authorization = (kind: string): Record<string, string> =>
    token === undefined ? {} : { authorization: `${kind} ${token}` };
  const kib = (answer: unknown): unknown => {
    const { size } = answer as { size?: unknown };
    return typeof size === 'number' ? size * KIB : undefined;
  };
  switch (host) {
    case 'github.com':
      // docs.github.com, "Get a repository": size is in KiB.
      return { url: `https://api.github.com/repos/${path}`, headers: authorization('Bearer'), bytesIn: kib };
    case 'gitlab.com':
      // docs.gitlab.com, "Projects API": statistics are for members.
      return {
        url: `https://gitlab.com/api/v4/projects/${encodeURIComponent(path)}?statistics=true`,
        headers: authorization('Bearer'),
        bytesIn: answer =>
          (answer as { statistics?: { repository_size?: unknown } }).statistics?.repository_size,
      };
    case 'codeberg.org':
    case 'gitea.com':
      return { url: `https://${host}/api/v1/repos/${path}`, headers: authorization('token'), bytesIn: kib };
    default:
      return undefined;
  }
}
