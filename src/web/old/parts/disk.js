// @ts-check
// The disk: how full, and what gives way in which order when it is; what was lost so far.

import { bytes, count, number, percent } from '../../parts/words.ts';
import { ask } from './api.js';
import { element, fill, panel, state } from './dom.js';
import { table } from './table.js';
import { ago } from './times.js';

const FREED_SHOWN = 50;

/** @type {Readonly<Record<string, string>>} */
const STEPS = { completed: 'delivered files that are kept', clones: 'clones, least recently used first' };

export function diskPart() {
  const bar = element('progress', { class: 'full', max: '1', value: '0', 'aria-label': 'Disk used' });
  const words = element('p', {});
  const plan = element('ol', { class: 'steps' });
  const freed = table({
    caption: 'What gave way so far, newest first',
    keyOf: (/** @type {any} */ row) => JSON.stringify(row),
    empty: 'Nothing had to give way so far.',
    columns: [
      { title: 'What', kind: 'main', cell: ({ step, path }) => path ?? STEPS[step] ?? step },
      { title: 'When', cell: ({ freedAt }) => ago(freedAt) },
      { title: 'Freed', kind: 'number', cell: row => `${count(row.files, 'file')}, ${bytes(row.bytes)}` },
      { title: 'Lost', cell: lostOf },
    ],
  });
  return {
    element: panel('Disk', bar, words, plan, element('h3', {}, 'Given way so far'), freed.element),
    async refresh() {
      const { plan: now, freed: rows } = await ask(`/api/v1/disk?limit=${FREED_SHOWN}`);
      bar.setAttribute('value', String(Math.max(now.usedShare, now.usedInodeShare)));
      fill(words, [verdict(now)]);
      fill(plan, stepsOf(now));
      freed.show(rows);
    },
  };
}

/** @param {any} plan */
function verdict(plan) {
  const { usedShare, usedInodeShare, full, neededBytes, neededInodes, missingBytes, missingInodes } = plan;
  const { captureShare, captureInodeShare, losesReadings } = plan;
  const ofInodes = `, and ${percent(usedInodeShare)} of its inodes (readings: ${percent(captureInodeShare)})`;
  const used = `${percent(usedShare)} of the disk is used, readings take ${percent(captureShare)}${ofInodes}.`;
  if (!full) return element('span', {}, `${used} `, state('Nothing has to give way.', 'good'));
  const need = `It is full: ${amount(neededBytes, neededInodes)} must give way`;
  if (missingBytes + missingInodes === 0)
    return element('span', {}, `${used} `, state(`${need}, and can without loss:`, 'warn'));
  const rest = losesReadings ? 'readings that nobody else has will be lost' : 'the rest is not sluice’s';
  return element(
    'span',
    {},
    `${used} `,
    state(`${need}; ${amount(missingBytes, missingInodes)} of it cannot, so ${rest}:`, 'bad'),
  );
}

/** @param {number} size @param {number} inodes */
function amount(size, inodes) {
  return inodes > 0 ? `${bytes(size)} and ${count(inodes, 'inode')}` : bytes(size);
}

/** @param {any} plan */
function stepsOf({ steps, losesReadings, files }) {
  const given = steps.map((/** @type {any} */ { name, bytes: size }) =>
    element('li', {}, `${STEPS[name] ?? name}: ${bytes(size)}`),
  );
  if (!losesReadings) return given;
  const readings = files.reduce(
    (/** @type {number} */ sum, /** @type {any} */ file) => sum + file.readings,
    0,
  );
  const words = `${count(files.length, 'unsent file')} with ${count(readings, 'reading')}`;
  return [...given, element('li', {}, state(words, 'bad'))];
}

/** @param {any} row */
function lostOf({ lost, readings }) {
  return lost ? state(count(readings, 'reading'), 'bad') : element('span', { class: 'quiet' }, number(0));
}
