import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { REPOSITORY } from '../../scripts/generate-reference.ts';
import { describeSettings, type Setting } from '../../src/config/describe.ts';
import { jsonSchema } from '../../src/config/json-schema.ts';
import { OVERRIDES } from '../../src/config/overrides.ts';
import { toFileForm } from '../../src/config/show.ts';
import { initTemplate } from '../../src/config/template.ts';
import { shapeAt } from '../../src/config/walk.ts';
import { loadConfig, schema } from '../support/config.ts';
import { load } from './support.ts';

/** The JSON Schema as a validator of its own, apart from the schema it was made from. */
const byJsonSchema = z.fromJSONSchema(jsonSchema(schema) as Parameters<typeof z.fromJSONSchema>[0]);

const all = (settings: readonly Setting[]): Setting[] =>
  settings.flatMap(each => [each, ...all(each.settings)]);

test('every setting has a description in sentences', () => {
  const settings = all(describeSettings(schema));
  assert.ok(settings.length > 30);
  for (const { path, description } of settings) assert.match(description, /^\p{Lu}.*\.$/u, path);
});

test('every option and variable sets something that the schema knows', () => {
  for (const { path } of Object.values(OVERRIDES)) assert.ok(shapeAt(schema, path, {}), path.join('.'));
});

test('the template is valid as it stands and with every default uncommented, and both are the defaults (S-13)', async t => {
  const template = initTemplate(schema);
  const uncommented = template.replaceAll(/^( *)#(?=\w+:)/gm, '$1');
  assert.notEqual(uncommented, template);
  const { config: defaults, folder } = await load(t, '');
  for (const yaml of [template, uncommented]) {
    const { config, folder: other } = await load(t, yaml);
    assert.equal(JSON.stringify(config).replaceAll(other, folder), JSON.stringify(defaults));
    assert.equal(byJsonSchema.safeParse(parse(yaml)).success, true);
  }
  const shown = Object.values(toFileForm(defaults, schema)).flatMap(value =>
    typeof value === 'object' ? Object.keys(value ?? {}) : [],
  );
  for (const key of shown)
    assert.match(template, new RegExp(`^ +#( e\\.g\\. )?${key}:|# e\\.g\\. ${key}:`, 'm'), key);
});

test('every example of the template is valid (S-13)', async t => {
  const uncommented = initTemplate(schema)
    .replaceAll(/^( *)#(?=\w+:)(?! e\.g)/gm, '$1# ')
    .replaceAll(/^( *)# e\.g\. (?!\w+File:)/gm, '$1');
  const { config } = await load(t, uncommented, { env: { SLUICE_TOKEN: 'a', GITHUB_TOKEN: 'b' } });
  assert.equal(config.server.token, 'a');
  assert.equal(config.hosts['github.com']?.token, 'b');
  assert.equal(config.cache.maxSizeBytes, 50 * 2 ** 30);
});

test('examples/sluice.yaml is valid, by JSON Schema, too (S-13)', async () => {
  const file = join(REPOSITORY, 'examples/sluice.yaml');
  const { config } = await loadConfig({ file, env: {}, cwd: REPOSITORY });
  assert.equal(config.repos.length, 3);
  assert.equal(byJsonSchema.safeParse(parse(readFileSync(file, 'utf8'))).success, true);
});

test('the JSON Schema refuses what loading refuses, and takes references where loading does (S-13)', () => {
  const accepted = [
    {},
    { server: null, repos: null },
    {
      server: { port: '${PORT}', maxBodySize: 0, requestTimeout: '1h 30m' },
      schedule: { quiet: '${QUIET}' },
    },
    { config: { cache: { neverEvict: ['https://a/b'] } } },
  ];
  const refused = [
    { servr: {} },
    { server: { port: '80' } },
    { server: { port: 70_000 } },
    { cache: { maxSize: '5 gigs' } },
    { git: { idleTimeout: '5' } },
    { log: { level: 'loud' } },
    { repos: [{ uri: 'https://a/b' }] },
    { hosts: { 'https://a': {} } },
  ];
  for (const tree of accepted) assert.equal(byJsonSchema.safeParse(tree).success, true, JSON.stringify(tree));
  for (const tree of refused) assert.equal(byJsonSchema.safeParse(tree).success, false, JSON.stringify(tree));
});
