/** What the rows of logins hold of a user. */
import type { Executor } from '../../../adapters/db/index.ts'
import { toHex } from '../../../protocol/bytes.ts'
import { findLoginsAfter } from './repo.ts'

const pageSize = 1_000

/** For the export: where and when, without what belongs to tickets. */
export const collectLogins = async (db: Executor, userId: number, after = '') => {
  const logins = await findLoginsAfter(db, { userId, after: Buffer.from(after, 'hex'), most: pageSize })
  const last = logins.at(-1)
  const next = last && logins.length === pageSize ? toHex(last.loginId) : undefined
  return { rows: logins.map(({ loginId, ...shown }) => ({ login: toHex(loginId), ...shown })), next }
}
