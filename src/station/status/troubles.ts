import { CATALOGUE, type ErrorCode } from '../../base/errors.ts';
import type { CollectorStatus } from '../../gather/capture/collectors/status.ts';
import { type HostHold, holdReason } from '../../gather/changesets/hosts/host-health.ts';
import type { UnseenAtHost } from '../../gather/changesets/hosts/unseen-board.ts';
import type { FileTrouble } from '../../keep/local/journal.ts';
import type { Questions, StoreTrouble } from '../../keep/store/questions.ts';

/** Things that are stuck for the same reason. */
export interface Trouble {
  readonly kind: 'delivery' | 'repository' | 'changeset' | 'code host' | 'collector';
  /** Of deliveries: `failed` or `processing`; of repositories their state. */
  readonly stage: string | null;
  /** From the error catalogue, where the reason has a code. */
  readonly code: string | null;
  readonly count: number;
  /** One of them, in words. */
  readonly example: string;
  /** What to do about it. */
  readonly hint: string | null;
  /** ISO 8601. */
  readonly lastAt: string | null;
  /** It is tried again by itself. */
  readonly isWaiting: boolean;
}

export interface TroubleSources {
  readonly questions: Pick<Questions, 'troubledRepositories' | 'failingChangesets'>;
  readonly deliveries: { troubles(): readonly FileTrouble[] };
  readonly changesets: { holds(): readonly HostHold[]; unseen(): readonly UnseenAtHost[] };
  readonly captures: { status(): Promise<{ readonly collectors: readonly CollectorStatus[] }> };
}

/**
 * What is stuck now, grouped by its cause, most first: those that a person must see to before those that are tried
 * again. Throws `database_*`.
 */
export async function findTroubles(sources: TroubleSources): Promise<Trouble[]> {
  const { questions, deliveries, changesets, captures } = sources;
  const [repositories, failing, { collectors }] = await Promise.all([
    questions.troubledRepositories(),
    questions.failingChangesets(),
    captures.status(),
  ]);
  const troubles = [
    ...deliveries.troubles().map(fromFiles),
    ...repositories.map(trouble => fromStore('repository', trouble)),
    ...failing.map(trouble => fromStore('changeset', trouble)),
    ...changesets.holds().map(fromHold),
    ...changesets.unseen().map(fromUnseen),
    ...collectors.flatMap(fromCollector),
  ];
  return troubles.sort((one, two) => Number(one.isWaiting) - Number(two.isWaiting) || two.count - one.count);
}

function fromFiles({ state, errorCode, count, example, lastUpdated }: FileTrouble): Trouble {
  return {
    kind: 'delivery',
    stage: state,
    code: errorCode,
    count,
    example,
    hint: remedyOf(errorCode),
    lastAt: lastUpdated,
    isWaiting: state === 'processing',
  };
}

function fromStore(kind: Trouble['kind'], trouble: StoreTrouble): Trouble {
  const { stage, code, count, example, lastAtMs } = trouble;
  const hint = code === null ? null : remedyOf(code);
  const lastAt = lastAtMs === null ? null : new Date(lastAtMs).toISOString();
  return { kind, stage, code, count, example, hint, lastAt, isWaiting: true };
}

function remedyOf(code: string): string | null {
  return code in CATALOGUE ? CATALOGUE[code as ErrorCode].remedy : null;
}

function fromHold(hold: HostHold): Trouble {
  const { host, hint } = hold;
  const example = `${host}: ${holdReason(hold)}`;
  return {
    kind: 'code host',
    stage: hold.kind,
    code: null,
    count: 1,
    example,
    hint,
    lastAt: null,
    isWaiting: false,
  };
}

/** What of a host's answers cannot be read; the rest goes on. */
function fromUnseen({ host, part, code, count, example, message, hint, sinceMs }: UnseenAtHost): Trouble {
  return {
    kind: 'code host',
    stage: 'not seen',
    code,
    count,
    example: `${host}: ${part} of ${example} not seen: ${message}`,
    hint,
    lastAt: new Date(sinceMs).toISOString(),
    isWaiting: true,
  };
}

/** A collector whose last try was an error. */
function fromCollector({ name, disabled, lastError, lastReadingAtMs }: CollectorStatus): Trouble[] {
  if (disabled || lastError === null || lastError.atMs < (lastReadingAtMs ?? 0)) return [];
  const lastAt = new Date(lastError.atMs).toISOString();
  const example = `${name}: ${lastError.message}`;
  return [
    { kind: 'collector', stage: null, code: null, count: 1, example, hint: null, lastAt, isWaiting: true },
  ];
}
