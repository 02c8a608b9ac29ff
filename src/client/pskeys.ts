/** pSKeys of this client's login, one for each business, kept in memory and traded anew in time. */
import { toHex } from '../protocol/bytes.ts'
import { parseTicket } from '../protocol/tickets.ts'
import type { Send } from './call.ts'
import { ClientFailure } from './failure.ts'
import type { Tickets } from './tickets.ts'

type KeptPSKey = { login: string; pskey: string; freshUntil: number }

/**
 * A pSKey is handed out in the first half of its idle time: the service that gets it has the other half to use it, which
 * only the server sees.
 */
const freshShare = 0.5
const mostKept = 100

export type PSKeysNeeds = { send: Send; tickets: Pick<Tickets, 'withSKey'>; now(): number }

const loginOf = (skey: string) => toHex(parseTicket(skey)?.handle ?? new Uint8Array())

export const createPSKeys = ({ send, tickets, now }: PSKeysNeeds) => {
  const kept = new Map<string, KeptPSKey>()
  const pending = new Map<string, Promise<string>>()

  const exchange = (business: string): Promise<string> =>
    tickets.withSKey(async (token) => {
      const reply = await send('/v1/ticket/exchange', { token, to: 'pskey', business })
      const { tickets: { pskey } = {}, idleAt, timestamp } = reply
      if (!pskey) throw new ClientFailure('REPLY_UNREADABLE')
      const idleMs = Math.max(0, (idleAt ?? timestamp) - timestamp) * 1_000
      if (kept.size >= mostKept) kept.clear()
      kept.set(business, { login: loginOf(token), pskey, freshUntil: now() + idleMs * freshShare })
      return pskey
    })

  /** Callers that ask at once share one exchange. */
  const renew = (business: string): Promise<string> => {
    const running = pending.get(business)
    if (running) return running
    const started = exchange(business).finally(() => pending.delete(business))
    pending.set(business, started)
    return started
  }

  return async (business: string, isRefused: boolean): Promise<string> => {
    const known = kept.get(business)
    if (isRefused || !known || now() >= known.freshUntil) return renew(business)
    const login = await tickets.withSKey(async (token) => loginOf(token))
    return login === known.login ? known.pskey : renew(business)
  }
}
