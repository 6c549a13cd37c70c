/** A value that SQLite takes. */
export type SqlValue = null | number | string | Uint8Array;
