import type { Part } from '../base/lifecycle.ts';

/** A part that can only be made once the parts before it have started. */
export function latePart(name: string, make: () => Part): Part {
  let part: Part | undefined;
  return {
    name,
    start: () => {
      part ??= make();
      return part.start();
    },
    stop: async () => part?.stop(),
  };
}
