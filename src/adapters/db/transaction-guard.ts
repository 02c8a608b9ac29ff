import { AsyncLocalStorage } from 'node:async_hooks'

export type TransactionGuard = ReturnType<typeof createTransactionGuard>

/**
 * Knows whether the code that runs now belongs to the `work` of an open transaction. Anything but `trx` used
 * there would wait for a connection that this very transaction holds, or write what a rollback leaves behind.
 */
export function createTransactionGuard() {
  const inside = new AsyncLocalStorage<{ open: boolean }>()
  let openNow = 0

  return {
    /** Throws inside a transaction. */
    checkOutside(): void {
      if (inside.getStore()?.open) {
        throw new Error('inside a transaction only its trx may be used, not db.read, db.write or another one')
      }
    },
    async run<T>(work: () => Promise<T>): Promise<T> {
      const state = { open: true }
      openNow++
      try {
        return await inside.run(state, work)
      } finally {
        // What the work started and left running outlives the transaction and is free again.
        state.open = false
        openNow--
        // On Node 20 every await of the process takes three times as long while it is on.
        if (openNow === 0) inside.disable()
      }
    },
  }
}
