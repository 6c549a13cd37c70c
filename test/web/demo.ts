import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import type { ErrorCode } from '../../src/base/errors.ts';
import { type Random, seededRandom } from '../../src/base/random.ts';
import type { FileState, Journal } from '../../src/keep/local/journal.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { startGithub } from '../support/forge/github.ts';
import type { ForgeStandIn } from '../support/forge/server.ts';
import { TestRepository } from '../support/git-repositories.ts';
import { type RunningStation, standingPlace, startStation } from '../support/sluice.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const PEOPLE = [
  ['Ada Lovelace', 'ada@example.org', 20],
  ['Ada L.', 'ada@home.example', 6],
  ['Grace Hopper', 'grace@example.org', 14],
  ['Mary Shaw', 'mary@example.org', 9],
  ['Linus T.', 'linus@example.org', 7],
  ['renovate[bot]', 'bot@renovate.example', 8],
  ['Edsger D.', 'edsger@example.org', 3],
  ['Barbara L.', 'barbara@example.org', 2],
] as const;
const FILES = [
  'src/pump.c',
  'src/valve.c',
  'src/main.c',
  'docs/guide.md',
  'src/sensors/heat.c',
  'Makefile',
  'test/pump.c',
];

/** Each as often as they commit. */
const AUTHORS = PEOPLE.flatMap(one => Array.from({ length: one[2] }, () => one));

/** Text that would do harm as markup. */
export const HOSTILE =
  '<img src=x onerror="document.title=\'taken\'"><script>document.title="taken"</script>';

/**
 * A station with something of everything: the same each time, apart from the times.
 * @param folders where it stands and where its repositories come from; temporary ones unless given
 */
export async function demoStation(
  t: TestContext,
  folders: { readonly cwd: string; readonly origins: string } = {
    cwd: standingPlace(t),
    origins: standingPlace(t),
  },
): Promise<RunningStation & { readonly standIn: ForgeStandIn }> {
  const { cwd, origins } = folders;
  const random = seededRandom(7);
  const names = ['firmware', 'dashboard', 'field-notes'];
  const paths = names.map((name, at) => grow(join(origins, `${name}.git`), 900 - at * 330, random));
  const standIn = await startGithub(t, { tokens: ['good'] });
  addChangesets(standIn, random);
  writeFileSync(join(cwd, 'heat'), '41500\n');
  await seedDeliveries(cwd, 60);
  const station = await startStation(t, {
    cwd,
    yaml: `
repos:
  - {url: ${paths[0]}, churn: true}
  - ${paths[1]}
  - ${paths[2]}
  - ${join(origins, 'gone-away.git')}
cache: {neverEvict: [${paths[0]}]}
hosts:
  "${standIn.host}": {kind: github, baseUrl: "${standIn.origin}", token: good, maxCallsPerHour: 900}
changesets:
  follow: [{repository: "${standIn.origin}/acme/firmware"}]
capture:
  station: robot-7
  collectors:
    - {name: heat, every: 200ms, file: heat, to: s3://local/outbox/readings, tags: [lab]}
    - {name: load, every: 2s, exec: [cat, /proc/loadavg], format: text, to: s3://local/outbox/readings}
    - {name: valve, every: 5s, file: not-there, to: s3://local/outbox/readings}
sync: {interval: 10s}
`,
  });
  const urls = standIn.model.changesets.map(
    ({ repository, number }) => `${standIn.origin}/${repository.path}/pull/${number}`,
  );
  await station.ask('/api/v1/changesets', { urls });
  return { ...station, standIn };
}

/**
 * A history of two years up to a day ago, busier on weekdays; the last day is left out so that what is asleep is asleep
 * at any hour that this runs at. @returns its path
 */
function grow(path: string, commits: number, random: Random): string {
  const repository = new TestRepository(path);
  const script: string[] = [];
  const startMs = Date.now() - 700 * DAY_MS;
  for (let at = 0; at < commits; at += 1) {
    const ms = startMs + ((at + random()) / commits) ** 0.8 * 699 * DAY_MS;
    const when = new Date(ms);
    when.setUTCHours(8 + Math.floor((random() + random()) * 6));
    // Hardly anybody works at weekends, and some weeks are quiet.
    const isQuiet = [0, 6].includes(when.getUTCDay()) || Math.sin(when.getTime() / (9 * DAY_MS)) > 0.6;
    // Drawn at any rate, so that what follows is the same on any day.
    const moves = random() < 0.75;
    if (isQuiet && moves) when.setTime(when.getTime() - 2 * DAY_MS);
    if (when.getTime() > Date.now() - DAY_MS) when.setTime(ms);
    const [name, email] = AUTHORS[Math.floor(random() * AUTHORS.length)] ?? PEOPLE[0];
    const who = `${name} <${email}> ${Math.floor(when.getTime() / 1000)} +0100`;
    const file = FILES[Math.floor(random() ** 2 * FILES.length)] ?? '';
    const text = `${'line\n'.repeat(1 + (at % 40))}${at}\n`;
    script.push('commit refs/heads/main', `author ${who}`, `committer ${who}`, 'data 6', 'change');
    script.push(`M 100644 inline ${file}`, `data ${text.length}`, text);
  }
  repository.fastImport(`${script.join('\n')}\n`);
  return path;
}

const TITLES = [
  'Close the valve before the pump starts',
  'Read the heat sensor twice',
  'Bump the toolchain',
  'Draw the week as a punch card',
  // An open one: what is merged leaves the schedule after a while.
  HOSTILE,
  'Drop the old protocol',
];

function addChangesets({ model }: ForgeStandIn, random: Random): void {
  for (const path of ['acme/firmware', 'acme/dashboard']) {
    const repository = model.addRepository(path);
    for (let at = 0; at < 24; at += 1) {
      const createdAtMs = Date.now() - (1 + random() ** 2 * 90) * DAY_MS;
      const updatedAtMs = createdAtMs + random() ** 2 * (Date.now() - createdAtMs);
      const state = at % 3 === 2 ? 'merged' : 'open';
      const changeset = model.addChangeset(repository, {
        ...{ title: TITLES[at % TITLES.length] ?? '', author: at % 2 ? 'grace' : 'ada', state },
        ...{ createdAtMs, updatedAtMs, draft: at % 7 === 3, labels: at % 5 ? [] : ['bug'] },
        ...(state === 'merged' ? { closedAtMs: updatedAtMs } : {}),
        check: at % 4 === 1 ? 'failure' : 'success',
      });
      if (at % 2 === 0) {
        const review = at % 4 ? 'APPROVED' : 'CHANGES_REQUESTED';
        model.addEvent(changeset, {
          kind: 'review',
          actor: 'mary',
          review,
          atMs: createdAtMs + (updatedAtMs - createdAtMs) / 2,
        });
      }
      changeset.updatedAtMs = updatedAtMs;
    }
  }
}

interface Kind {
  readonly state: FileState;
  readonly code?: ErrorCode;
  readonly message?: string;
}

const KINDS: readonly Kind[] = [
  { state: 'failed', code: 'access_denied', message: 'the bucket refuses to take the file: AccessDenied' },
  { state: 'failed', code: 'access_denied', message: 'the bucket refuses to take the file: AccessDenied' },
  {
    state: 'failed',
    code: 'object_too_large',
    message: 'the file is larger than the store takes: EntityTooLarge',
  },
  { state: 'processing', code: 'timed_out', message: 'lab.example did not answer for 30 s' },
];

/** Files that failed or wait for a later try, on the disk and in the journal, as a station has left them. */
export async function seedDeliveries(cwd: string, files: number): Promise<void> {
  const journal = await openLocal(join(cwd, 'sluice.db'), { clock: systemClock }).openJournal();
  const entered: Promise<unknown>[] = [];
  for (let at = 0; at < files; at += 1)
    entered.push(seedFile(cwd, journal, at, KINDS[at % KINDS.length] ?? KINDS[0]));
  await Promise.all(entered);
  await journal.close();
}

/**
 * Very many records of files, as a station has left them: numbered from 1 on, one in fifty failed, the others delivered;
 * each of another size, entered a minute after the one before. They are copies of one that the journal made, since it
 * takes one file after the other.
 */
export async function seedRecords(cwd: string, records: number): Promise<void> {
  await seedDeliveries(cwd, 1);
  rmSync(join(cwd, 'station'), { recursive: true });
  const database = new DatabaseSync(join(cwd, 'sluice.db'));
  const others = database
    .prepare('PRAGMA table_info(file_records)')
    .all()
    .map(({ name }) => String(name))
    .filter(name => name !== 'id');
  const made = others.map(name => MADE[name] ?? name);
  database.exec(`
    DELETE FROM attempts;
    CREATE TEMP TABLE model AS SELECT * FROM file_records LIMIT 1;
    DELETE FROM file_records;
    WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ${records})
    INSERT INTO file_records (id, ${others.join(', ')}) SELECT n, ${made.join(', ')} FROM model, counted;
  `);
  database.close();
}

/** Columns of `seedRecords`, of record `n`; the others are as the model's. */
const MADE: Readonly<Record<string, string>> = {
  bucket: "'bucket-' || (n % 5)",
  filepath: "printf('readings/day-%03d/scan-%06d.bin', n % 365, n)",
  current_state: "iif(n % 50 = 0, 'failed', 'completed')",
  upload_outcome: "iif(n % 50 = 0, 'failure', 'success')",
  size_bytes: '1000 + (n * 7919) % 400009',
  last_updated: "strftime('%Y-%m-%dT%H:%M:%fZ', unixepoch() - n * 60, 'unixepoch')",
  attempts: 'n % 50 = 0',
  error_code: "iif(n % 50 = 0, 'access_denied', NULL)",
  error_message: "iif(n % 50 = 0, 'the bucket refuses to take the file: AccessDenied', NULL)",
  error_answer: "iif(n % 50 = 0, 'give-up', NULL)",
  next_attempt_at_ms: 'NULL',
  inode: 'n',
  removed_at_ms: '1',
  completed_at_ms: 'iif(n % 50 = 0, NULL, unixepoch() * 1000)',
};

async function seedFile(cwd: string, journal: Journal, at: number, kind: Kind | undefined): Promise<void> {
  if (!kind) return;
  const { state, code, message } = kind;
  const filepath = `readings/2026/day-${at % 30}/scan-${String(at).padStart(4, '0')}.bin`;
  const path = join(cwd, 'station', state, 'local', 'outbox', filepath);
  mkdirSync(dirname(path), { recursive: true });
  const size = 1000 + ((at * 7919) % 400_000);
  writeFileSync(path, Buffer.alloc(size));
  const createdMs = Date.now() - (at + 1) * HOUR_MS;
  const isOver = state === 'failed';
  const record = await journal.enter({
    ...{
      profile: 'local',
      bucket: 'outbox',
      filepath,
      state,
      size,
      mtimeMs: createdMs,
      inode: at + 1,
      hold: null,
    },
    fileCreationDate: new Date(createdMs).toISOString(),
    nextAttemptAtMs: isOver ? null : Date.now() + (at + 2) * 10 * 60_000,
  });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const startedMs = createdMs + attempt * 600_000;
    const error = { errorCode: code ?? null, errorMessage: message ?? null };
    const errorAnswer = isOver ? 'give-up' : 'retry';
    await journal.recordAttempt(
      record.id,
      {
        ...{ ...error, errorAnswer, outcome: 'failure' },
        startedAt: new Date(startedMs).toISOString(),
        finishedAt: new Date(startedMs + 1200).toISOString(),
      },
      { ...error, errorAnswer, ...(isOver ? { outcome: 'failure' } : {}) },
    );
  }
}
