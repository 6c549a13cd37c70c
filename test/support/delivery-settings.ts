import { complete } from '../../src/config/schema.ts';
import { type DeliverySettings, settingsFrom } from '../../src/deliver/settings.ts';
import type { RetrySchedule } from '../../src/engine/retry.ts';
import { schema } from './config.ts';

/** What delivery does where the configuration says nothing. */
export const DELIVERY_DEFAULTS: DeliverySettings = settingsFrom(complete(schema.parse({})));

/**
 * How it tries again then: after 30 s, doubling, at most ten retries after the first try; permanent failures end at
 * once.
 */
export const DELIVERY_RETRY: RetrySchedule = DELIVERY_DEFAULTS.retry;
