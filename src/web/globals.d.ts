/** Set when the pages are bundled: whether they reload by themselves once their source has changed. */
declare const LIVE_RELOAD: boolean;

declare module '*.css';
