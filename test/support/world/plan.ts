import type { Random } from '../../../src/base/random.ts';

/** Which of the stations's ways out a trouble concerns: the server in plain HTTP, or the one behind TLS. */
export type Side = 'cloud' | 'safe';

/** What goes wrong in the world for a while. All is drawn when the plan is made, so that a seed says all of it. */
export type Trouble =
  /** Somebody else answers: a captive portal. */
  | { readonly kind: 'portal'; readonly page: 'redirect' | 'page' | 'network-login' }
  /** The portal answers for the TLS server, with a certificate of its own. */
  | { readonly kind: 'tls-portal' }
  /** A share of the connections is reset, stalls, loses its answers, is slow; chance says which. */
  | { readonly kind: 'bad-network'; readonly side: Side; readonly share: number }
  /** Answers come a byte a second. */
  | { readonly kind: 'trickle'; readonly side: Side }
  /** Connections that were kept open die unseen, again and again. */
  | { readonly kind: 'stale-connections'; readonly side: Side }
  | { readonly kind: 'refused-connections'; readonly side: Side }
  /** The server answers in error, a share of the requests or all. */
  | {
      readonly kind: 'server-errors';
      readonly side: Side;
      readonly status: number;
      readonly code: string;
      readonly share: number;
    }
  | {
      readonly kind: 'slow-down';
      readonly side: Side;
      readonly status: 429 | 503;
      readonly retryAfter: string;
    }
  /** Nothing more is taken until there is room again. */
  | {
      readonly kind: 'quota';
      readonly side: Side;
      readonly status: number;
      readonly code: string;
      readonly message: string;
    }
  /** The key is refused; in the end another one stands in the credentials file. */
  | { readonly kind: 'key'; readonly side: Side; readonly status: number; readonly code: string }
  /** Calls for files fail with this number, a share of them. */
  | {
      readonly kind: 'errno';
      readonly at: 'target' | 'spool' | 'folder';
      readonly errno: number;
      readonly share: number;
    }
  | { readonly kind: 'clock'; readonly byMs: number }
  | { readonly kind: 'full-disk'; readonly of: 'bytes' | 'inodes' }
  /** SIGKILL after this share of the episode, and a new start after that. */
  | { readonly kind: 'kill'; readonly after: number; readonly downMs: number }
  /** The same with a stop. */
  | { readonly kind: 'restart'; readonly after: number }
  /** Something else takes the name under which files wait; `isUndone`: they get it back. */
  | {
      readonly kind: 'swap';
      readonly for: 'folder-link' | 'file-link' | 'pipe';
      readonly in: 'spool' | 'exports';
      readonly isUndone: boolean;
    }
  /** A folder with files is renamed while they wait. */
  | { readonly kind: 'rename' }
  /** Files are given anew under their names. */
  | { readonly kind: 'replace'; readonly files: number };

export interface Episode {
  readonly troubles: readonly Trouble[];
  readonly lastsMs: number;
  /** Files that arrive while it lasts. */
  readonly files: number;
  readonly calmMs: number;
  /** Files that arrive after it. */
  readonly calmFiles: number;
}

export interface PlanOptions {
  readonly files: number;
  readonly episodes: number;
  /** Of an episode. */
  readonly longestMs: number;
  /** Whether the spool lies on a disk that can be filled. */
  readonly canFill: boolean;
}

type Draw = (random: Random) => Trouble;

function one<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

const side = (random: Random): Side => one(random, ['cloud', 'safe']);

const QUOTAS = [
  [403, 'QuotaExceeded', 'The quota is exceeded'],
  [400, 'XMinioAdminBucketQuotaExceeded', 'Bucket quota exceeded'],
  [507, 'XMinioStorageFull', 'Storage backend has reached its minimum free drive threshold'],
  [403, 'StorageCapExceeded', 'Cannot upload files, storage cap exceeded'],
] as const;

const SERVER_ERRORS = [
  [500, 'InternalError'],
  [502, 'BadGateway'],
  [503, 'ServiceUnavailable'],
  [503, 'SlowDown'],
  [500, 'OperationAborted'],
  [418, 'SomethingNewHappened'],
] as const;

const KEY_REFUSALS = [
  [400, 'ExpiredToken'],
  [400, 'TokenRefreshRequired'],
  [403, 'InvalidAccessKeyId'],
  [403, 'SignatureDoesNotMatch'],
  [403, 'AccessDenied'],
  [403, 'InvalidToken'],
] as const;

/** ESTALE, EIO, ENOTCONN, EDQUOT, EMFILE, ENFILE, ENOLCK, EUCLEAN, EROFS, ENODEV, EHOSTDOWN, EREMOTEIO, ENOMEM. */
const ERRNOS = [116, 5, 107, 122, 24, 23, 37, 117, 30, 19, 112, 121, 12] as const;

const HOUR_MS = 3_600_000;

const DRAWS: Readonly<Record<Trouble['kind'], Draw>> = {
  portal: random => ({ kind: 'portal', page: one(random, ['redirect', 'page', 'network-login']) }),
  'tls-portal': () => ({ kind: 'tls-portal' }),
  'bad-network': random => ({ kind: 'bad-network', side: side(random), share: 0.4 + random() * 0.5 }),
  trickle: random => ({ kind: 'trickle', side: side(random) }),
  'stale-connections': random => ({ kind: 'stale-connections', side: side(random) }),
  'refused-connections': random => ({ kind: 'refused-connections', side: side(random) }),
  'server-errors': random => {
    const [status, code] = one(random, SERVER_ERRORS);
    return { kind: 'server-errors', side: side(random), status, code, share: random() < 0.5 ? 1 : random() };
  },
  'slow-down': random => ({
    kind: 'slow-down',
    side: side(random),
    status: one(random, [429, 503]),
    retryAfter: one(random, ['1', '2']),
  }),
  quota: random => {
    const [status, code, message] = one(random, QUOTAS);
    return { kind: 'quota', side: side(random), status, code, message };
  },
  key: random => {
    const [status, code] = one(random, KEY_REFUSALS);
    return { kind: 'key', side: side(random), status, code };
  },
  errno: random => ({
    kind: 'errno',
    at: one(random, ['target', 'spool', 'folder']),
    errno: one(random, ERRNOS),
    share: random() < 0.5 ? 1 : random(),
  }),
  clock: random => ({ kind: 'clock', byMs: Math.round((random() < 0.8 ? -1 : 1) * HOUR_MS * 48 * random()) }),
  'full-disk': random => ({ kind: 'full-disk', of: one(random, ['bytes', 'inodes']) }),
  kill: random => ({ kind: 'kill', after: random(), downMs: Math.floor(random() * 500) }),
  restart: random => ({ kind: 'restart', after: random() }),
  swap: random => ({
    kind: 'swap',
    for: one(random, ['folder-link', 'file-link', 'pipe']),
    in: one(random, ['spool', 'spool', 'exports']),
    isUndone: random() < 0.5,
  }),
  rename: () => ({ kind: 'rename' }),
  replace: random => ({ kind: 'replace', files: 1 + Math.floor(random() * 20) }),
};

/** Kinds that lie in wait for files that wait, and say little when nothing else is wrong. */
const AMONG_WAITING: ReadonlySet<Trouble['kind']> = new Set(['swap', 'rename', 'replace', 'kill', 'restart']);

/**
 * What happens, from a seed's randomness alone. Each kind of trouble comes once before any comes twice, two or three at
 * a time.
 */
export function planWorld(random: Random, options: PlanOptions): readonly Episode[] {
  const kinds = (Object.keys(DRAWS) as Trouble['kind'][]).filter(
    kind => kind !== 'full-disk' || options.canFill,
  );
  let deck: Trouble['kind'][] = [];
  const next = (fits: (kind: Trouble['kind']) => boolean): Trouble | undefined => {
    if (deck.length === 0) deck = shuffled(random, kinds);
    const at = deck.findIndex(fits);
    if (at < 0) return undefined;
    const [kind] = deck.splice(at, 1) as [Trouble['kind']];
    return DRAWS[kind](random);
  };
  const perEpisode = options.files / options.episodes;
  return Array.from({ length: options.episodes }, () => {
    const troubles: Trouble[] = [];
    const count = random() < 0.3 ? 3 : 2;
    for (let index = 0; index < count; index += 1) {
      const trouble = next(kind => !troubles.some(there => there.kind === kind));
      if (trouble) troubles.push(trouble);
    }
    if (troubles.every(({ kind }) => AMONG_WAITING.has(kind))) {
      const trouble = next(kind => !AMONG_WAITING.has(kind));
      if (trouble) troubles.push(trouble);
    }
    const calmFiles = Math.floor(perEpisode * 0.3 * random());
    return {
      troubles,
      lastsMs: Math.round(options.longestMs * (0.3 + 0.7 * random())),
      files: Math.max(1, Math.round(perEpisode) - calmFiles),
      calmMs: Math.round(random() < 0.4 ? 0 : random() * 1500),
      calmFiles,
    };
  });
}

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const left = [...items];
  const drawn: T[] = [];
  while (left.length > 0) drawn.push(...left.splice(Math.floor(random() * left.length), 1));
  return drawn;
}

/** One line for a log: the seed's own words. */
export function describeTrouble({ kind, ...rest }: Trouble): string {
  const words = Object.entries(rest).map(([name, value]) =>
    typeof value === 'number' && !Number.isInteger(value)
      ? `${name} ${value.toFixed(2)}`
      : `${name} ${value}`,
  );
  return [kind, ...words].join(' ');
}
