import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CACHE_FOLDER, onPath, type RealServer, run } from '../../scripts/real-s3/server.ts';
import { type Measured, measure } from './measure.ts';

/** A program that uploads a folder, to compare with. */
export interface Peer {
  readonly label: string;
  readonly version: string;
  upload(server: RealServer, folder: string, bucket: string, prefix: string): Promise<Measured>;
}

/** The program that was named, or the one on the PATH or in the cache of test servers. */
export async function findProgram(name: string, given: string | undefined): Promise<string | undefined> {
  if (given !== undefined) return resolve(given);
  const cached = join(CACHE_FOLDER, name);
  return (await onPath(name)) ?? (existsSync(cached) ? cached : undefined);
}

/**
 * rclone as its documentation advises for many small files: no listing of the target, no check of the bucket, and as
 * many transfers as ask for it. `verified` leaves its HEAD after each upload in place, which `--s3-no-head` takes away.
 */
export async function rclonePeer(program: string, transfers: number, verified: boolean): Promise<Peer> {
  const { stdout } = await run(program, ['version']);
  return {
    label: verified ? 'rclone, HEAD each' : 'rclone, no HEAD',
    version: stdout.split('\n')[0] ?? 'rclone',
    upload: (server, folder, bucket, prefix) => {
      const remote =
        `:s3,provider=Other,endpoint='${server.endpoint}',region=${server.region},` +
        `access_key_id=${server.accessKeyId},secret_access_key='${server.secretAccessKey}':${bucket}/${prefix}`;
      const options = ['--transfers', String(transfers), '--checkers', String(transfers), '--no-traverse'];
      const quick = verified ? [] : ['--s3-no-head'];
      const args = [
        'copy',
        folder,
        remote,
        ...options,
        '--s3-no-check-bucket',
        '--config',
        '/dev/null',
        ...quick,
      ];
      // rclone 1.60 cannot combine its transport with a CA bundle of its own; the endpoint is plain HTTP.
      return measure(program, args, { env: { ...process.env, AWS_CA_BUNDLE: '' } });
    },
  };
}

/** s5cmd as it comes, 256 workers; it sends and does not look again. */
export async function s5cmdPeer(program: string): Promise<Peer> {
  const { stdout } = await run(program, ['version']);
  return {
    label: 's5cmd, no HEAD',
    version: `s5cmd ${stdout.trim()}`,
    upload: (server, folder, bucket, prefix) =>
      measure(
        program,
        [
          '--endpoint-url',
          server.endpoint,
          '--log',
          'error',
          'cp',
          `${folder}/*`,
          `s3://${bucket}/${prefix}/`,
        ],
        {
          env: {
            ...process.env,
            AWS_ACCESS_KEY_ID: server.accessKeyId,
            AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
            AWS_REGION: server.region,
            AWS_CA_BUNDLE: '',
          },
        },
      ),
  };
}
