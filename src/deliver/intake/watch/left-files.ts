import type { LeftFiles } from './messages.ts';
import type { NameRules } from './name-rules.ts';
import { shownName } from './names.ts';
import { pathOf, type Tree } from './tree.ts';

/** What lies under the roots and is not taken, by reason; most files first. */
export function leftFiles(tree: Tree, names: NameRules): LeftFiles[] {
  const found = new Map<LeftFiles['kind'], { files: number; example: string }>();
  for (const place of tree.unresolved.values()) {
    const entry = place.directory.entries.get(place.name);
    if (!entry) continue;
    const isResting = entry.state === 'settling' && names.isTemporary(place);
    const kind = entry.state === 'troubled' ? entry.trouble : isResting ? 'temporary' : undefined;
    if (kind === undefined) continue;
    const known = found.get(kind);
    if (known) known.files += 1;
    else found.set(kind, { files: 1, example: pathOf(place.directory, shownName(place.name)) });
  }
  return [...found].map(([kind, one]) => ({ kind, ...one })).sort((a, b) => b.files - a.files);
}
