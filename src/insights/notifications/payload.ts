import type { Notification } from '../../keep/store/notifications.ts';

/** What leaves the station: the same for webhooks and commands. */
export interface NotificationPayload extends Readonly<Record<string, unknown>> {
  /** The same at every try: who has seen it may pass over it. */
  readonly id: number;
  readonly event: Notification['event'];
  readonly repository: string;
  readonly message: string;
  /** ISO 8601. */
  readonly raisedAt: string;
}

/** How long one try to send it may take. */
export interface SendingLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export function payloadOf({ id, event, url, message, raisedAtMs }: Notification): NotificationPayload {
  return { id, event, repository: url, message, raisedAt: new Date(raisedAtMs).toISOString() };
}

/** Whatever is sent: of a repository, or of the station. */
export type SentPayload = Readonly<Record<string, unknown>> & {
  readonly event: string;
  readonly message: string;
};

/** The form that Slack's incoming webhooks take, and Mattermost's, Rocket.Chat's and Discord's (at …/slack). Pure. */
export function slackMessageOf({ event, message, repository, hint }: SentPayload): { readonly text: string } {
  const about = typeof repository === 'string' ? `${repository} ` : '';
  const todo = typeof hint === 'string' && hint !== '' && event !== 'ended' ? `\n${hint}` : '';
  // The three characters that Slack has escaped (api.slack.com, "Escaping text").
  const escaped = `sluice: ${about}${message}${todo}`
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
  return { text: escaped };
}
