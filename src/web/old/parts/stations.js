// @ts-check
// The stations that share the store: who is there, what lies with each, and where its pages are.

import { bytes, count, number, span } from '../../parts/words.ts';
import { element, outward, panel, state } from './dom.js';
import { table } from './table.js';

/** Hidden where there is one station only. */
export function stationsPart() {
  const made = table({
    caption: 'Stations that share the store',
    keyOf: (/** @type {any} */ { id }) => id,
    empty: '',
    columns: [
      { title: 'Station', kind: 'main', cell: nameOf },
      { title: 'State', cell: stateOf },
      {
        title: 'Clones',
        kind: 'number',
        cell: ({ clones }) => `${number(clones.count)}, ${bytes(clones.bytes)}`,
      },
      { title: 'Files', cell: filesOf },
      { title: 'Disk free', kind: 'number', cell: ({ disks }) => bytes(Math.min(...freeOn(disks))) },
      { title: 'Version', cell: ({ version }) => version },
    ],
  });
  const part = panel('Stations', made.element);
  part.id = 'stations';
  part.hidden = true;
  return {
    element: part,
    /** @param {any[]} stations */
    show(stations) {
      part.hidden = stations.length < 2;
      made.show(stations);
    },
  };
}

/** @param {any} station */
function nameOf({ name, url }) {
  return url === null ? element('span', {}, name) : outward(url, name);
}

/** @param {any} station */
function stateOf({ isSilent, silentMs }) {
  return isSilent ? state(`silent for ${span(silentMs)}`, 'bad') : state('there', 'good');
}

/** @param {any} station */
function filesOf({ deliveries }) {
  const some = Object.entries(deliveries).filter(([, files]) => files > 0);
  return some.map(([name, files]) => `${count(files, 'file')} ${name}`).join(', ') || '–';
}

/** @param {readonly { freeBytes: number }[]} disks */
function freeOn(disks) {
  return disks.length === 0 ? [0] : disks.map(({ freeBytes }) => freeBytes);
}
