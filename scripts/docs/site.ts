import {
  escapeHtml,
  type PageLink,
  placeOf,
  type ReadPage,
  readPage,
  relativePlace,
  renderPage,
  type SourcePage,
} from './page.ts';

/** The site: what is to be written where, and every link that leads nowhere. */
export interface Site {
  /** Pages, by their place on the site. */
  readonly pages: ReadonlyMap<string, string>;
  /** Files of the repository that pages lead to, to be copied to the same place. */
  readonly files: ReadonlySet<string>;
  /** `docs/guide/api.md: ../gone.md`. */
  readonly broken: readonly string[];
}

/** Parts of the navigation, each with what belongs to it, in this order; pages of others are reached by links. */
const PARTS: readonly { readonly name: string; readonly holds: RegExp }[] = [
  { name: 'Guide', holds: /^docs\/guide\// },
  { name: 'Coming from', holds: /^docs\/(moving\/|comparison)/ },
  { name: 'Reference', holds: /^docs\/reference\// },
  { name: 'Rely on it', holds: /^(docs\/(promises\/|benchmarks|security)|SECURITY|CHANGELOG)/ },
  { name: 'Change it', holds: /^(CONTRIBUTING|ARCHITECTURE|GOALS|docs\/glossary|docs\/decisions\/README)/ },
];

/**
 * Makes the site of all pages. Pure.
 * @param exists whether a path of the repository is there; a folder's ends in a slash
 */
export function makeSite(sources: readonly SourcePage[], exists: (path: string) => boolean): Site {
  const read = new Map(sources.map(source => [source.path, readPage(source)]));
  const files = new Set<string>();
  const broken: string[] = [];
  const pages = new Map<string, string>();
  for (const page of read.values()) {
    for (const link of page.links) {
      const target = meant(link, read);
      const known = read.get(target);
      if (known) {
        if (link.anchor !== '' && !known.anchors.has(link.anchor)) broken.push(`${page.path}: ${link.href}`);
      } else if (exists(target)) {
        if (!target.endsWith('/')) files.add(target);
      } else broken.push(`${page.path}: ${link.href}`);
    }
    const content = renderPage(page, link => meant(link, read));
    pages.set(placeOf(page.path), documentOf(page, content, navigationOf(page, [...read.values()])));
  }
  return { pages, files, broken };
}

/** The page of a folder is its README. */
function meant({ target }: PageLink, pages: ReadonlyMap<string, ReadPage>): string {
  const folder = target.replace(/\/$/, '');
  const readme = `${folder}/README.md`;
  return pages.has(readme) && !pages.has(target) ? readme : target;
}

function navigationOf(page: ReadPage, all: readonly ReadPage[]): string {
  const item = (other: ReadPage): string => {
    const here = other.path === page.path ? ' aria-current="page"' : '';
    return `<li><a href="${relativePlace(page.path, other.path)}"${here}>${escapeHtml(other.title)}</a></li>`;
  };
  const parts = PARTS.map(({ name, holds }) => {
    const items = all.filter(({ path }) => holds.test(path)).map(item);
    return items.length === 0 ? '' : `<h2>${name}</h2>\n<ul>${items.join('\n')}</ul>`;
  });
  return `<a class="home" href="${relativePlace(page.path, 'README.md')}">sluice</a>\n${parts.join('\n')}`;
}

function documentOf({ title, path }: ReadPage, content: string, navigation: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · sluice</title>
<link rel="stylesheet" href="${relativePlace(path, 'site.css')}">
<body>
<nav aria-label="Documents">${navigation}</nav>
<main>
${content}</main>
</body>
</html>
`;
}

/** How it looks: one column of text beside the list of pages, below each other where there is no room. */
export const STYLE = `:root { color-scheme: light dark; font: 16px/1.55 system-ui, sans-serif; }
body { margin: 0; display: grid; grid-template-columns: 17rem minmax(0, 1fr); }
nav { padding: 1.5rem 1rem; border-right: 1px solid color-mix(in srgb, currentColor 20%, transparent); font-size: .92rem; }
nav h2 { font-size: .8rem; margin: 1.2rem 0 .2rem; opacity: .7; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav a { display: block; padding: .15rem 0; text-decoration: none; color: inherit; }
nav a[aria-current] { font-weight: 600; }
nav .home { font-size: 1.2rem; font-weight: 600; }
main { padding: 1.5rem 2rem 4rem; max-width: 50rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
pre { overflow-x: auto; padding: .8rem 1rem; border-radius: 6px; background: color-mix(in srgb, currentColor 7%, transparent); }
code { font-size: .92em; }
img { max-width: 100%; height: auto; }
@media (max-width: 60rem) { body { grid-template-columns: 1fr; } nav { border-right: 0; } main { padding: 1rem; } }
`;
