import type { DeliveryContext } from '../context.ts';
import type { Destination } from '../destinations.ts';

type BucketFoldersContext = Pick<
  DeliveryContext,
  'settings' | 'clock' | 'destinations' | 'buckets' | 'endpoints' | 'spool'
>;

/**
 * Makes folders for the buckets that stores list. A store that does not answer soon gets them later, with its first
 * files. Never rejects.
 */
export async function makeBucketFolders(context: BucketFoldersContext, signal: AbortSignal): Promise<void> {
  const { settings, clock, destinations } = context;
  const all = Promise.all([...destinations.values()].map(one => makeFoldersFor(one, context, signal)));
  let cancel = (): void => undefined;
  const patience = new Promise<void>(resolve => {
    cancel = clock.timer(settings.bucketListPatienceMs, resolve);
  });
  await Promise.race([all, patience]);
  cancel();
}

async function makeFoldersFor(
  destination: Destination,
  { buckets, endpoints, spool }: BucketFoldersContext,
  signal: AbortSignal,
): Promise<void> {
  try {
    const names = await buckets.list(destination, signal);
    endpoints.noteCall(destination.endpoint);
    if (!signal.aborted) spool.prepare([{ profile: destination.profile, buckets: names }]);
  } catch (error) {
    endpoints.noteCall(destination.endpoint, error);
  }
}
