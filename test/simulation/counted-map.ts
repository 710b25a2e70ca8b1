/** A map that counts its changes: who looks at all of it at every event need look only when there was one. */
export class CountedMap<K, V> extends Map<K, V> {
  /** Higher after every change, and never the same again. */
  changes = 0

  override set(key: K, value: V): this {
    this.changes += 1
    return super.set(key, value)
  }

  override delete(key: K): boolean {
    this.changes += 1
    return super.delete(key)
  }

  override clear(): void {
    this.changes += 1
    super.clear()
  }
}

/** `look` when one of the maps, which are all that it looks at, has changed since it was called last; undefined when none has. */
export function onlyWhenChanged<T>(maps: readonly { readonly changes: number }[], look: () => T): () => T | undefined {
  let seen = -1
  return () => {
    // Counts only rise: their sum is the same only where each of them is.
    let changes = 0
    for (const map of maps) changes += map.changes
    if (changes === seen) return undefined
    seen = changes
    return look()
  }
}
