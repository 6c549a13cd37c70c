import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type RunningStation, standingPlace, startStation, until } from '../support/sluice.ts';

const YAML = `
repos: []
hosts: {git.example: {kind: github, baseUrl: https://git.example, webhookSecret: correct-horse}}
`;

interface Fault {
  readonly kind: string;
  readonly cause: string;
  readonly hint: string | null;
  readonly sinceAt: string | null;
}

/** What the station says is wrong with itself, once it is so much: an answer may be some milliseconds old. */
function faults(station: RunningStation, many: number): Promise<readonly Fault[]> {
  return until(`${many} faults are told`, async () => {
    const { body } = await station.ask('/api/v1/stuck');
    const { stuck } = body as unknown as { readonly stuck: readonly Fault[] };
    const shown = stuck.filter(({ kind }) => kind === 'station');
    return shown.length === many && shown;
  });
}

test('a configuration that is not taken over, and webhooks that are refused, are stuck until they are right (W-53)', async t => {
  const cwd = standingPlace(t);
  const station = await startStation(t, { cwd, yaml: YAML });
  await faults(station, 0);

  writeFileSync(join(cwd, 'sluice.yaml'), `${YAML}sync: {interval: soon}\n`);
  const [refused] = await faults(station, 1);
  assert.match(refused?.cause ?? '', /^the configuration is not taken over, the old one goes on: /);
  assert.ok(refused?.hint && refused.sinceAt);
  writeFileSync(join(cwd, 'sluice.yaml'), YAML);
  await faults(station, 0);

  const body = '{}';
  const send = async (secret: string, headers: Record<string, string>): Promise<number> => {
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    const response = await fetch(`${station.url}/webhooks/github`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature, ...headers },
    });
    await response.arrayBuffer();
    return response.status;
  };
  const ping = { 'x-github-event': 'ping', 'x-github-delivery': '1' };
  // Somebody who tries addresses is no code host.
  assert.equal(await send('guess', {}), 401);
  assert.equal(await send('wrong', ping), 401);
  const [webhooks, ...others] = await faults(station, 1);
  assert.deepEqual(others, []);
  assert.match(webhooks?.cause ?? '', /^webhooks of github are refused: /);
  assert.equal(await send('correct-horse', ping), 202);
  await faults(station, 0);
});
