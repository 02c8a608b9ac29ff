/**
 * How often a code is sent. What a stranger asks for must not keep codes from the owner of an address: the counts are
 * of the address as one network asks for it, and around them of the address as all networks together do. A device that
 * the account knows has counts of its own, which no stranger reaches.
 */
import type { Clock } from '../../adapters/clock.ts'
import type { Logger } from '../../adapters/logger.ts'
import type { Store } from '../../adapters/store/index.ts'
import type { Config } from '../../config/index.ts'
import type { AppCaller, Address as CallerAddress } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** Keys that find room in a store that is full. */
export const reservedCodeKeys = ['code-limit:']

export type SendLimitsNeeds = {
  store: Store
  clock: Clock
  config: Config['codes']
  logger: Pick<Logger, 'warn'>
  /** Throws TOO_OFTEN for a network that asks for too many codes, of whatever address. */
  checkNetwork(address: CallerAddress): Promise<void>
}

export const createSendLimits = ({ store, clock, config, logger, checkNetwork }: SendLimitsNeeds) => {
  const windows = [
    { name: 'hour', ms: hourMs, most: config.perHour, mostOfAll: config.perHourOfAll },
    { name: 'day', ms: dayMs, most: config.perDay, mostOfAll: config.perDayOfAll },
  ] as const

  const tooSoon = (waitMs: number) => new Failure('CODE_TOO_SOON', { retryAfterSeconds: waitMs / 1_000 })

  /** Milliseconds to wait; 0: it was counted. */
  const count = async (target: string, place: string, isWithAll: boolean): Promise<number> => {
    for (const { name, ms, most, mostOfAll } of windows) {
      const keyOf = (who: string) => `code-limit:{${target}}:${name}:${who}`
      const wider = isWithAll ? [{ key: keyOf('all'), max: mostOfAll }] : []
      const waitMs = await store.pass(keyOf(place), ms, most, wider)
      if (waitMs > 0) return waitMs
    }
    return 0
  }

  const checkApp = async (appId: string): Promise<void> => {
    const day = Math.floor(clock.now() / dayMs)
    const sent = await store.increment(`code-limit:app:${appId}:${day}`, 2 * dayMs)
    // Of all processes one counts this number: one line a day.
    if (sent === config.perDayOfApp) {
      logger.warn({ appId, sent }, 'an app has sent all its codes of today; see codes.perDayOfApp')
    }
    if (sent > config.perDayOfApp) throw tooSoon((day + 1) * dayMs - clock.now())
  }

  return {
    /**
     * Takes the time until the next code; `target` names the address without telling it. Throws CODE_TOO_SOON. What it
     * returns gives the time back, for a call that was asked for a captcha.
     */
    takeTime: async (target: string, { address }: AppCaller): Promise<() => Promise<void>> => {
      const key = `code-limit:{${target}}:soon:${address.network}`
      const soonMs = await store.pass(key, config.resendSeconds * 1_000, 1)
      if (soonMs > 0) throw tooSoon(soonMs)
      return () => store.remove([key])
    },
    /** Throws CODE_TOO_SOON or TOO_OFTEN. */
    check: async (
      target: string,
      { address, app, device }: AppCaller,
      isKnownDevice: () => Promise<boolean>,
    ): Promise<void> => {
      const place = address.network
      // Before the counts of all: a network that is refused uses up nothing of the address.
      await checkNetwork(address)
      const waitMs = await count(target, place, true)
      if (waitMs > 0) {
        const isOwn = device !== undefined && (await isKnownDevice())
        const ownMs = isOwn ? await count(target, `device:${device.knownAs}`, false) : waitMs
        if (ownMs > 0) throw tooSoon(ownMs)
      }
      await checkApp(app.appId)
    },
  }
}

export type SendLimits = ReturnType<typeof createSendLimits>
