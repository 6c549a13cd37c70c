/**
 * What is the same of two addresses of one repository, as its host sees it: the scheme, the user, `www.`, `.git`, the
 * port of ssh and of the scheme's own, and the case of the path say nothing. A path on this disk is its own key. For
 * comparing what is known already (a webhook, a pin, what somebody asks for): servers are there that tell case apart, so
 * that two rows of one key may still be two repositories. Pure.
 * @param url in its one spelling, see `RepositoryUrl`
 */
export function addressKey(url: string): string {
  const match = /^([a-z]+):\/\/(?:[^@/]*@)?(?:www\.)?(\[[^\]]*\]|[^:/]+)(:\d+)?(\/.*)$/i.exec(url);
  if (!match) return url;
  const [, scheme = '', host = '', port = '', path = ''] = match;
  const shownPort = /^https?$/i.test(scheme) ? port : '';
  return `${host}${shownPort}${pathOf(path)}`.toLowerCase();
}

/** The path of a URL in its one spelling, without what may differ at its end; for looking among many. */
export function addressPath(url: string): string {
  return pathOf(/^[a-z]+:\/\/[^/]*(\/.*)$/i.exec(url)?.[1] ?? url);
}

function pathOf(path: string): string {
  return path.replace(/(?:\.git|\/)+$/i, '');
}
