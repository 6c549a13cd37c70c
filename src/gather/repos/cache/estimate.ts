import { apiUrlOf } from '../../forges/api-url.ts';
import type { ForgeKind } from '../../forges/forge.ts';
import type { RepositoryUrl } from '../address/url.ts';

/** How long a host may take to tell a size; without it the clone is watched all the same. */
const ASK_TIMEOUT_MS = 3000;
/** Commits alone take about an eighth of a repository (measured: 37 of 315 MB for git.git). */
const LEAN_SHARE = 1 / 8;
const KIB = 1024;

/** The code host that a repository is on, where the configuration says what answers there or everybody knows. */
export interface SizeHost {
  readonly kind: ForgeKind;
  /** Address of its pages, without a slash at the end. */
  readonly baseUrl: string;
  readonly token: string | undefined;
}

interface SizeQuestion {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytesIn: (answer: unknown) => unknown;
}

export interface EstimateOptions {
  /** Only hosts of which it is known what stands behind them are asked anything (S3). */
  readonly host: SizeHost | undefined;
  readonly lean: boolean;
  readonly signal: AbortSignal;
  /** For tests. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * What a clone will take, as far as the host tells it (P5): GitHub, GitLab, Gitea and Forgejo, hosted or one's own.
 * Undefined where it does not, cannot be asked, or answers nonsense; never throws but for `signal`.
 */
export async function estimateFromHost(
  address: RepositoryUrl,
  { host, lean, signal, fetch = globalThis.fetch }: EstimateOptions,
): Promise<number | undefined> {
  const question = host && questionFor(address, host);
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

function questionFor(address: RepositoryUrl, { kind, baseUrl, token }: SizeHost): SizeQuestion | undefined {
  const path = pathBelow(address, baseUrl);
  if (path === undefined) return undefined;
  const apiUrl = apiUrlOf(kind, baseUrl);
  const authorization = (scheme: string): Record<string, string> =>
    token === undefined ? {} : { authorization: `${scheme} ${token}` };
  switch (kind) {
    case 'github':
      // docs.github.com, "Get a repository": size is in KiB.
      return { url: `${apiUrl}/repos/${path}`, headers: authorization('Bearer'), bytesIn: sizeInKib };
    case 'gitlab':
      // docs.gitlab.com, "Projects API": statistics are for members.
      return {
        url: `${apiUrl}/projects/${encodeURIComponent(path)}?statistics=true`,
        headers: authorization('Bearer'),
        bytesIn: answer =>
          (answer as { statistics?: { repository_size?: unknown } }).statistics?.repository_size,
      };
    case 'gitea':
      // docs.gitea.com, "Get a repository": size is in KiB.
      return { url: `${apiUrl}/repos/${path}`, headers: authorization('token'), bytesIn: sizeInKib };
  }
}

function sizeInKib(answer: unknown): unknown {
  const { size } = answer as { size?: unknown };
  return typeof size === 'number' ? size * KIB : undefined;
}

/** `owner/name`. Undefined for what is not below the host's pages, and for plain HTTP where those are not. */
function pathBelow({ url, scheme }: RepositoryUrl, baseUrl: string): string | undefined {
  const path = /^[a-z]+:\/\/[^/]+\/(.+)$/.exec(url)?.[1];
  if (scheme === 'ssh') return path;
  const { protocol, pathname } = new URL(baseUrl);
  if (`${scheme}:` !== protocol || path === undefined) return undefined;
  const folder = pathname.replace(/^\/|\/$/g, '');
  if (folder === '') return path;
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : undefined;
}
