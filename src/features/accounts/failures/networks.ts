/**
 * Wrong logins of a network, over every login that it tries: what stops a list of stolen passwords, each tried once. Wide,
 * since the people behind one address share it; a device that has logged in to the account before does not wait.
 */
import type { Address } from '../../../http/caller.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { PassEach } from '../../abuse/api.ts'

/** Networks that this process knows to have to wait. */
const mostWaiting = 10_000
const operation = 'loginFailures'

const tooOften = (waitMs: number) => new Failure('TOO_OFTEN', { retryAfterSeconds: waitMs / 1_000 })

export const createNetworkFailures = ({ passEach, elapsed }: { passEach: PassEach; elapsed(): number }) => {
  const waiting = new Map<string, number>()

  const remember = (network: string, waitMs: number) => {
    const [oldest] = waiting.keys()
    if (waiting.size >= mostWaiting && oldest !== undefined) waiting.delete(oldest)
    waiting.set(network, elapsed() + waitMs)
  }

  return {
    /** Throws TOO_OFTEN where this process knows that the network waits: no trip, since most logins are right. */
    check: ({ limitNetwork, site }: Address): void => {
      const waits = [limitNetwork, site].map((network) => (waiting.get(network) ?? 0) - elapsed())
      const waitMs = Math.max(...waits)
      if (waitMs > 0) throw tooOften(waitMs)
    },
    /** Counts a wrong login. A network over its limit learns no more from it: its refusal, else undefined. */
    count: async (address: Address): Promise<Failure | undefined> => {
      const over = (await passEach(operation, address)).filter(({ waitMs }) => waitMs > 0)
      for (const { network, waitMs } of over) remember(network, waitMs)
      return over.length > 0 ? tooOften(Math.max(...over.map(({ waitMs }) => waitMs))) : undefined
    },
  }
}

export type NetworkFailures = ReturnType<typeof createNetworkFailures>
