import { CATALOGUE, type ErrorCode } from '../../base/errors.ts';
import type { HoldStatus } from '../../deliver/queue/hold-status.ts';
import type { CollectorStatus } from '../../gather/capture/collectors/status.ts';
import { type HostHold, holdReason } from '../../gather/changesets/hosts/host-health.ts';
import type { UnseenAtHost } from '../../gather/changesets/hosts/unseen-at-hosts.ts';
import type { HostRefusal } from '../../gather/changesets/service.ts';
import type { FileTrouble } from '../../keep/local/journal.ts';
import type { Questions, StoreTrouble } from '../../keep/store/questions.ts';
import type { StoreOutage } from '../../keep/store/store.ts';
import { refusalReason } from './changeset-figures.ts';

/** Things that are stuck for the same reason. */
export interface Trouble {
  readonly kind: 'place' | 'delivery' | 'repository' | 'changeset' | 'code host' | 'collector';
  /** Of places: endpoint, profile, bucket, disk or store; of deliveries: `failed` or `processing`; of repositories their state. */
  readonly stage: string | null;
  /** The place, code host or collector, where it is one. */
  readonly subject: string | null;
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
  readonly deliveries: { troubles(): readonly FileTrouble[]; holds(): readonly HoldStatus[] };
  readonly changesets: {
    holds(): readonly HostHold[];
    refusals(): readonly HostRefusal[];
    unseen(): readonly UnseenAtHost[];
  };
  storeOutage(): StoreOutage | undefined;
  /** What the store answers; undefined while it is not to be had. */
  askStore<T>(ask: () => Promise<T>): Promise<T | undefined>;
  readonly captures: { status(): Promise<{ readonly collectors: readonly CollectorStatus[] }> };
}

/**
 * What is stuck now, grouped by its cause, most first: those that a person must see to before those that are tried
 * again. Throws `database_*`.
 */
export async function findTroubles(sources: TroubleSources): Promise<Trouble[]> {
  const { questions, deliveries, changesets, captures } = sources;
  const [repositories = [], failing = [], { collectors }] = await Promise.all([
    sources.askStore(() => questions.troubledRepositories()),
    sources.askStore(() => questions.failingChangesets()),
    captures.status(),
  ]);
  const outage = sources.storeOutage();
  const troubles = [
    ...(outage ? [fromOutage(outage)] : []),
    ...deliveries.holds().map(fromPlace),
    ...deliveries.troubles().map(fromFiles),
    ...repositories.map(trouble => fromStore('repository', trouble)),
    ...failing.map(trouble => fromStore('changeset', trouble)),
    ...changesets.holds().map(fromHold),
    ...changesets
      .refusals()
      .filter(each => each.others > 0)
      .map(fromRefusal),
    ...changesets.unseen().map(fromUnseen),
    ...collectors.flatMap(fromCollector),
    ...fromDisk(collectors),
  ];
  return troubles.sort((one, two) => Number(one.isWaiting) - Number(two.isWaiting) || two.count - one.count);
}

function fromOutage({ sinceMs, error: { code, message, hint } }: StoreOutage): Trouble {
  const lastAt = new Date(sinceMs).toISOString();
  const found = { code, count: 1, example: message, hint, lastAt, isWaiting: true };
  return { kind: 'place', stage: 'store', subject: null, ...found };
}

/** An endpoint comes back by itself; whatever else is held mostly needs a person. */
function fromPlace({ kind, place, sinceMs, code, message, hint, files }: HoldStatus): Trouble {
  const lastAt = sinceMs === null ? null : new Date(sinceMs).toISOString();
  const example = message.includes(place) ? message : `${place}: ${message}`;
  const isWaiting = kind === 'endpoint';
  return { kind: 'place', stage: kind, subject: place, code, count: files, example, hint, lastAt, isWaiting };
}

function fromFiles({ state, errorCode, count, example, lastUpdated }: FileTrouble): Trouble {
  return {
    kind: 'delivery',
    stage: state,
    subject: null,
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
  return { kind, stage, subject: null, code, count, example, hint, lastAt, isWaiting: true };
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
    subject: host,
    code: null,
    count: 1,
    example,
    hint,
    lastAt: null,
    isWaiting: false,
  };
}

/** A token among several; where none is left, the host is on hold. */
function fromRefusal(refusal: HostRefusal): Trouble {
  const { host, credentials } = refusal;
  return {
    kind: 'code host',
    stage: 'token refused',
    subject: host,
    code: 'token_refused',
    count: credentials.length,
    example: `${host} ${refusalReason(refusal)}`,
    hint: remedyOf('token_refused'),
    lastAt: null,
    isWaiting: false,
  };
}

/** What of a host's answers cannot be read; the rest goes on. */
function fromUnseen({ host, part, code, count, example, message, hint, sinceMs }: UnseenAtHost): Trouble {
  return {
    kind: 'code host',
    stage: 'not seen',
    subject: host,
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
    {
      kind: 'collector',
      stage: null,
      subject: name,
      code: null,
      count: 1,
      example,
      hint: null,
      lastAt,
      isWaiting: true,
    },
  ];
}

/** Collectors whose readings the disk does not take, by the reason. */
function fromDisk(collectors: readonly CollectorStatus[]): Trouble[] {
  const byCode = Map.groupBy(
    collectors.filter(({ writeError }) => writeError !== null),
    ({ writeError }) => writeError?.code ?? 'disk_failed',
  );
  return [...byCode].map(([code, refused]) => {
    const [{ name, writeError } = { name: '', writeError: null }] = refused;
    const readings = refused.reduce((sum, { unwritten }) => sum + unwritten, 0);
    const lost = refused.reduce((sum, one) => sum + one.lost, 0);
    const counts = `${readings} readings wait in memory, ${lost} are lost`;
    return {
      kind: 'collector',
      stage: 'disk',
      subject: null,
      code,
      count: refused.length,
      example: `${name}: ${writeError?.message ?? ''}; ${counts}`,
      hint: remedyOf(code),
      lastAt: writeError && new Date(writeError.atMs).toISOString(),
      isWaiting: true,
    };
  });
}
