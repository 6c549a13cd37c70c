/**
 * A station that calls: `calls-process.ts POSTGRES FAR-SIDE CALLS AT-ONCE PER-HOST TOKENS`. Makes so many calls within
 * what all stations may ask of the far side together, and prints how many went.
 */
import { systemClock } from '../../src/base/clock.ts';
import { asSluiceError } from '../../src/base/errors.ts';
import { CallLimiter } from '../../src/engine/call-budgets/call-limiter.ts';
import { CallSlots } from '../../src/gather/changesets/hosts/call-slots.ts';
import { SharedSlots } from '../../src/gather/changesets/hosts/shared-slots.ts';
import { openPostgresStore } from '../../src/keep/postgres/open-store.ts';

const [url = '', farSide = '', calls = '', atOnce = '', perHost = '', tokens = ''] = process.argv.slice(2);
const store = await openPostgresStore({ url, clock: systemClock, env: {} });
const { sharedCalls } = store;
if (!sharedCalls) throw new Error('nothing is shared');
const shared = new SharedSlots(sharedCalls, systemClock);
const slots = new CallSlots(() => ({ overall: 100, perHost: Number(perHost) }), shared);
const limiter = new CallLimiter({
  clock: systemClock,
  allowance: () => ({ maxPerHour: undefined }),
  shared: () => sharedCalls,
  beforeCall: () => shared.check(),
});
const host = 'far';
const credentials = tokens.split(',');
limiter.configure(host, credentials);
await limiter.share();
process.stdout.write('ready\n');
let left = Number(calls);
let went = 0;
const never = new AbortController().signal;

async function callOn(): Promise<void> {
  while (left > 0) {
    left -= 1;
    await slots.run(host, 'high', never, callOnce).catch(error => {
      if (asSluiceError(error).code !== 'rate_limited') throw error;
    });
  }
}

async function callOnce(signal: AbortSignal): Promise<void> {
  const call = { host, resource: 'rest', cost: 1, priority: 'high', credentials, signal } as const;
  const credential = await limiter.take(call);
  const answer = await fetch(`${farSide}/?token=${credential}`, { signal });
  await answer.arrayBuffer();
  went += 1;
  const told = (name: string): number => Number(answer.headers.get(name));
  limiter.record({
    ...{ host, resource: 'rest', credential, method: 'GET', path: '/', status: answer.status, cost: 1 },
    ...{ errorCode: answer.ok ? undefined : 'rate_limited', durationMs: 1 },
    ...{ limit: told('x-limit'), remaining: told('x-remaining'), resetAtMs: told('x-reset-ms') },
    ...{
      retryAfterMs: undefined,
      limitReached: answer.ok ? undefined : 'credential',
      clockSkewMs: undefined,
    },
  });
}

await Promise.all(Array.from({ length: Number(atOnce) }, callOn));
await limiter.share();
process.stdout.write(`went ${went}\n`);
shared.stop();
await store.close();
