import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { RealServer } from '../../scripts/real-s3/server.ts';
import { versitygw } from '../../scripts/real-s3/versitygw.ts';

const INSTALL_BUDGET_MS = 9 * 60_000;

/**
 * An S3 server that is not ours, for comparing clients; its data lies in memory, so that its disk is nobody's limit.
 */
export interface Gateway {
  readonly server: RealServer;
  readonly folder: string;
  createBucket(bucket: string): Promise<void>;
  /** How many objects lie below a prefix, and their bytes altogether. */
  count(bucket: string, prefix?: string): Promise<{ readonly objects: number; readonly bytes: number }>;
  stop(): Promise<void>;
}

/** Starts versitygw on /dev/shm, installed by `go install` where it is not there. Throws when it cannot be had. */
export async function startGateway(): Promise<Gateway> {
  const found = await versitygw.obtain(INSTALL_BUDGET_MS);
  if (!('path' in found)) throw new Error(`versitygw: ${found.why}`);
  const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const folder = mkdtempSync(join(memory, 'sluice-bench-s3-'));
  // Without --keep-alive it closes the connection after each answer, which no provider does.
  const server = await versitygw.start(found.path, folder, ['--keep-alive']).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials });
  return {
    server,
    folder,
    async createBucket(bucket) {
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
    },
    async count(bucket, prefix) {
      let objects = 0;
      let bytes = 0;
      for (let token: string | undefined, more = true; more; more = token !== undefined) {
        const page = await client.send(
          new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
        );
        for (const { Key: key = '', Size: size = 0 } of page.Contents ?? []) {
          if (key.endsWith('/')) continue;
          objects += 1;
          bytes += size;
        }
        token = page.NextContinuationToken;
      }
      return { objects, bytes };
    },
    async stop() {
      client.destroy();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
