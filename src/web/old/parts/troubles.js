// @ts-check
// What is stuck, grouped by its cause: where, how many, what to do, and the way to it.

import { number } from '../../parts/words.ts';
import { element, link, state } from './dom.js';
import { table } from './table.js';
import { ago } from './times.js';

/** @type {Readonly<Record<string, (trouble: any) => string>>} */
const WAYS = {
  place: () => '#/deliveries',
  delivery: ({ code, stage }) => `#/deliveries?state=${stage}&cause=${encodeURIComponent(code)}`,
  repository: () => '#/repositories?show=failing',
  changeset: () => '#/changesets?failing=true',
  'code host': () => '#/changesets',
  collector: () => '#/capture',
};

export function troubleTable() {
  const made = table({
    caption: 'What is stuck, by cause',
    keyOf: (/** @type {any} */ { kind, code, stage, example }) =>
      [kind, code, stage, code && kind !== 'place' ? '' : example].join('\n'),
    empty: 'Nothing is stuck.',
    columns: [
      { title: 'Cause', kind: 'main', cell: cause },
      { title: 'Where', cell: trouble => link(WAYS[trouble.kind]?.(trouble) ?? '#/', where(trouble)) },
      { title: 'Count', kind: 'number', cell: ({ count }) => number(count) },
      { title: 'Last', cell: ({ lastAt }) => ago(lastAt) },
    ],
  });
  made.element.id = 'troubles';
  return made;
}

/** @param {any} trouble */
function where({ kind, stage }) {
  if (kind === 'place') return `${stage} held`;
  if (kind === 'delivery') return stage === 'failed' ? 'deliveries failed' : 'deliveries retried';
  return (
    { repository: 'repositories', changeset: 'changesets', collector: 'collectors' }[
      /** @type {string} */ (kind)
    ] ?? kind
  );
}

/** @param {any} trouble */
function cause({ code, stage, example, hint, isWaiting }) {
  return element(
    'div',
    {},
    state(code ?? stage ?? 'error', isWaiting ? 'warn' : 'bad'),
    ' ',
    example,
    hint ? element('div', { class: 'quiet' }, hint) : null,
  );
}
