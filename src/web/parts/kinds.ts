// What stands on the schedule, by its kind: how people call it.

/** Kinds of work, those that there is most of first. */
export const WORK_KINDS = ['changeset', 'repository', 'churn', 'owner', 'changeset source'] as const;
export type WorkKind = (typeof WORK_KINDS)[number];

const WORDS: Readonly<Record<WorkKind, string>> = {
  changeset: 'Changesets',
  repository: 'Repositories',
  churn: 'Churn',
  owner: 'Owners',
  'changeset source': 'Sources of changesets',
};

/** `Repositories`; a kind of a station that knows more is called as it calls it. Pure. */
export function kindWords(kind: string): string {
  return WORDS[kind as WorkKind] ?? kind;
}

/** A host in words; null: nobody is asked. Pure. */
export function hostWords(host: string | null): string {
  return host ?? 'This station alone';
}
