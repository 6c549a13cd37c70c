import { Marked, type Token, type Tokens } from 'marked';

/** A page of Markdown as it stands in the repository. */
export interface SourcePage {
  /** Below the repository, with slashes: `docs/guide/api.md`. */
  readonly path: string;
  readonly markdown: string;
}

/** A page that was read. */
export interface ReadPage extends SourcePage {
  /** Its first heading. */
  readonly title: string;
  /** Ids of its headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>;
  readonly links: readonly PageLink[];
}

/** A link that leads into the repository. */
export interface PageLink {
  readonly href: string;
  /** Below the repository; of the page itself where only an anchor was given. */
  readonly target: string;
  /** Empty for none. */
  readonly anchor: string;
}

/** Reads a page's headings and links. Pure. */
export function readPage(page: SourcePage): ReadPage {
  const tokens = new Marked().lexer(page.markdown);
  const anchors = new Set<string>();
  const links: PageLink[] = [];
  let title = '';
  new Marked().walkTokens(tokens, token => {
    if (token.type === 'heading') {
      const text = plainText((token as Tokens.Heading).tokens);
      if (title === '') title = text;
      anchors.add(freeSlug(text, anchors));
    }
    if (token.type !== 'link' && token.type !== 'image') return;
    const link = linkOf(page.path, (token as Tokens.Link).href);
    if (link) links.push(link);
  });
  return { ...page, title: title || page.path, anchors, links };
}

/** Where a link leads in the repository; undefined for one that leads elsewhere. Pure. */
export function linkOf(from: string, href: string): PageLink | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(href) || href.startsWith('//')) return undefined;
  const [path = '', anchor = ''] = href.split('#');
  if (path === '') return { href, target: from, anchor };
  const target = decodeURI(new URL(path, `file:///${from}`).pathname).slice(1);
  return { href, target, anchor };
}

/** Where a page, or a file, stands on the site: `docs/guide/api.html`; a folder's README is its index. Pure. */
export function placeOf(path: string): string {
  return path.replace(/(^|\/)README\.md$/, '$1index.html').replace(/\.md$/, '.html');
}

/**
 * The content of a page in HTML, its links made those of the site. Pure.
 * @param resolve the path of the page or file that a link means, as `placeOf` takes it
 */
export function renderPage(page: ReadPage, resolve: (link: PageLink) => string): string {
  const used = new Set<string>();
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }) {
        const id = freeSlug(plainText(tokens), used);
        used.add(id);
        return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        return `<a href="${escapeHtml(hrefOf(page, href, resolve))}">${this.parser.parseInline(tokens)}</a>`;
      },
      image({ href, text }) {
        return `<img src="${escapeHtml(hrefOf(page, href, resolve))}" alt="${escapeHtml(text)}" loading="lazy">`;
      },
      table(token) {
        const cells = (row: readonly Tokens.TableCell[], tag: string): string =>
          row.map(({ tokens }) => `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`).join('');
        const rows = token.rows.map(row => `<tr>${cells(row, 'td')}</tr>`).join('\n');
        return `<div class="wide"><table><thead><tr>${cells(token.header, 'th')}</tr></thead>\n<tbody>${rows}</tbody></table></div>\n`;
      },
    },
  });
  return marked.parse(page.markdown, { async: false });
}

function hrefOf(page: ReadPage, href: string, resolve: (link: PageLink) => string): string {
  const link = linkOf(page.path, href);
  if (!link) return href;
  const anchor = link.anchor === '' ? '' : `#${link.anchor}`;
  return link.target === page.path && href.startsWith('#')
    ? anchor
    : `${relativePlace(page.path, resolve(link))}${anchor}`;
}

/** From one page to another, or to a file, as it stands in a link. Pure. */
export function relativePlace(from: string, to: string): string {
  const up = '../'.repeat(from.split('/').length - 1);
  return `${up}${placeOf(to).split('/').map(encodeURIComponent).join('/')}` || './';
}

/** As GitHub makes ids of headings: lower case, without punctuation, hyphens for spaces; a number where it is taken. */
function freeSlug(text: string, taken: ReadonlySet<string>): string {
  const slug = text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
  if (!taken.has(slug)) return slug;
  for (let number = 1; ; number += 1) if (!taken.has(`${slug}-${number}`)) return `${slug}-${number}`;
}

function plainText(tokens: readonly Token[] | undefined): string {
  return (tokens ?? [])
    .map(token =>
      'tokens' in token && token.tokens ? plainText(token.tokens) : 'text' in token ? String(token.text) : '',
    )
    .join('');
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`);
}
