/** What the heap orders. `place` is the item's index in the heap; only the heap writes it. */
export type Expiring = { expiresAt: number; place: number }

/** Items by the end of their lives: the first to end is known at once, each change costs O(log n). */
export function createExpiryHeap<T extends Expiring>() {
  const items: T[] = []

  const put = (item: T, place: number) => {
    items[place] = item
    item.place = place
  }

  const rise = (item: T) => {
    let { place } = item
    while (place > 0) {
      const parent = items[(place - 1) >> 1]
      if (!parent || parent.expiresAt <= item.expiresAt) break
      const next = parent.place
      put(parent, place)
      place = next
    }
    put(item, place)
  }

  const sink = (item: T) => {
    let { place } = item
    for (;;) {
      const left = items[2 * place + 1]
      const right = items[2 * place + 2]
      const child = left && right && right.expiresAt < left.expiresAt ? right : left
      if (!child || child.expiresAt >= item.expiresAt) break
      const next = child.place
      put(child, place)
      place = next
    }
    put(item, place)
  }

  /** After `expiresAt` of an item has changed. */
  const move = (item: T) => {
    rise(item)
    sink(item)
  }

  return {
    first: () => items[0],
    move,
    add(item: T) {
      put(item, items.length)
      rise(item)
    },
    remove(item: T) {
      const last = items.pop()
      if (!last || last === item) return
      put(last, item.place)
      move(last)
    },
    clear() {
      items.length = 0
    },
  }
}
