/** Members that an app has declared (`torii app set --profile-schema`): what they may hold, and how they are kept. */
import type { Executor } from '../../../adapters/db/index.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { ProfileField } from '../../../protocol/profile-schema.ts'
import { isLonger } from '../../../protocol/user-name.ts'
import type { CheckText } from '../../words/api.ts'
import { countParams, removeParams, upsertParams } from './repo.ts'

export type ParamValue = string | number | boolean
export type ParamChange = { name: string; value: ParamValue | null }

const readers: Record<ProfileField['type'], (value: unknown, field: ProfileField) => boolean> = {
  text: (value, { length = 0 }) =>
    typeof value === 'string' && !isLonger(value, length) && !/[^\P{Cc}\n]/u.test(value),
  integer: (value) => Number.isSafeInteger(value),
  boolean: (value) => typeof value === 'boolean',
}

/** Throws PARAMETER_INVALID for what the app has not declared so; `null` removes a member. */
export const readParams = (
  given: object,
  schema: readonly ProfileField[],
  checkText: CheckText,
): ParamChange[] =>
  Object.entries(given).map(([name, value]) => {
    const field = schema.find((it) => it.name === name)
    if (!field)
      throw new Failure('PARAMETER_INVALID', { info: /^\w{1,32}$/.test(name) ? `params.${name}` : 'params' })
    if (value === null) return { name, value }
    if (!readers[field.type](value, field)) {
      throw new Failure('PARAMETER_INVALID', { info: `params.${name}` })
    }
    if (field.type !== 'text') return { name, value }
    return { name, value: checkText(value, field.words ?? 'refuse', `params.${name}`) }
  })

type Change = { userId: number; appId: string; params: readonly ParamChange[]; most: number; nowMs: number }

/** In the transaction that holds the row of the profile, so that the count holds. */
export const writeParams = async (trx: Executor, change: Change): Promise<void> => {
  const { userId, appId, params, most, nowMs } = change
  const removed = params.filter(({ value }) => value === null).map(({ name }) => name)
  const kept = params.filter(({ value }) => value !== null)
  if (removed.length > 0) await removeParams(trx, { userId, appId, names: removed })
  if (kept.length === 0) return
  const rows = kept.map(({ name, value }) => ({
    userId,
    appId,
    name,
    value: JSON.stringify(value),
    updatedAt: nowMs,
  }))
  await upsertParams(trx, rows)
  if ((await countParams(trx, userId)) > most) {
    throw new Failure('PARAMETER_INVALID', { info: 'params: too many in all apps (users.paramsPerUser)' })
  }
}

/** What is kept, as far as the app still declares it and the viewer may see it. */
export const showParams = (
  rows: readonly { name: string; value: string }[],
  schema: readonly ProfileField[],
  isSeen: (field: ProfileField) => boolean,
): Record<string, ParamValue> | undefined => {
  const seen = rows.filter(({ name }) => schema.some((field) => field.name === name && isSeen(field)))
  if (seen.length === 0) return undefined
  return Object.fromEntries(seen.map(({ name, value }) => [name, JSON.parse(value)]))
}
