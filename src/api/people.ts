import { z } from 'zod';
import { Count, type Operation, pageAnswer, pageQuery } from './operation.ts';

const about = 'People';

export const Person = z
  .object({
    id: z.int(),
    name: z.string(),
    email: z.string(),
    bot: z.boolean(),
    botByHand: z.boolean().describe('somebody said whether it is one; otherwise the patterns did'),
    commits: Count,
    emails: z.array(z.string()).describe("the person's own first"),
    mailmapped: z.array(z.string()).describe("e-mails of commits that mailmaps make this person's"),
  })
  .meta({ id: 'Person' });

const Emails = z.strictObject({ emails: z.array(z.string()).min(1).max(1000) });

export const peopleOperations = {
  listPeople: {
    about,
    summary: 'Who wrote commits, those with most first.',
    query: z.strictObject({
      search: z.string().optional().describe('somewhere in a name or an e-mail'),
      bots: z.enum(['only', 'exclude']).optional(),
      ...pageQuery(100, 1000),
    }),
    status: 200,
    answer: z.object({ people: z.array(Person), total: Count.describe('of all that fit'), ...pageAnswer }),
  },
  mergePeople: {
    about,
    summary: 'Makes all commits under any of the e-mails those of one person.',
    body: Emails,
    status: 200,
    answer: Person,
  },
  splitPeople: {
    about,
    summary: 'Takes e-mails out of the person that they were merged into.',
    body: Emails,
    status: 204,
  },
  listMergeSuggestions: {
    about,
    summary: 'Who may be one person: those who share an e-mail, a name, or a login of a code host.',
    query: z.strictObject({ limit: z.coerce.number<number>().int().min(1).max(1000).default(50) }),
    status: 200,
    answer: z.object({
      suggestions: z.array(
        z
          .object({
            id: z.string(),
            reason: z.enum(['email', 'mailmap', 'noreply', 'name']).describe('the strongest of the reasons'),
            people: z.array(Person).describe('those with most commits first'),
            emails: z.array(z.string()).describe('what `mergePeople` makes them one by'),
          })
          .meta({ id: 'MergeSuggestion' }),
      ),
      total: Count,
    }),
  },
  refuseMerge: {
    about,
    summary: 'Says that people are not one and the same, or takes that back: they are not suggested again.',
    body: z.strictObject({
      people: z
        .array(z.strictObject({ name: z.string(), email: z.string() }))
        .min(2)
        .max(20),
      refused: z.boolean().default(true),
    }),
    status: 204,
  },
  setBot: {
    about,
    summary: 'Says whether somebody is a program; null leaves it to the patterns.',
    body: z.strictObject({ email: z.string(), bot: z.boolean().nullable() }),
    status: 200,
    answer: Person,
  },
} as const satisfies Record<string, Operation>;
