/** What SMS may cost: so many a day to each listed country. The last fifth is kept for devices that accounts know. */
import type { Clock } from '../../adapters/clock.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { Logger } from '../../adapters/logger.ts'
import type { Config } from '../../config/index.ts'
import { Failure } from '../../protocol/errors.ts'
import { countSms, findSmsOfDay } from './repo.ts'

const dayMs = 24 * 3_600_000
const shareOfStrangers = 0.8

export type SmsBudgetNeeds = {
  db: Db
  clock: Clock
  config: Pick<Config['sms'], 'countries' | 'perDay'>
  logger: Pick<Logger, 'warn'>
}

export const createSmsBudget = ({ db, clock, config, logger }: SmsBudgetNeeds) => {
  const today = () => Math.floor(clock.now() / dayMs)
  const { perDay } = config
  const ofStrangers = Math.floor(perDay * shareOfStrangers)
  let known: { day: number; sent: { country: string; sent: number }[] } = { day: 0, sent: [] }
  let warned = { day: 0, countries: new Set<string>() }

  const warn = (country: string, sent: number) => {
    if (warned.day !== today()) warned = { day: today(), countries: new Set() }
    if (warned.countries.has(country)) return
    warned.countries.add(country)
    logger.warn({ country, sent, perDay }, 'most of the SMS of today are sent; see sms.perDay')
  }
  const sentToday = () => (known.day === today() ? known.sent : [])
  const isLow = ({ sent }: { sent: number }) => sent >= ofStrangers

  return {
    /** Throws PHONE_INVALID for a country that gets none. */
    checkCountry: (country = ''): void => {
      if (config.countries.includes(country)) return
      throw new Failure('PHONE_INVALID', { info: 'no SMS to this country' })
    },
    /** Throws SMS_FAILED when as many as allowed were sent. */
    take: async (country: string, isKnownDevice: () => Promise<boolean>): Promise<void> => {
      const day = today()
      if (await countSms(db, { day, country, most: ofStrangers })) return
      warn(country, ofStrangers)
      if ((await isKnownDevice()) && (await countSms(db, { day, country, most: perDay }))) return
      throw new Failure('SMS_FAILED', { retryAfterSeconds: ((day + 1) * dayMs - clock.now()) / 1_000 })
    },
    /** What all processes sent: for the gauge, the health line and the warning. */
    read: async (): Promise<void> => {
      const day = today()
      known = { day, sent: await findSmsOfDay(db.write, day) }
      for (const row of known.sent.filter(isLow)) warn(row.country, row.sent)
    },
    sent: sentToday,
    problem: (): string => {
      const low = sentToday().filter(isLow)
      const list = low.map(({ country, sent }) => `${country} ${sent}`).join(', ')
      return list && `SMS today, of ${perDay} for each country (sms.perDay): ${list}`
    },
  }
}

export type SmsBudget = ReturnType<typeof createSmsBudget>
