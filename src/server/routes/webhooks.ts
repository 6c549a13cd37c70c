import type { Hono } from 'hono';
import { placeOf } from '../../api/paths.ts';
import { FORGES } from '../../gather/forges/definitions.ts';
import type { RouteOptions } from '../app-options.ts';

/** GitHub sends no more than 25 MB (docs.github.com, "Webhook events and payloads"); the others stay far below. */
const MAX_BODY_BYTES = 25 * 2 ** 20;

/**
 * Webhooks of code hosts. The signature stands for the token here: where the headers show already that it cannot be
 * right, nothing of the body is read. Whatever is understood is answered with 202, known event or not: the host need
 * not send it again.
 */
export function webhookRoutes(app: Hono, { station: { changesets }, bodies }: RouteOptions): void {
  for (const { kind } of FORGES) {
    app.post(placeOf('receiveWebhook').path.replace('{kind}', kind), async context => {
      const headers = context.req.header();
      changesets.checkSender(kind, headers);
      const received = await bodies.read(context, MAX_BODY_BYTES, body =>
        changesets.receive(kind, headers, body),
      );
      return context.json(received, 202);
    });
  }
}
