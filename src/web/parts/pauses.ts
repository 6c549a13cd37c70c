// What people pause: destinations and hosts that nothing is sent to or asked of until somebody resumes them.
import type { Answer, Given } from '../../client/index.ts';
import { type Asked, useAsked } from '../live/asked.ts';
import { client } from '../live/live.ts';
import type { ToastText } from './toasts.tsx';

export type Pause = Answer<'listPauses'>['pauses'][number];

/** What is paused, the oldest first. */
export function usePauses(): Asked<readonly Pause[]> {
  return useAsked(async signal => (await client.listPauses({}, { signal })).pauses, [], ['status']);
}

/** Pauses a destination or host; whoever did not mean it takes it back. */
export async function pause(given: Given<'pause'>): Promise<ToastText> {
  await client.pause(given);
  const undo = async (): Promise<string> => (await resume(given)).text;
  return { text: `${given.name} is paused: nothing goes there until it is resumed.`, undo };
}

export async function resume(given: Given<'resume'>): Promise<ToastText> {
  await client.resume(given);
  return { text: `${given.name} goes on.`, undo: async () => (await pause(given)).text };
}
