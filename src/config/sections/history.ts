import { flag, optionalCount, section, size } from '../fields.ts';

export const bake = section('Turning commits into rows.', {
  threads: optionalCount({
    min: 1,
    max: 256,
    description: 'How many repositories are read at once; half the processors where not given.',
    example: 2,
  }),
});

export const insights = section('What is read out of history besides the commits.', {
  churn: flag({
    default: false,
    description:
      'Whether files touched and lines added and removed are read, in the background after the commits. It needs clones with all files, some ten times larger, and many times the time of reading commits. `repos` may say otherwise for one repository.',
  }),
  largestFile: size({
    default: '512KiB',
    description: 'Files beyond this count as binary: touched, without lines (git’s core.bigFileThreshold).',
  }),
});
