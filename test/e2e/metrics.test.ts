import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { deliveryPlace, isCompleted } from '../support/delivery-station.ts';
import { until } from '../support/sluice.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const RULES = join(EXAMPLES, 'prometheus/sluice.rules.yml');

/** Expressions of the alert rules and of the dashboard. */
function expressions(): string[] {
  const { groups } = parse(readFileSync(RULES, 'utf8')) as { groups: { rules: { expr: string }[] }[] };
  const { panels } = JSON.parse(readFileSync(join(EXAMPLES, 'grafana/sluice.json'), 'utf8')) as {
    panels: { targets: { expr: string }[] }[];
  };
  return [...groups.flatMap(({ rules }) => rules), ...panels.flatMap(({ targets }) => targets)].map(
    ({ expr }) => expr,
  );
}

/** Metrics that they name, with the labels that they select by. */
function named(): Map<string, Set<string>> {
  const metrics = new Map<string, Set<string>>();
  for (const expression of expressions())
    for (const [, name = '', selector = ''] of expression.matchAll(
      /\b((?:sluice|nodejs|process)_[a-z0-9_]+)(?:\{([^}]*)\})?/g,
    )) {
      const labels = [...selector.matchAll(/([a-z_]+)(?:=~|=)/g)].map(([, label = '']) => label);
      metrics.set(name, new Set([...(metrics.get(name) ?? []), ...labels]));
    }
  return metrics;
}

/** What only a station with followed changesets has. */
const OF_CODE_HOSTS = ['sluice_host_up', 'sluice_api_calls_total', 'sluice_api_budget_remaining'];
/** What only a bake leaves. */
const OF_SYNCS = ['sluice_syncs_total', 'sluice_sync_duration_seconds_bucket'];

test('every metric that dashboard and alert rules name is one of a station, with its labels (S-510)', async t => {
  const place = await deliveryPlace(t);
  place.server.faults.add({
    kind: 'error',
    operation: 'PutObject',
    key: 'bad',
    status: 403,
    code: 'AccessDenied',
  });
  const station = await place.up(
    'sync: {interval: 500ms}\ncache: {maxSize: 1GiB}\ncapture:\n  collectors: [{name: load, every: 200ms, file: /proc/loadavg, to: s3://store/bucket/load}]\n',
  );
  place.write('station/incoming/store/nowhere/waits', 'for its bucket');
  place.drop('good', 'good');
  place.drop('bad', 'bad');
  await isCompleted(place, 1);
  await until('one has failed', () => place.records("current_state = 'failed'").length === 1);
  const text = await (await fetch(`${station.url}/metrics`)).text();
  const metrics = named();
  assert.ok(metrics.size > 25, `${metrics.size}`);
  for (const [name, labels] of metrics) {
    if (OF_CODE_HOSTS.includes(name) || OF_SYNCS.includes(name)) continue;
    if (name === 'sluice_held_files') continue;
    const samples = text
      .split('\n')
      .filter(line => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    assert.ok(samples.length > 0, `${name} is not among the metrics of a station`);
    for (const label of labels)
      if (label !== 'job' && label !== 'instance')
        assert.ok(
          samples.some(line => line.includes(`${label}="`)),
          `${name} ${label}`,
        );
  }
  assert.match(
    text,
    /^sluice_delivery_failures_total\{profile="store",bucket="bucket",cause="access_denied"\} 1$/m,
  );
  assert.match(text, /^sluice_delivery_duration_seconds_count\{profile="store",bucket="bucket"\} 1$/m);
  assert.ok(Number(/^sluice_oldest_waiting_seconds (\S+)$/m.exec(text)?.[1]) > 0, 'one waits for its bucket');
});

test('promtool takes the alert rules, where there is one (S-510)', () => {
  const { error, status, stdout } = spawnSync('promtool', ['check', 'rules', RULES], { encoding: 'utf8' });
  if (error) assert.equal((error as NodeJS.ErrnoException).code, 'ENOENT');
  else assert.equal(status, 0, stdout);
});
