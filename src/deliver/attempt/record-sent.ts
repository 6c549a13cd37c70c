import { asSluiceError } from '../../base/errors.ts';
import type { DeliveryContext } from '../context.ts';
import { sentChange } from './outcome.ts';

/**
 * Puts on record what was sent while the journal had no room to say so: until then only this process knows it. Where it
 * still has none, the next attempts of this run know it all the same. May be called again at any time.
 */
export async function recordSent({ journal, uploader, clock, log }: DeliveryContext): Promise<void> {
  for (const [id, acknowledged] of uploader.unrecorded()) {
    try {
      const record = journal.byId(id);
      const isUnderWay = record?.state === 'incoming' || record?.state === 'processing';
      const state = record?.source === null ? 'processing' : record?.state;
      if (isUnderWay) await journal.change(id, { ...sentChange(acknowledged, clock.nowMs()), state });
      uploader.takeRemembered(id);
    } catch (error) {
      const { message: reason } = asSluiceError(error);
      log.debug({ record: id, reason }, 'no room yet to say that it was sent');
      return;
    }
  }
}
