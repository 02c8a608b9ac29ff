import { Failure } from '../../protocol/errors.ts'

type Waiter = { needs: unknown; attempt(): boolean; refuse(error: unknown): void }

export const createOverload = () => new Failure('OVERLOADED', { retryAfterSeconds: 1 })

/** Those who wait for a connection, first come, first served: at most `queueLimit`, none longer than `waitTimeoutMs`. */
export function createWaitingLine({
  queueLimit,
  waitTimeoutMs,
  createRefusal = createOverload,
}: {
  queueLimit: number
  waitTimeoutMs: number
  /** For who has waited in vain since then. */
  createRefusal?: (since: number) => Failure
}) {
  const waiters = new Set<Waiter>()
  /** When the first of those came who have not let the line become empty since. */
  let longSince = 0

  return {
    get length() {
      return waiters.size
    },
    /**
     * Resolves with what `take` returns once it is not undefined; fails with OVERLOADED, the other refusal, or as `take` throws.
     * Those with the same `needs` can only be served in turn.
     */
    wait<T>(take: () => T | undefined, needs?: unknown): Promise<T> {
      if (waiters.size >= queueLimit)
        return Promise.reject(waiters.size > 0 ? createRefusal(longSince) : createOverload())
      return new Promise<T>((resolve, reject) => {
        const leave = () => {
          clearTimeout(timer)
          waiters.delete(waiter)
        }
        const waiter: Waiter = {
          needs,
          attempt() {
            const got = take()
            if (got === undefined) return false
            leave()
            resolve(got)
            return true
          },
          refuse(error) {
            leave()
            reject(error)
          },
        }
        const since = performance.now()
        if (waiters.size === 0) longSince = since
        const timer = setTimeout(() => waiter.refuse(createRefusal(since)), waitTimeoutMs)
        waiters.add(waiter)
      })
    },
    /** Something became free, or can't become free any more. */
    move(): void {
      const unserved = new Set<unknown>()
      for (const waiter of waiters) {
        if (unserved.has(waiter.needs)) continue
        try {
          if (!waiter.attempt()) unserved.add(waiter.needs)
        } catch (error) {
          waiter.refuse(error)
        }
      }
    },
  }
}
