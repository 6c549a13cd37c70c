import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { runHere } from '../cli/run-here.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const UNIT = read('packaging/sluice.service');
const DOCKERFILE = read('packaging/Dockerfile');

test('the systemd unit starts a station with options that there are, ready and watched (S-508)', async () => {
  const { stdout } = await runHere(['up', '--help']);
  const start = /^ExecStart=.*$/m.exec(UNIT)?.[0] ?? '';
  for (const [option] of start.matchAll(/--[a-z-]+/g))
    assert.match(stdout, new RegExp(`${option}\\b`), option);
  for (const line of [
    'Type=notify',
    'User=sluice',
    'StateDirectory=sluice',
    'ProtectSystem=strict',
    'NoNewPrivileges=true',
  ])
    assert.ok(UNIT.split('\n').includes(line), line);
  assert.match(UNIT, /^WatchdogSec=\d+s$/m);
});

test('systemd-analyze finds nothing wrong with the unit, where there is one (S-508)', () => {
  const { error, status, stderr } = spawnSync(
    'systemd-analyze',
    ['verify', join(ROOT, 'packaging/sluice.service')],
    {
      encoding: 'utf8',
    },
  );
  if (error) assert.equal((error as NodeJS.ErrnoException).code, 'ENOENT');
  else assert.deepEqual([status, stderr], [0, '']);
});

test('the image runs on a Node that the package takes, as nobody special, and says how it is (S-508)', () => {
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
  const oldest = Number(/\d+/.exec(engines.node)?.[0]);
  const stages = [...DOCKERFILE.matchAll(/^FROM node:(\d+)-bookworm-slim/gm)].map(([, major]) =>
    Number(major),
  );
  assert.equal(stages.length, 3);
  for (const major of stages) assert.ok(major >= oldest, `${major}`);
  assert.match(DOCKERFILE, /^USER 10001:10001$/m);
  assert.match(DOCKERFILE, /^HEALTHCHECK [\s\S]*\/healthz/m);
});

test('compose.yaml builds that image, keeps its data, and takes no more rights than it needs (S-508)', () => {
  const { services, volumes } = parse(read('packaging/compose.yaml')) as {
    services: Record<string, Record<string, unknown>>;
    volumes: Record<string, unknown>;
  };
  const { sluice } = services;
  assert.deepEqual(sluice?.build, { context: '..', dockerfile: 'packaging/Dockerfile' });
  assert.deepEqual([sluice?.read_only, sluice?.cap_drop], [true, ['ALL']]);
  assert.deepEqual(sluice?.volumes, ['data:/data']);
  assert.ok('data' in volumes);
  assert.deepEqual(sluice?.ports, ['127.0.0.1:8750:8750']);
});
