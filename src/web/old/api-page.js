// @ts-check
// The API's description, for people: made of /api/openapi.json.
import { ask } from './parts/api.js';
import { byId, element, fill, link, panel } from './parts/dom.js';

/** @typedef {Record<string, any>} Schema */

/** @type {Schema} */
let components = {};

/** @param {Schema} given @returns {{schema: Schema, name: string | undefined}} */
function resolved(given) {
  const name = given.$ref?.split('/').at(-1);
  return { schema: name === undefined ? given : (components[name] ?? {}), name };
}

/** What values there may be, in a few words. @param {Schema} given @returns {string} */
function typeOf(given) {
  const { schema, name } = resolved(given);
  if (name !== undefined) return name;
  const { type, items, anyOf, oneOf } = schema;
  if (schema.enum) return schema.enum.map((/** @type {unknown} */ each) => JSON.stringify(each)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (anyOf ?? oneOf) return (anyOf ?? oneOf).map(typeOf).join(' | ');
  if (type === 'array') return `${typeOf(items ?? {})}[]`;
  return schema.format ?? [type ?? 'anything'].flat().join(' | ');
}

/** Its fields, and those of what is in it without a name of its own. @param {Schema} given @param {string} before @returns {[string, Schema][]} */
function fieldsOf(given, before) {
  const { schema, name } = resolved(given);
  if (name !== undefined && before !== '') return [];
  const { type, items, anyOf, oneOf, properties } = schema;
  if (type === 'array') return fieldsOf(items ?? {}, `${before}[]`);
  if (anyOf ?? oneOf) return (anyOf ?? oneOf).flatMap((/** @type {Schema} */ each) => fieldsOf(each, before));
  return Object.entries(properties ?? {}).flatMap(([key, value]) => {
    const path = before === '' ? key : `${before}.${key}`;
    return /** @type {[string, Schema][]} */ ([[path, value], ...fieldsOf(value, path)]);
  });
}

/** @param {string} caption @param {[string, Schema][]} fields */
function fieldTable(caption, fields) {
  if (fields.length === 0) return null;
  const rows = fields.map(([name, schema]) =>
    element(
      'tr',
      {},
      element('td', { class: 'main' }, element('code', {}, name)),
      element('td', {}, typeOf(schema)),
      element('td', {}, schema.description ?? resolved(schema).schema.description ?? ''),
    ),
  );
  return element(
    'div',
    { class: 'table' },
    element('table', {}, element('caption', {}, caption), element('tbody', {}, ...rows)),
  );
}

/** @param {string} method @param {string} path @param {Schema} operation */
function operationElement(method, path, operation) {
  const {
    operationId,
    summary,
    description,
    parameters = [],
    requestBody,
    responses,
    deprecated,
  } = operation;
  const given = parameters.map((/** @type {Schema} */ { name, schema, description: words }) => [
    name,
    { ...schema, description: words ?? schema.description },
  ]);
  const body = requestBody?.content['application/json'].schema;
  const [status = ''] = Object.keys(responses);
  const answer = responses[status]?.content?.['application/json']?.schema;
  const tables = [
    fieldTable('Parameters', given),
    body ? fieldTable('Body', fieldsOf(body, '')) : null,
    answer
      ? fieldTable(
          `Answer ${status}${answer.$ref ? `: ${typeOf(answer)}` : ''}`,
          answer.$ref ? [] : fieldsOf(answer, ''),
        )
      : null,
  ];
  return element(
    'details',
    { id: operationId },
    element(
      'summary',
      {},
      element('code', {}, `${method.toUpperCase()} ${path}`),
      ` ${summary}${deprecated ? ' (an older path)' : ''}`,
    ),
    description ? element('p', {}, description) : null,
    answer?.$ref
      ? element('p', {}, `Answers ${status} with `, link(`#shape-${typeOf(answer)}`, typeOf(answer)), '.')
      : null,
    ...tables,
  );
}

/** @param {Schema} document */
function show({ info, tags, paths, components: { schemas } }) {
  components = schemas;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const groups = tags.map((/** @type {{name: string}} */ { name }) =>
    panel(
      name,
      ...operations
        .filter(({ operation }) => operation.tags.includes(name))
        .map(({ method, path, operation }) => operationElement(method, path, operation)),
    ),
  );
  const shapes = Object.entries(schemas).map(([name, schema]) =>
    element(
      'details',
      { id: `shape-${name}` },
      element('summary', {}, element('code', {}, name)),
      fieldTable('Fields', fieldsOf(schema, '')),
    ),
  );
  fill(byId('main'), [
    panel(
      `The API, version ${info.version}`,
      element('p', {}, info.description),
      element('p', {}, 'For programs: ', link('/api/openapi.json', 'openapi.json'), '.'),
    ),
    ...groups,
    panel('Shapes', ...shapes),
  ]);
}

try {
  show(await ask('/api/openapi.json'));
} catch (error) {
  const { status, message } = /** @type {import('./parts/api.js').Failure} */ (error);
  const words = status === 401 ? 'Sign in at the station first: ' : `${message} `;
  fill(byId('main'), [panel('The API', element('p', {}, words, link('/', 'to the station')))]);
}
