import { optionalCount, section } from '../fields.ts';

export const bake = section('Turning commits into rows.', {
  threads: optionalCount({
    min: 1,
    max: 256,
    description: 'How many repositories are read at once; half the processors where not given.',
    example: 2,
  }),
});
