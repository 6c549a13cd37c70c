import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { credentialsFor, deliveryPlace } from '../support/delivery-station.ts';
import { startGithub } from '../support/forge/github.ts';
import { killAtExit } from '../support/left-behind.ts';
import { grownRepository, sluice, standingPlace, startStation, until } from '../support/sluice.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const RULES = join(EXAMPLES, 'prometheus/sluice.rules.yml');
const noPrometheus = spawnSync('prometheus', ['--version']).error ? 'there is no prometheus here' : false;

interface Rule {
  readonly alert: string;
  for?: string;
}

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

/** Panels that show nothing of a station on which nothing of the kind has happened. */
const OF_TROUBLE = ['Held places'];

/** Starts Prometheus on a port of its own, with the rules of the examples, which fire at once. */
async function startPrometheus(t: TestContext, station: string) {
  const cwd = standingPlace(t);
  const rules = parse(readFileSync(RULES, 'utf8')) as { groups: { rules: Rule[] }[] };
  for (const { rules: some } of rules.groups) for (const rule of some) delete rule.for;
  writeFileSync(join(cwd, 'rules.yml'), stringify(rules));
  const example = parse(readFileSync(join(EXAMPLES, 'prometheus/prometheus.yml'), 'utf8'));
  const [job] = example.scrape_configs;
  const config = {
    global: { scrape_interval: '500ms', evaluation_interval: '500ms' },
    rule_files: ['rules.yml'],
    scrape_configs: [{ ...job, static_configs: [{ targets: [new URL(station).host] }] }],
  };
  writeFileSync(join(cwd, 'prometheus.yml'), stringify(config));
  const args = [
    '--config.file=prometheus.yml',
    '--storage.tsdb.path=data',
    '--web.listen-address=127.0.0.1:0',
  ];
  const child = spawn('prometheus', args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  killAtExit(child, { group: false });
  t.after(async () => {
    child.kill('SIGKILL');
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const address = await until(
    'Prometheus listens',
    () => /msg="?Listening on"? address=(\S+)/.exec(said)?.[1],
  );
  await until('it is ready', async () => (await fetch(`http://${address}/-/ready`)).ok);
  return async <T>(path: string): Promise<T> => {
    const answer = (await (await fetch(`http://${address}/api/v1/${path}`)).json()) as {
      data: T;
      error?: string;
    };
    assert.equal(answer.error, undefined, path);
    return answer.data;
  };
}

test('a real Prometheus takes configuration and rules, which fire on a station that is made to fail, and every panel of the dashboard has data (S-510, S-622)', {
  skip: noPrometheus,
}, async t => {
  const place = await deliveryPlace(t);
  const { cwd } = place;
  const refused = { ...place.server, endpoint: 'http://127.0.0.1:9' };
  const lines = credentialsFor(refused).replace('[store]', '[away]');
  writeFileSync(join(cwd, 'credentials'), credentialsFor(place.server) + lines);
  const origin = grownRepository(join(cwd, 'origin.git'), 5, 3);
  const standIn = await startGithub(t, { tokens: ['good'] });
  standIn.model.addChangeset(standIn.model.addRepository('acme/one'), { title: 'First' });
  const station = await startStation(t, {
    cwd,
    args: place.args,
    yaml: `repos: [${origin.path}, ${join(cwd, 'nowhere.git')}]
hosts:
  "${standIn.host}": {kind: github, baseUrl: "${standIn.origin}", token: good}
sync: {interval: 500ms}
cache: {maxSize: 1GiB}
capture:
  collectors:
    - {name: load, every: 200ms, file: /proc/loadavg, to: s3://store/bucket/load}
    - {name: broken, every: 200ms, file: ${cwd}/absent, to: s3://store/bucket/load}
`,
  });
  await sluice(t, ['track', `${standIn.origin}/acme/one/pull/1`], { cwd });
  place.write('station/incoming/away/bucket/file', 'nobody is there');
  const ask = await startPrometheus(t, station.url);
  let dropped = 0;
  const firing = async (): Promise<Set<string>> => {
    dropped += 1;
    place.drop(`good${dropped}`, 'good');
    place.server.faults.add({
      kind: 'error',
      operation: 'PutObject',
      key: `bad${dropped}`,
      status: 400,
      code: 'KeyTooLongError',
    });
    place.drop(`bad${dropped}`, 'bad');
    if (station.process.exitCode === null && !station.process.killed)
      await station.ask('/api/v1/sync', { urls: [origin.path] });
    const { alerts } = await ask<{ alerts: { labels: { alertname: string }; state: string }[] }>('alerts');
    return new Set(alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname));
  };
  const wanted = ['SluiceLinkDown', 'SluiceFilesFailed', 'SluiceRepositoriesFail', 'SluiceCollectorFails'];
  for (const alert of [...wanted, 'SluiceDeliveriesFail'])
    await until(`${alert} fires`, async () => (await firing()).has(alert));

  const { panels } = JSON.parse(readFileSync(join(EXAMPLES, 'grafana/sluice.json'), 'utf8')) as {
    panels: Panel[];
  };
  assert.ok(panels.length > 20);
  for (const { title, targets } of panels)
    for (const { expr } of targets) {
      // What Grafana puts in the place of its variables.
      const query = expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '1m');
      await until(`"${title}" has data: ${query}`, async () => {
        await firing();
        const { result } = await ask<{ result: { value: [number, string] }[] }>(
          `query?query=${encodeURIComponent(query)}`,
        );
        return OF_TROUBLE.includes(title) || result.some(({ value: [, text] }) => text !== 'NaN');
      });
    }
  station.process.kill('SIGKILL');
  await until('SluiceDown fires', async () => (await firing()).has('SluiceDown'));
});

test('each alert fires once its condition has lasted, and not before (S-622)', { skip: noPrometheus }, t => {
  const cwd = standingPlace(t);
  const { groups } = parse(readFileSync(RULES, 'utf8')) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap(group => group.rules);
  const job = 'job="sluice"';
  /** Series by which each fires; the value from the first minute on. */
  const series: Readonly<Record<string, readonly (readonly [name: string, values: string])[]>> = {
    SluiceDown: [[`up{${job}}`, '0x120']],
    SluiceFilesWaitLong: [['sluice_oldest_waiting_seconds', '3601+60x120']],
    SluicePlaceHeld: [['sluice_held_files{kind="profile",place="store"}', '3x120']],
    SluiceLinkDown: [['sluice_link_up{endpoint="store"}', '0x120']],
    SluiceFilesFailed: [['sluice_deliveries{state="failed"}', '1x120']],
    SluiceDeliveriesFail: [['sluice_delivery_failures_total{profile="p",bucket="b",cause="c"}', '0+2x120']],
    SluiceDiskLow: [['sluice_filesystem_free_bytes{path="/"}', '1000x120']],
    SluiceReadingsLost: [
      ['sluice_capture_lost_total', '0+1x120'],
      ['sluice_capture_lost_undelivered_total', '0x120'],
    ],
    SluiceCollectorFails: [
      ['sluice_capture_errors_total{collector="c"}', '0+1x120'],
      ['sluice_capture_readings_total{collector="c"}', '0x120'],
    ],
    SluiceBehindSchedule: [['sluice_schedule_behind_seconds', '1801x120']],
    SluiceRepositoriesFail: [['sluice_repositories_failing', '1x120']],
    SluiceCodeHostHeld: [['sluice_host_up{host="h"}', '0x120']],
    SluiceEventLoopStands: [[`nodejs_eventloop_lag_p99_seconds{${job}}`, '2x120']],
  };
  assert.deepEqual(Object.keys(series).sort(), rules.map(({ alert }) => alert).sort());
  const minutes = (text = '0m'): number => Number(text.replace(/[mh]$/, '')) * (text.endsWith('h') ? 60 : 1);
  const tests = rules.map(rule => {
    const lasting = minutes(rule.for);
    const count = (at: number) => ({
      expr: `count(ALERTS{alertname="${rule.alert}",alertstate="firing"})`,
      eval_time: `${at}m`,
    });
    return {
      interval: '1m',
      input_series: series[rule.alert]?.map(([name, values]) => ({ series: name, values })),
      promql_expr_test: [
        ...(lasting > 1 ? [{ ...count(lasting - 1), exp_samples: [] }] : []),
        { ...count(lasting + 20), exp_samples: [{ labels: '{}', value: 1 }] },
      ],
    };
  });
  const path = join(cwd, 'test.yml');
  writeFileSync(path, stringify({ rule_files: [RULES], evaluation_interval: '1m', tests }));
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', path], { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
});
