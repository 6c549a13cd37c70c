/** By what records may be listed: the newest, largest or latest changed first, or by path. Reversed, from the other end. */
export const RECORD_ORDERS = ['newest', 'path', 'size', 'change'] as const;
export type RecordOrder = (typeof RECORD_ORDERS)[number];

/** Where a record stands in an order: by what that goes, and then by what tells two apart. */
export type RecordPlace = readonly (string | number)[];

/** What of a record says where it stands. */
interface OrderedRecord {
  readonly id: number;
  readonly profile: string;
  readonly bucket: string;
  readonly filepath: string;
  readonly size: number;
  readonly state: string;
  readonly lastUpdated: string;
}

/** Where a record stands in an order. Pure. */
export function recordPlace(record: OrderedRecord, order: RecordOrder): RecordPlace {
  const { id, profile, bucket, filepath, size, state, lastUpdated } = record;
  switch (order) {
    case 'newest':
      return [id];
    case 'path':
      return [filepath, bucket, profile, id];
    case 'size':
      return [size, state, id];
    case 'change':
      return [lastUpdated, state, id];
  }
}
