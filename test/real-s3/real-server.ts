import assert from 'node:assert/strict';

export function setting(name: string, fallback?: string): string {
  const value = process.env[name] ?? fallback;
  assert.ok(value !== undefined, `${name} is not set; use npm run test:s3`);
  return value;
}

/** The server that scripts/test-real-s3.ts has started. */
export function realServer() {
  const endpoint = setting('SLUICE_S3_ENDPOINT');
  return {
    endpoint,
    name: setting('SLUICE_S3_NAME', endpoint),
    region: setting('SLUICE_S3_REGION', 'us-east-1'),
    credential: { accessKeyId: setting('SLUICE_S3_KEY'), secretAccessKey: setting('SLUICE_S3_SECRET') },
  };
}
