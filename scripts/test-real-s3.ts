/**
 * `npm run test:s3`: the bucket suite and delivery against a real S3 server. Takes the first that is there or can be
 * had: versitygw or MinIO (PATH, cache, `go install`), Ceph radosgw (Debian), SeaweedFS (PATH, cache,
 * `go build`). `--server NAME` insists on one, `--every`
 * takes all that can be had, one after the other. With
 * SLUICE_S3_ENDPOINT, SLUICE_S3_KEY and SLUICE_S3_SECRET set it uses that server instead. Ends with 0 when the suite
 * passed, 1 when it failed, 2 when no server could be had; never takes longer than 20 minutes a server.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { minio } from './real-s3/minio.ts';
import { radosgw } from './real-s3/radosgw.ts';
import { seaweedfs } from './real-s3/seaweedfs.ts';
import type { RealServer, RealServerKind } from './real-s3/server.ts';
import { versitygw } from './real-s3/versitygw.ts';

const INSTALL_BUDGET_MS = 9 * 60_000;
const SUITE_BUDGET_MS = 6 * 60_000;
const KINDS: readonly RealServerKind[] = [versitygw, minio, radosgw, seaweedfs];
const SUITES = ['bucket-real', 'delivery-real', 'destination-real', 'cold-real'].map(name =>
  resolve(import.meta.dirname, `../test/real-s3/${name}.ts`),
);

interface Obtained {
  readonly kind: RealServerKind;
  readonly path: string;
}

/** Servers of the kinds wanted, as they are had; where one is enough, the first alone is looked for. */
async function* obtain(kinds: readonly RealServerKind[]): AsyncGenerator<Obtained> {
  for (const kind of kinds) {
    const found = await kind.obtain(INSTALL_BUDGET_MS);
    if ('path' in found) yield { kind, path: found.path };
    else console.error(`real-s3: ${kind.name}: ${found.why}`);
  }
}

async function runOn({ kind, path }: Obtained): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-real-s3-'));
  try {
    const server = await kind.start(path, folder);
    try {
      return await runSuite(server);
    } finally {
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Exit code of the suites run against a server. */
async function runSuite(server: RealServer): Promise<number> {
  console.error(`real-s3: testing against ${server.name} at ${server.endpoint}`);
  const child = spawn(process.execPath, ['--test', ...SUITES], {
    stdio: 'inherit',
    timeout: SUITE_BUDGET_MS,
    env: {
      ...process.env,
      SLUICE_S3_ENDPOINT: server.endpoint,
      SLUICE_S3_REGION: server.region,
      SLUICE_S3_KEY: server.accessKeyId,
      SLUICE_S3_SECRET: server.secretAccessKey,
      SLUICE_S3_NAME: server.name,
      SLUICE_S3_NESTS_KEYS: String(server.nestsKeys),
      SLUICE_S3_KEEPS_CHECKSUMS: String(server.keepsChecksums),
      SLUICE_S3_LISTS_REPLACED_PARTS: String(server.listsReplacedParts ?? false),
      SLUICE_S3_LISTS_UPLOADS_BY_KEY: String(server.listsUploadsByKey ?? false),
      SLUICE_S3_TAKES_CUSTOMER_KEYS: String(server.takesCustomerKeys ?? false),
      ...(server.caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: server.caFile }),
      SLUICE_S3_MAX_SEGMENT: String(server.maxSegmentBytes),
    },
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (signal !== null)
    console.error(`real-s3: the suite was ended by ${signal} (limit ${SUITE_BUDGET_MS / 1000} s)`);
  console.error(`real-s3: ${code === 0 ? 'passed' : 'FAILED'} against ${server.name}`);
  return code === 0 ? 0 : 1;
}

function givenServer(): RealServer | undefined {
  const { SLUICE_S3_ENDPOINT: endpoint, SLUICE_S3_KEY: key, SLUICE_S3_SECRET: secret } = process.env;
  if (endpoint === undefined) return undefined;
  if (key === undefined || secret === undefined) {
    throw new Error('SLUICE_S3_ENDPOINT needs SLUICE_S3_KEY and SLUICE_S3_SECRET beside it');
  }
  return {
    name: `the server at ${endpoint}`,
    endpoint,
    region: process.env.SLUICE_S3_REGION ?? 'us-east-1',
    accessKeyId: key,
    secretAccessKey: secret,
    nestsKeys: false,
    maxSegmentBytes: 255,
    keepsChecksums: process.env.SLUICE_S3_KEEPS_CHECKSUMS !== 'false',
    stop: async () => undefined,
  };
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { server: { type: 'string' }, every: { type: 'boolean' } } });
  const given = givenServer();
  if (given !== undefined) return runSuite(given);
  const codes: number[] = [];
  const kinds = KINDS.filter(({ name }) => values.server === undefined || name === values.server);
  for await (const found of obtain(kinds)) {
    codes.push(await runOn(found));
    if (!values.every) break;
  }
  if (codes.length > 0) return Math.max(...codes);
  console.error(
    'real-s3: no S3 server could be had. Install Go, or put versitygw or minio on the PATH, or set SLUICE_S3_ENDPOINT.',
  );
  return 2;
}

process.exitCode = await main();
