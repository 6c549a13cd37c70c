import { SluiceError } from '../../../base/errors.ts';
import type { MailmapBehind, Person } from '../people.ts';
import { readInteger, readText, type SqlRow } from './columns.ts';

/**
 * With `merged`: e-mails that were merged into it beside its own, and `mailmapped`: those that mailmaps make its own, one a
 * line each, or null.
 */
export function toPerson(row: SqlRow): Person {
  const email = readText(row, 'email');
  const merged = row.merged === null ? [] : readText(row, 'merged').split('\n');
  return {
    id: readInteger(row, 'id'),
    name: readText(row, 'name'),
    email,
    bot: readInteger(row, 'bot') === 1,
    botByHand: readInteger(row, 'bot_by_hand') === 1,
    commits: readInteger(row, 'commits'),
    emails: [email, ...merged],
    mailmapped: row.mailmapped === null ? [] : readText(row, 'mailmapped').split('\n').sort(),
  };
}

/** E-mails as somebody gave them, each once. @throws SluiceError `usage` for an empty one */
export function checkedEmails(emails: readonly string[]): string[] {
  const trimmed = emails.map(email => email.trim());
  if (trimmed.includes('')) {
    throw new SluiceError('usage', 'an empty e-mail is nobody in particular; correct it by a mailmap');
  }
  return [...new Map(trimmed.map(email => [email.toLowerCase(), email])).values()];
}

/**
 * What tells people apart where they are counted: an e-mail is one person, in whatever case and under however many
 * names; whoever has none is told apart by their id. Pure.
 */
export function personKey(id: number, email: string): string {
  return emailKey(email) || `${id}`;
}

/** An e-mail as it is compared: without regard to case. Pure. */
export function emailKey(email: string): string {
  return email.trim().toLowerCase();
}

/** With `repository_id` and `content`, of bytes, or null where it is not known. */
export function toMailmapBehind(row: SqlRow): MailmapBehind {
  const { content } = row;
  return {
    repositoryId: readInteger(row, 'repository_id'),
    mailmap: content instanceof Uint8Array ? Buffer.from(content) : undefined,
  };
}
