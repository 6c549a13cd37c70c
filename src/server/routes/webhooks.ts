import type { Hono } from 'hono';
import { FORGES } from '../../gather/forges/definitions.ts';
import type { AppOptions } from '../app-options.ts';
import { readBytes } from '../body.ts';

/** GitHub sends no more than 25 MB (docs.github.com, "Webhook events and payloads"); the others stay far below. */
const MAX_BODY_BYTES = 25 * 2 ** 20;

/**
 * Webhooks of code hosts. The signature stands for the token here. Whatever is understood is answered with
 * 202, known event or not: the host need not send it again.
 */
export function webhookRoutes(app: Hono, { station: { changesets } }: AppOptions): void {
  for (const { kind } of FORGES) {
    app.post(`/webhooks/${kind}`, async context => {
      const rawBody = await readBytes(context.req.raw, MAX_BODY_BYTES);
      const received = await changesets.receive(kind, context.req.header(), rawBody);
      return context.json(received, 202);
    });
  }
}
