/**
 * What memory a station takes when many files come at once: `npm run bench:delivery-memory -- [--files 20000,40000]
 * [--bytes 512] [--folders 10] [--at-once 256] [--main bin/sluice.js]`.
 *
 * A folder with the files is renamed into `incoming` of a running station (`sluice up`, defaults), a new one for each
 * number; the peak is the kernel's (VmHWM) once all are completed. The sink (bench/sink.ts) throws bodies away. Others
 * on the machine make it slower, and change nothing of the peak. Ends with 0 when the target was met, else 1.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startSink } from './support/listeners.ts';
import { machine } from './support/measure.ts';
import { cpuMsOf, memoryOf } from './support/processes.ts';
import { deliverFolder } from './support/small-files.ts';
import { startStation } from './support/station.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '20000,40000' },
    bytes: { type: 'string', default: '512' },
    folders: { type: 'string', default: '10' },
    main: { type: 'string' },
    'at-once': { type: 'string', default: '256' },
    directory: { type: 'string', default: tmpdir() },
  },
});
const PATIENCE_MS = 600_000;
const TARGET_MIB = 200;

const folder = mkdtempSync(join(values.directory, 'sluice-bench-'));
const sink = await startSink();
let isMet = true;
try {
  console.log(machine());
  for (const files of values.files.split(',').map(Number)) {
    const deliver = [`smallAtOnce: ${values['at-once']}`];
    const options = { folder: join(folder, String(files)), server: sink.server, main: values.main, deliver };
    // The first start after an installation compiles, and keeps what it compiled for the next.
    await (await startStation(options)).stop();
    const station = await startStation(options);
    try {
      const cpuMs = cpuMsOf(station.pid);
      const { nowMib } = memoryOf(station.pid);
      const bytes = Number(values.bytes);
      const { wallMs } = await deliverFolder(station, 'many', {
        files,
        bytes,
        folders: Number(values.folders),
        patienceMs: PATIENCE_MS,
      });
      const { peakMib } = memoryOf(station.pid);
      const cpuEach = ((cpuMsOf(station.pid) - cpuMs) / files) * 1000;
      if (peakMib > TARGET_MIB) isMet = false;
      console.log(
        `${files} files: peak ${peakMib.toFixed(0)} MiB, ${nowMib.toFixed(0)} at rest before; ${((files / wallMs) * 1000).toFixed(0)} files/s, ${cpuEach.toFixed(0)} µs of processor time each`,
      );
    } finally {
      await station.stop();
    }
  }
  console.log(`delivery-memory: target ${TARGET_MIB} MiB ${isMet ? 'met' : 'NOT met'}`);
  process.exitCode = isMet ? 0 : 1;
} finally {
  await sink.stop();
  rmSync(folder, { recursive: true, force: true });
}
