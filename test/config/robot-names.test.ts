import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROBOT_NAMES } from '../../src/config/robot-names.ts';
import { linesOf, load } from './support.ts';

test('the names of a robot data manager mean the settings of the house style, at the top and below capture (K-18)', async t => {
  const { config } = await load(
    t,
    `
sync_interval_mins: 0.5
maximum_num_sync_threads: 3
capture:
  file_last_modified_millis: 1500
  maximum_capture_file_size_bytes: 1000
  delete_every_nth_when_disk_full: 7
  disk_usage_deletion_threshold: 0.8
  capture_dir_deletion_threshold: 0.25
  capture_dir: ~/readings
`,
  );
  const { sync, deliver, capture } = config;
  assert.deepEqual([sync.intervalMs, deliver.workers, deliver.settleMs], [30_000, 3, 1500]);
  assert.deepEqual([capture.maxFileSizeBytes, capture.deleteEveryNth], [1000, 7]);
  assert.deepEqual([capture.diskUsageThreshold, capture.captureShareThreshold], [0.8, 0.25]);
  assert.equal(capture.directory, join(homedir(), 'readings'));
});

test('values of a robot that are more than sluice takes count as the most that it takes, and are told of (K-18)', async t => {
  const yaml = ROBOT_NAMES.flatMap(({ name, most }) => (most === undefined ? [] : [`${name}: ${most + 1}`]));
  const { config, notices } = await load(t, yaml.join('\n'));
  assert.deepEqual(
    [config.deliver.workers, config.sync.intervalMs, config.deliver.settleMs],
    [256, 86_400_000, 86_400_000],
  );
  assert.deepEqual([config.capture.maxFileSizeBytes, config.capture.deleteEveryNth], [2 ** 30, 1_000_000]);
  assert.equal(notices.length, yaml.length);
  const threads = await load(t, 'capture:\n  maximum_num_sync_threads: 1000');
  assert.equal(threads.config.deliver.workers, 256);
  assert.deepEqual(threads.notices, [
    'sluice.yaml:2:3 capture.maximum_num_sync_threads: 1000 is more than sluice takes; 256 counts',
  ]);
  assert.equal((await load(t, 'sync_interval_mins: 0.001')).config.sync.intervalMs, 60);
  assert.equal((await load(t, 'sync_interval_mins: 0.0001')).config.sync.intervalMs, 6);
});

test('switches and tags of a robot are brought along; what has no counterpart is refused with what to write instead (K-18)', async t => {
  const { config, notices } = await load(
    t,
    `
capture_dir: ""
sync_disabled: true
capture_disabled: false
tags: [lab]
additional_sync_paths: []
selective_syncer_name: ""
mongo_capture_config: null
delete_data_on_part_deletion: false
`,
  );
  assert.deepEqual(
    [config.sync.automatic, config.capture.disabled, config.capture.tags],
    [false, false, ['lab']],
  );
  assert.deepEqual(notices, []);
  assert.deepEqual((await load(t, 'capture: {tags: [a], sync_disabled: false}')).config.sync.automatic, true);
  const lines = await linesOf(
    t,
    'additional_sync_paths: [/data]\nselective_syncer_name: sensor\nmongo_capture_config: {uri: x}\nsync_disabled: maybe',
  );
  assert.equal(lines.length, 4);
  assert.match(
    lines[0] ?? '',
    /^sluice\.yaml:1:1 additional_sync_paths: says no bucket; write each path below deliver\.folders/,
  );
  assert.match(lines[1] ?? '', /^sluice\.yaml:2:1 selective_syncer_name: .*write deliver\.gate instead/);
  assert.match(lines[2] ?? '', /^sluice\.yaml:3:1 mongo_capture_config: has no counterpart/);
  assert.match(lines[3] ?? '', /^sluice\.yaml:4:1 sync_disabled: "maybe" must be true or false/);
});

test('zero and not given mean the default, and so does an interval of almost zero (K-18)', async t => {
  const zeros = ROBOT_NAMES.map(({ name }) => `${name}: 0`).join('\n');
  const [all, given, almost] = await Promise.all([
    load(t, zeros),
    load(t, 'root: x'),
    load(t, 'sync_interval_mins: 0.00009'),
  ]);
  for (const { config } of [all, almost]) {
    assert.equal(config.sync.intervalMs, 6000);
    assert.equal(config.deliver.settleMs, 10_000);
    assert.equal(config.deliver.workers, given.config.deliver.workers);
    assert.equal(config.capture.maxFileSizeBytes, 256 * 1024);
    assert.equal(config.capture.deleteEveryNth, 5);
    assert.deepEqual([config.capture.diskUsageThreshold, config.capture.captureShareThreshold], [0.9, 0.5]);
  }
  const { config } = await load(t, 'capture: {maxFileSize: 0, deleteEveryNth: 0, diskUsageThreshold: 0}');
  assert.deepEqual(
    [config.capture.maxFileSizeBytes, config.capture.deleteEveryNth, config.capture.diskUsageThreshold],
    [256 * 1024, 5, 0.9],
  );
});

test('every negative value is refused in its own words, at its line (K-18)', async t => {
  const yaml = ROBOT_NAMES.map(({ name }) => `${name}: -1`).join('\n');
  const lines = await linesOf(t, yaml);
  assert.deepEqual(
    lines,
    ROBOT_NAMES.map(({ name }, index) => `sluice.yaml:${index + 1}:1 ${name}: ${name} can't be negative`),
  );
});

test('a setting under both names, and one that is no number, are reported where they stand (K-18)', async t => {
  assert.deepEqual(
    await linesOf(t, 'sync: {interval: 6s}\nsync_interval_mins: 1\ndisk_usage_deletion_threshold: much'),
    [
      'sluice.yaml:2:1 sync_interval_mins: is given as sync.interval, too; keep one of the two',
      'sluice.yaml:3:1 disk_usage_deletion_threshold: must be a number',
    ],
  );
  assert.deepEqual(await linesOf(t, 'capture:\n  disk_usage_deletion_threshold: 1.5'), [
    'sluice.yaml:2:3 capture.disk_usage_deletion_threshold: 1.5 must be a number from 0 to 1',
  ]);
});

test('faults of collectors are reported: no source, two sources, no interval, a bad name, a name twice, a bad destination (K-19)', async t => {
  const lines = await linesOf(
    t,
    `capture:
  collectors:
    - {name: none, every: 1s, to: s3://p/b}
    - {name: two, every: 1s, file: a, http: 'http://b', to: s3://p/b}
    - {name: often, file: a, to: s3://p/b}
    - {name: a/b, every: 1s, file: a, to: s3://p/b}
    - {name: place, every: 0.1ms, file: a, to: p/b}
`,
  );
  const faults = lines.map(line => line.replace(/^\S+ /, ''));
  assert.deepEqual(faults, [
    'capture.collectors[0].name: "none" needs exactly one of exec, http, file, query, mqtt',
    'capture.collectors[1].name: "two" needs exactly one of exec, http, file, query, mqtt',
    'capture.collectors[2].every: is missing',
    'capture.collectors[3].name: "a/b" must be letters, digits, ".", "_" and "-" only, 100 at most',
    'capture.collectors[4].every: "0.1ms" is too small; at least 1ms',
    'capture.collectors[4].to: "p/b" is not of the form s3://profile/bucket/prefix',
  ]);
  const address = `capture: {collectors: [{name: a, every: 1s, http: 'http://[bad', to: s3://p/b}]}`;
  assert.match((await linesOf(t, address)).join(), /collectors\[0\]\.http: "http:\/\/\[bad" is no address/);
  const twice = `capture: {collectors: [{name: a, every: 1s, file: x, to: s3://p/b}, {name: A, every: 1s, file: x, to: s3://p/b}]}`;
  assert.match((await linesOf(t, twice)).join(), /two collectors named "a"/);
});
