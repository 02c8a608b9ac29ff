import { limit, table } from '../../config/fields.ts'

/** The limit of every operation that names none. */
export const limits = { other: limit(60, 60) }

export const tables = {
  bans: table('bans'),
}
