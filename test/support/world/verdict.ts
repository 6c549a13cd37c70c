import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { rows } from '../sluice.ts';
import {
  type Drop,
  entriesBelow,
  type Given,
  placeOf,
  placeOfRecord,
  type WorldFiles,
  waitingIn,
} from './files.ts';
import type { FarSide, Portal } from './places.ts';

/** What is looked at in the end, when the station is down. */
export interface WorldEnd {
  readonly files: WorldFiles;
  readonly sides: readonly FarSide[];
  readonly portal: Portal;
  readonly drops: readonly Drop[];
  readonly root: string;
  readonly database: string;
  readonly target: string;
  readonly log: string;
  /** What a kill explains: puts that the server had answered and the journal did not know of. */
  readonly killed: ReadonlySet<object>;
}

export interface WorldCounts {
  readonly delivered: number;
  readonly doomed: number;
  readonly superseded: number;
  /** Contents that were sent again since the answer was lost, or the process that got it. */
  readonly sentAgain: number;
}

interface StoredObject {
  readonly size: number;
  readonly sha256: string;
}

/** Everything that is wrong; empty where nothing is. */
export async function judge(
  end: WorldEnd,
): Promise<{ readonly faults: string[]; readonly counts: WorldCounts }> {
  const faults: string[] = [];
  const fault = (words: string): void => void faults.push(words);
  const stored = await storedObjects(end);
  const records = rows(end.database, 'SELECT * FROM file_records ORDER BY id');
  const delivered = checkObjects(end, stored, fault);
  checkVictims(end, fault);
  const { doomed, superseded } = checkRecords(end, records, fault);
  checkSpool(end, records, fault);
  const sentAgain = checkSends(end, fault);
  for (const { side, server } of end.sides)
    if (server.uploads('bucket').size > 0)
      fault(`${side}: ${server.uploads('bucket').size} uploads in parts are left`);
  for (const request of end.portal.betrayed)
    fault(`the portal behind a wrong certificate was sent ${request}`);
  for (const line of internalErrors(end.log)) fault(`called a fault of its own: ${line}`);
  return { faults, counts: { delivered, doomed, superseded, sentAgain } };
}

async function storedObjects({ sides, target }: WorldEnd): Promise<Map<string, StoredObject>> {
  const stored = new Map<string, StoredObject>();
  for (const { side, server } of sides)
    for (const [key, { content }] of server.objects('bucket')) {
      const digest = createHash('sha256');
      if (content.size > 0) for await (const chunk of content.read(0, content.size - 1)) digest.update(chunk);
      stored.set(placeOf({ profile: side, bucket: 'bucket' }, key), {
        size: content.size,
        sha256: digest.digest('hex'),
      });
    }
  for (const key of entriesBelow(join(target, 'bucket'))) {
    const content = readFileSync(join(target, 'bucket', key));
    const sha256 = createHash('sha256').update(content).digest('hex');
    stored.set(placeOf({ profile: 'nas', bucket: 'bucket' }, key), { size: content.length, sha256 });
  }
  return stored;
}

/** Every newest content is there, under one of the names that it had, and nothing else is. */
function checkObjects(
  { files, sides }: WorldEnd,
  stored: ReadonlyMap<string, StoredObject>,
  fault: (words: string) => void,
): number {
  const expected = new Map<string, Given>();
  for (const [place, given] of files.newest) {
    const { drop, keys, isDoomed, sha256 } = given;
    const places = keys.map(key => placeOf(drop, key));
    const there = places.filter(one => stored.has(one));
    if (isDoomed) {
      if (there.length > 0) fault(`${place} is refused by the server, and is there`);
      continue;
    }
    // Renamed where it lay in the middle of being sent, it is another file for whoever looks at the folder.
    const mayBeTwice =
      drop.prefix !== '' &&
      keys.filter(key => stored.has(placeOf(drop, key))).every(key => wasBegun(sides, given, key));
    if (there.length !== 1 && !(mayBeTwice && there.length > 1))
      fault(`${place} is there ${there.length} times of 1 (${places.join(', ')})`);
    for (const one of there) {
      expected.set(one, given);
      if (stored.get(one)?.sha256 === sha256) continue;
      const other = files.given.find(older => older.sha256 === stored.get(one)?.sha256);
      const whose = other ? `that of ${other.keys[0]}` : 'of nobody';
      fault(`${one} has another content than its newest one: ${stored.get(one)?.size} bytes, ${whose}`);
    }
  }
  for (const place of stored.keys()) if (!expected.has(place)) fault(`${place} was never given`);
  return expected.size;
}

/** From the look at a file's name to the first that the server hears of it, on a machine that does much else. */
const TAKE_MS = 2000;

/** Whether a content was begun to be sent under a name while it had it. */
function wasBegun(sides: readonly FarSide[], { drop, leftMs }: Given, key: string): boolean {
  const far = sides.find(({ side }) => side === drop.profile);
  const first = far?.server.requests.find(request => request.key === key);
  return first !== undefined && first.arrivedMs <= (leftMs.get(key) ?? Number.POSITIVE_INFINITY) + TAKE_MS;
}

function checkVictims({ files }: WorldEnd, fault: (words: string) => void): void {
  for (const [path, secret] of files.victims) {
    if (!existsSync(path)) fault(`a file of others is gone: ${path}`);
    else if (readFileSync(path, 'utf8') !== secret) fault(`a file of others has changed: ${path}`);
  }
}

type Row = Record<string, unknown>;

/** What is in `failed`: what S3 refused in its own words, and what a newer content took the place of. */
function checkRecords(
  { files }: WorldEnd,
  records: readonly Row[],
  fault: (words: string) => void,
): { doomed: number; superseded: number } {
  const doomed = new Set<string>();
  let superseded = 0;
  for (const record of records) {
    const { current_state, error_code, error_message, removed_at_ms } = record;
    const place = placeOfRecord(record);
    const words = `${place} (${current_state}, ${error_code}: ${error_message})`;
    if (current_state === 'completed') continue;
    if (current_state !== 'failed') {
      fault(`not at its end: ${words}`);
      continue;
    }
    // It had failed before a newer one came, which is judged by itself, or made way for it.
    const isOlder = records.some(one => Number(one.id) > Number(record.id) && placeOfRecord(one) === place);
    if (error_code === 'superseded' || (isOlder && removed_at_ms === null)) superseded += 1;
    else if (error_code === 'source_missing' && removed_at_ms !== null) fault(`called gone: ${words}`);
    else if (!files.newest.get(place)?.isDoomed) fault(`given up: ${words}`);
    else if (!/InvalidArgument|EntityTooLarge|InvalidRequest/.test(String(error_message)))
      fault(`given up without the server's word: ${words}`);
    else doomed.add(place);
  }
  for (const [place, { isDoomed }] of files.newest)
    if (isDoomed && !doomed.has(place)) fault(`refused by the server, and not in failed: ${place}`);
  return { doomed: doomed.size, superseded };
}

/** Journal and spool say the same. */
function checkSpool(
  { root, drops }: WorldEnd,
  records: readonly Row[],
  fault: (words: string) => void,
): void {
  for (const area of ['incoming_tmp', 'incoming', 'processing'])
    for (const path of entriesBelow(join(root, area))) fault(`left in ${area}: ${path}`);
  for (const { folder, prefix } of drops)
    if (prefix !== '') for (const path of waitingIn(folder)) fault(`left in the folder of exports: ${path}`);
  for (const area of ['completed', 'failed']) {
    const there = new Set(entriesBelow(join(root, area)));
    for (const {
      current_state,
      source,
      removed_at_ms,
      profile,
      bucket,
      filepath,
      location,
      size_bytes,
    } of records) {
      if (current_state !== area || source !== null || removed_at_ms !== null) continue;
      const path = `${profile}/${bucket}/${location ?? filepath}`;
      if (!there.delete(path)) fault(`on record in ${area}, and not there: ${path}`);
      else if (statSync(join(root, area, path)).size !== size_bytes)
        fault(`of another size in ${area}: ${path}`);
    }
    for (const path of there) fault(`in ${area}, and not on record: ${path}`);
  }
}

/** No content was put twice but where the answer to the first time was lost. @returns how often it was */
function checkSends({ sides, killed }: WorldEnd, fault: (words: string) => void): number {
  let again = 0;
  for (const { side, server, mayBeUnanswered } of sides) {
    const sends = new Map<string, number[]>();
    for (const [index, { key, stored }] of server.requests.entries()) {
      if (stored === undefined) continue;
      const content = `${key} ${stored}`;
      sends.set(content, [...(sends.get(content) ?? []), index]);
    }
    for (const [content, indexes] of sends) {
      again += indexes.length - 1;
      const unexplained = indexes
        .slice(0, -1)
        .filter(index => !mayBeUnanswered(index) && !killed.has(server.requests[index] as object));
      if (unexplained.length > 0)
        fault(
          `${side}: ${content} was stored ${indexes.length} times, ${unexplained.length} of them for nothing`,
        );
    }
  }
  return again;
}

function internalErrors(log: string): string[] {
  const lines = readFileSync(log, 'utf8').split('\n');
  return lines.filter(line => /"code":"internal"|unhandled|uncaught/i.test(line)).slice(0, 5);
}

/** Puts that were answered, of which a journal says nothing: what a kill at this moment explains. */
export function unknownPuts(sides: readonly FarSide[], database: string): object[] {
  const known = new Set<string>();
  if (existsSync(database)) {
    const hasRecords =
      rows(database, "SELECT name FROM sqlite_schema WHERE name = 'file_records'").length > 0;
    if (hasRecords)
      for (const { profile, bucket, filepath, object_key, etag } of rows(
        database,
        "SELECT * FROM file_records WHERE sent_at_ms IS NOT NULL OR current_state = 'completed'",
      ))
        known.add(`${profile}/${bucket}/${object_key ?? filepath} ${bare(etag)}`);
  }
  return sides.flatMap(({ side, server }) =>
    server.requests.filter(
      ({ key, stored }) => stored !== undefined && !known.has(`${side}/bucket/${key} ${bare(stored)}`),
    ),
  );
}

function bare(etag: unknown): string {
  return String(etag).replaceAll('"', '');
}

export function assertFaultless(faults: readonly string[]): void {
  assert.deepEqual(faults.slice(0, 40), [], `${faults.length} faults`);
}
