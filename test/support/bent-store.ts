import type { SluiceError } from '../../src/base/errors.ts';
import type { ObjectStore } from '../../src/keep/buckets/bucket.ts';

/** A call of an object store that says which bucket and key it is about, as far as it is about one. */
export interface StoreCall {
  readonly name: 'listBuckets' | 'headBucket' | 'putObject' | 'headObject';
  readonly bucket: string;
  readonly key: string;
  readonly bytes: number;
}

/** What a call comes to instead of what the store does: an error, or `gone` for a HEAD that finds nothing. */
export type Bend = (call: StoreCall) => SluiceError | 'gone' | undefined;

/** An object store whose calls can be made to fail, and all calls that were made. */
export interface BentStore {
  readonly store: ObjectStore;
  readonly calls: StoreCall[];
  /** How often something was sent, by key. */
  sent(): Record<string, number>;
}

export function bentStore(inner: ObjectStore, bend: Bend): BentStore {
  const calls: StoreCall[] = [];
  const note = (call: StoreCall): 'gone' | undefined => {
    calls.push(call);
    const bent = bend(call);
    if (bent !== undefined && bent !== 'gone') throw bent;
    return bent;
  };
  const bentMethods: Partial<ObjectStore> = {
    async listBuckets(options) {
      note({ name: 'listBuckets', bucket: '', key: '', bytes: 0 });
      return inner.listBuckets(options);
    },
    async headBucket(bucket, options) {
      note({ name: 'headBucket', bucket, key: '', bytes: 0 });
      return inner.headBucket(bucket, options);
    },
    async putObject(at, source, options) {
      const bytes = 'body' in source ? source.body.length : source.size;
      note({ name: 'putObject', ...at, bytes });
      return inner.putObject(at, source, options);
    },
    async headObject(at, options) {
      if (note({ name: 'headObject', ...at, bytes: 0 }) === 'gone') return undefined;
      return inner.headObject(at, options);
    },
  };
  const store = new Proxy(inner, {
    get(target, name) {
      const bent = bentMethods[name as keyof ObjectStore];
      if (bent !== undefined) return bent;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return {
    store,
    calls,
    sent() {
      const counts: Record<string, number> = {};
      for (const { name, key } of calls) if (name === 'putObject') counts[key] = (counts[key] ?? 0) + 1;
      return counts;
    },
  };
}
