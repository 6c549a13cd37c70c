import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { FolderSettings } from '../../src/deliver/settings.ts';
import type { ObjectStore } from '../../src/keep/buckets/bucket.ts';
import { openStore, type Rig, startDelivery } from '../support/delivery.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';
import { profileFor } from '../support/s3-profile.ts';
import { startS3Server } from '../support/s3-server/server.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const MIB = 2 ** 20;
const OLD = new Date(Date.now() - 3_600_000);

/** The store, with something done once after it has all of a file and before it is said to have it. */
function changing(store: ObjectStore, change: () => void, sent: () => void): ObjectStore {
  let isChanged = false;
  return new Proxy(store, {
    get(target, property) {
      const value = Reflect.get(target, property, target) as unknown;
      if (typeof value !== 'function') return value;
      if (property !== 'putObject' && property !== 'completeUpload') return value.bind(target);
      return async (...args: unknown[]) => {
        const result = (await value.apply(target, args)) as unknown;
        sent();
        if (!isChanged) change();
        isChanged = true;
        return result;
      };
    },
  });
}

/** What becomes of the file's place, and what is to arrive at last, of `old`. */
const CHANGES: Readonly<Record<string, (path: string, old: Buffer) => Buffer>> = {
  'appended to': (path, old) => {
    appendFileSync(path, 'more');
    return Buffer.concat([old, Buffer.from('more')]);
  },
  truncated: (path, old) => {
    truncateSync(path, 5);
    return old.subarray(0, 5);
  },
  replaced: (path, old) => {
    const fresh = Buffer.alloc(old.length, 'n');
    writeFileSync(`${path}.new`, fresh);
    renameSync(`${path}.new`, path);
    return fresh;
  },
  'rewritten with its time put back': (path, old) => {
    const fresh = Buffer.alloc(old.length, 'w');
    writeFileSync(path, fresh);
    utimesSync(path, OLD, OLD);
    return fresh;
  },
  'given other rights': (path, old) => {
    chmodSync(path, 0o600);
    return old;
  },
};

const sizes = { whole: 100, streamed: 3 * MIB, 'in parts': 6 * MIB } as const;

async function rigFor(
  t: TestContext,
  way: keyof typeof sizes,
  change: (path: string) => void,
  after?: FolderSettings['after'],
) {
  const server = await startS3Server();
  t.after(() => server.stop());
  const place: { path?: string } = {};
  let sent = 0;
  const data = join(await tempDirectory(t), 'data');
  mkdirSync(data);
  const [profile, bucket] = way === 'streamed' ? ['local', 'outbox'] : ['cloud', 'bucket'];
  const folder = { path: data, profile, bucket, prefix: '', settleMs: 0, after: after ?? 'keep' } as const;
  const rig = await startDelivery(t, {
    ...(way === 'streamed' ? {} : { profiles: [profileFor(server, { name: 'cloud' })] }),
    settings: {
      folders: after === undefined ? [] : [folder],
      partsAboveBytes: way === 'streamed' ? MIB : 5.5 * MIB,
      partBytes: 5 * MIB,
      retry: { ...DELIVERY_RETRY, firstMs: 20, factor: 1, jitter: 0 },
    },
    openStore: one =>
      changing(
        openStore(one),
        () => change(place.path ?? ''),
        () => {
          sent += 1;
        },
      ),
  });
  place.path = after === undefined ? join(rig.root, 'processing', profile, bucket, 'a') : join(data, 'a');
  const content = Buffer.alloc(sizes[way], 'o');
  const arrival = after === undefined ? join(rig.root, 'incoming', profile, bucket) : data;
  mkdirSync(arrival, { recursive: true });
  const source = join(arrival, '..', '.a');
  writeFileSync(source, content);
  utimesSync(source, OLD, OLD);
  renameSync(source, join(arrival, 'a'));
  const stored = async (): Promise<Buffer> =>
    way === 'streamed' ? readFileSync(join(rig.target, 'outbox/a')) : server.read('bucket', 'a');
  return {
    rig,
    content,
    stored,
    sent: () => sent,
    path: place.path,
    completed: `completed/${profile}/${bucket}/a`,
  };
}

const ended = (rig: Rig) => rig.until('a', ({ state }) => state === 'completed');

for (const way of ['whole', 'streamed', 'in parts'] as const)
  test(`what comes into a file's place after its last byte was read is sent before it counts as delivered (${way}) (D-660)`, async t => {
    await Promise.all(
      Object.entries(CHANGES).map(async ([name, change]) => {
        let wanted: Buffer = Buffer.alloc(0);
        const at = await rigFor(t, way, path => {
          wanted = change(path, Buffer.alloc(sizes[way], 'o'));
        });
        const { errorCode } = await ended(at.rig);
        assert.ok(wanted.equals(at.rig.read(at.completed)), `${name}: completed`);
        assert.ok(wanted.equals(await at.stored()), `${name}: stored`);
        assert.deepEqual([at.sent(), errorCode], [wanted.equals(at.content) ? 1 : 2, null], name);
      }),
    );
  });

for (const after of ['delete', 'completed'] as const)
  test(`a folder's file that was rewritten after its last byte was read is not taken away unsent (after: ${after}) (D-660)`, async t => {
    let wanted: Buffer | undefined;
    const at = await rigFor(
      t,
      'whole',
      path => {
        wanted = CHANGES['rewritten with its time put back']?.(path, Buffer.alloc(100));
      },
      after,
    );
    await ended(at.rig);
    assert.ok(wanted?.equals(await at.stored()));
    assert.equal(existsSync(at.path), false);
  });
