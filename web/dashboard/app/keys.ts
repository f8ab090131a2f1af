import type { Key } from './api.ts'

type Named = Pick<Key, 'name' | 'replacedBy'>

/** What a key is called. A rotation gives both keys one name: the replaced one is “Name (old)”. */
export function keyName({ name, replacedBy }: Named): string {
  return replacedBy === null ? name : `${name} (old)`
}

/** The same with the beginning of the key, where several keys may be called alike. */
export function wholeKeyName(key: Named & Pick<Key, 'prefix'>): string {
  return `${keyName(key)}, ${key.prefix}…`
}

/** When a key ends by itself, as RFC 3339: its expiry, or the end of its rotation if that comes first. */
export function endOf({ expiresAt, retiresAt }: Pick<Key, 'expiresAt' | 'retiresAt'>): string | null {
  if (expiresAt === null || retiresAt === null) return expiresAt ?? retiresAt
  return Date.parse(expiresAt) < Date.parse(retiresAt) ? expiresAt : retiresAt
}
