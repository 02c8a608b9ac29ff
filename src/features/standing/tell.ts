/** Tells the user by mail what an administrator has changed, at every address. */
import type { Executor } from '../../adapters/db/index.ts'
import type { Language } from '../../protocol/errors.ts'
import type { Addresses } from '../addresses/api.ts'
import type { Outbox } from '../outbox/api.ts'
import type { Withholding } from './api.ts'
import { wholeAccount } from './change.ts'

export type TellNeeds = {
  addresses: Pick<Addresses, 'findMails'>
  /** Of users it is not known which language they read. */
  language: Language
}

export type Told =
  | ({ what: 'disabled' } & Withholding)
  | { what: 'enabled'; capability?: string | undefined; atMs: number }

const words = {
  'zh-CN': { until: '至 {time}', good: '永久', since: '自 {time} 起' },
  en: { until: 'until {time}', good: 'for good', since: 'since {time}' },
} as const satisfies Record<Language, Record<string, string>>

/** To the minute, in UTC: the time zone of the reader is not known. */
const timeOf = (ms: number) => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`

const describe = (told: Told, language: Language): Record<string, string> => {
  const { until, good, since } = words[language]
  const { capability } = told
  const isWhole = capability === undefined || capability === wholeAccount
  if (told.what === 'enabled') {
    return isWhole ? { enabled: since.replace('{time}', timeOf(told.atMs)) } : { returned: capability }
  }
  const time = told.until === null ? good : until.replace('{time}', timeOf(told.until))
  const why = told.reason
  return isWhole ? { disabled: time, why } : { withheld: `${capability}, ${time}`, why }
}

export const createTell = ({ addresses, language }: TellNeeds) =>
  async function tell(trx: Executor, add: Outbox['add'], userId: number, told: Told): Promise<void> {
    for (const to of await addresses.findMails(trx, userId)) {
      const variables = describe(told, language)
      await add(trx, { channel: 'email', to, kind: 'standing-changed', language, appId: '', variables })
    }
  }

export type Tell = ReturnType<typeof createTell>
