// Words with a meaning of their own: states, names from elsewhere, addresses.
import type { ComponentChildren } from 'preact';
import { shortUrl } from './words.ts';

export type StateKind = 'good' | 'bad' | 'warn' | 'busy' | '';

/** A word about a state, with a mark and a colour for its kind. */
export function State({
  kind = '',
  children,
}: {
  readonly kind?: StateKind;
  readonly children: ComponentChildren;
}) {
  return <span class={`state ${kind}`}>{children}</span>;
}

/** A name that somebody gave, in whatever direction it is written; it may break anywhere. */
export function Name({ children }: { readonly children: string }) {
  return (
    <bdi class="given" dir="auto">
      {children}
    </bdi>
  );
}

/** Where a host keeps a page; plain text when the address is none that a browser may follow. */
export function Outward({ url, children }: { readonly url: string; readonly children?: string }) {
  const text = children ?? shortUrl(url);
  if (!/^https?:\/\//.test(url)) return <Name>{text}</Name>;
  return (
    <a href={url} rel="noreferrer" class="given">
      <bdi dir="auto">{text}</bdi>
    </a>
  );
}

/** The page of a repository. */
export function RepositoryLink({ url }: { readonly url: string }) {
  return (
    <a href={`#/repository?url=${encodeURIComponent(url)}`} class="given">
      <bdi dir="auto">{shortUrl(url)}</bdi>
    </a>
  );
}
