import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow } from './delivery.ts';
import { rows } from './sluice.ts';

export const STEP_PROFILE = 'local';
/** Extra folders, by what becomes of their files. */
export const STEP_FOLDERS = ['keep', 'delete', 'completed'] as const;

const IN_SPOOL = { small: 'a small one', denied: 'refused', large: 'x'.repeat(3 * 2 ** 20 + 5) };
/** Files altogether. */
export const STEP_FILES = Object.keys(IN_SPOOL).length + STEP_FOLDERS.length;
/** A run that takes longer is stuck. */
const PATIENCE_MS = 30_000;
/** A file, or a part of one: `key#1`. */
const PUTS = /^before (?:putObject|uploadPart) (\S+)$/;

/** What one kill led to. */
export interface StepOutcome {
  /** Steps of an undisturbed run. */
  readonly steps: number;
  /** Kills that were made, each at another step. */
  readonly kills: number;
  /** Files, or parts of them, that were sent once more, as a kill between sending and recording explains. */
  readonly sentAgain: number;
}

/**
 * Kills delivery at each of its steps in turn, starts it again, and sees that every file ended where it belongs, has one
 * record that says so, and was sent again only where no record could say that it had been sent.
 * @param base a folder for everything; the caller removes it
 * @param every which steps are taken: 1 all of them, 2 every other one
 */
export function killAtEachStep(
  base: string,
  every: number,
  tell: (line: string) => void = () => undefined,
): StepOutcome {
  const steps = runOnce(join(base, 'undisturbed'), 0).length;
  let kills = 0;
  let sentAgain = 0;
  for (let at = 1; at <= steps; at += every) {
    const folder = join(base, String(at));
    const before = runOnce(folder, at);
    const last = before.at(-1);
    // Timers may have it go another way, with fewer steps.
    if (before.length < at) break;
    kills += 1;
    const known = onRecordAsSent(folder);
    const after = runOnce(folder, 0, true).slice(before.length);
    const again = putsIn(after).filter(key => putsIn(before).includes(key));
    tell(`killed ${at} of ${steps}, ${last}: sent again ${again.join(', ') || 'nothing'}`);
    check(folder, `killed at step ${at}, ${last}`);
    assert.deepEqual(
      again.filter(put => known.has(put.replace(/#.*/, ''))),
      [],
      `killed at step ${at}, ${last}: on record as sent, and sent again`,
    );
    sentAgain += again.length;
    rmSync(folder, { recursive: true });
  }
  return { steps, kills, sentAgain };
}

/** @returns all steps so far, of the runs before as well */
function runOnce(base: string, killAt: number, isAgain = false): string[] {
  if (!isAgain) giveFiles(base);
  const script = join(import.meta.dirname, 'delivery-steps-process.ts');
  const { status, signal, stderr } = spawnSync(process.execPath, [script, base, String(killAt)], {
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  });
  const isKilled = killAt > 0 && signal === 'SIGKILL';
  assert.ok(
    isKilled || status === 0,
    `step ${killAt}: it ended with ${signal ?? status}: ${stderr}\n${state(base)}`,
  );
  return readFileSync(join(base, 'steps'), 'utf8').trimEnd().split('\n');
}

function giveFiles(base: string): void {
  const incoming = join(base, `station/incoming/${STEP_PROFILE}/bucket`);
  for (const folder of [
    incoming,
    join(base, 'store/bucket'),
    ...STEP_FOLDERS.map(after => join(base, after)),
  ])
    mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(IN_SPOOL)) writeFileSync(join(incoming, name), content);
  for (const after of STEP_FOLDERS) writeFileSync(join(base, after, 'file'), `of ${after}`);
}

function putsIn(steps: readonly string[]): string[] {
  return steps.flatMap(step => PUTS.exec(step)?.[1] ?? []).filter(key => key !== 'denied');
}

/** Keys of files of which the journal said, at the kill, that they were sent. */
function onRecordAsSent(base: string): ReadonlySet<string> {
  const database = join(base, 'sluice.db');
  if (!existsSync(database)) return new Set();
  const isThere = rows(database, "SELECT 1 AS n FROM sqlite_schema WHERE name = 'file_records'").length > 0;
  const sent = isThere
    ? rows(
        database,
        "SELECT coalesce(object_key, filepath) AS key FROM file_records WHERE sent_at_ms IS NOT NULL OR current_state = 'completed'",
      )
    : [];
  return new Set(sent.map(({ key }) => String(key)));
}

function check(base: string, when: string): void {
  const expected: Record<string, string> = { small: IN_SPOOL.small, large: IN_SPOOL.large };
  for (const after of STEP_FOLDERS) expected[`${after}/file`] = `of ${after}`;
  const store = join(base, 'store/bucket');
  const objects = filesBelow(store).filter(name => !name.startsWith('.'));
  assert.deepEqual(objects.sort(), Object.keys(expected).sort(), `${when}: objects`);
  for (const [name, content] of Object.entries(expected))
    assert.ok(readFileSync(join(store, name), 'utf8') === content, `${when}: ${name} is whole`);
  const station = join(base, 'station');
  const areas = ['incoming_tmp', 'incoming', 'processing', 'completed', 'failed'];
  const lying = areas.flatMap(area => filesBelow(join(station, area)).map(name => `${area}/${name}`));
  const at = (area: string, name: string): string => `${area}/${STEP_PROFILE}/bucket/${name}`;
  const where = [
    at('completed', 'file'),
    at('completed', 'large'),
    at('completed', 'small'),
    at('failed', 'denied'),
  ];
  assert.deepEqual(lying.sort(), where.sort(), `${when}: files`);
  assert.deepEqual(
    STEP_FOLDERS.map(after => existsSync(join(base, after, 'file'))),
    [true, false, false],
    when,
  );
  const records = rows(
    join(base, 'sluice.db'),
    'SELECT coalesce(object_key, filepath) AS key, current_state AS state, upload_outcome AS outcome FROM file_records ORDER BY key',
  );
  const ended = Object.keys(expected).map(key => ({ key, state: 'completed', outcome: 'success' }));
  const all = [...ended, { key: 'denied', state: 'failed', outcome: 'failure' }];
  assert.deepEqual(
    records.map(row => ({ ...row })),
    all.sort((a, b) => (a.key < b.key ? -1 : 1)),
    `${when}: records`,
  );
}

function state(base: string): string {
  const database = join(base, 'sluice.db');
  return existsSync(database) ? JSON.stringify(rows(database, 'SELECT * FROM file_records')) : 'no database';
}
