import { SluiceError } from '../../../base/errors.ts';
import { forgeDefinition } from '../../forges/definitions.ts';
import type { RepositoryUrl } from '../address/url.ts';
import type { SizeHost } from '../bake/job.ts';

/** How long a host may take to say a size; without it the clone is watched all the same. */
const ASK_TIMEOUT_MS = 3000;
/** More than any description of a repository has. */
const MAX_ANSWER_BYTES = 2 ** 20;
/** Commits alone take about an eighth of a repository (measured: 37 of 315 MB for git.git). */
const LEAN_SHARE = 1 / 8;

/** Whom to ask, and for what kind of clone. */
export interface EstimateOptions {
  /** Only hosts of which it is known what stands behind them are asked anything. */
  readonly host: SizeHost | undefined;
  readonly lean: boolean;
  readonly signal: AbortSignal;
  /** For tests. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * What a clone will take, as far as the host says. Undefined where it does not, cannot be asked, or answers nonsense;
 * never throws but for `signal`.
 */
export async function estimateFromHost(
  address: RepositoryUrl,
  { host, lean, signal, fetch = globalThis.fetch }: EstimateOptions,
): Promise<number | undefined> {
  const repository = host && pathBelow(address, host.baseUrl);
  if (!host || repository === undefined) return undefined;
  const question = forgeDefinition(host.kind).sizeQuestion(repository);
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'sluice' };
  if (host.token !== undefined) headers.authorization = `${question.scheme} ${host.token}`;
  try {
    const answer = await fetch(host.apiUrl + question.path, {
      headers,
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]),
    });
    const bytes = answer.ok ? question.bytesIn(await readShortJson(answer)) : undefined;
    if (!answer.ok) await answer.body?.cancel();
    if (typeof bytes !== 'number' || !Number.isFinite(bytes) || bytes <= 0) return undefined;
    return Math.round(lean ? bytes * LEAN_SHARE : bytes);
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** Rejects where it is longer than such an answer ever is; the rest is not read then. */
async function readShortJson(answer: Response): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES)
      throw new SluiceError('answer_too_large', 'the answer about a size is endless');
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
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
