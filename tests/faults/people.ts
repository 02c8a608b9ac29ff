/** Registrations, and what the database says of them afterwards. */
import type { Db, Executor } from '../../src/adapters/db/index.ts'
import type { JsonCaller, Reply } from '../harness/callers.ts'
import { clientHashOf } from '../harness/devices.ts'

/** With the salt that the server wants of this name. */
export const register = async ({ call }: JsonCaller, url: string, userName: string): Promise<Reply> => {
  const { json, ...rest } = await call(url, '/v1/prelogin', { login: userName })
  if (typeof json.salt !== 'string') return { json, ...rest }
  return call(url, '/v1/register', {
    regmode: 'anonymous',
    user: { userName },
    clientHash: clientHashOf(userName),
    salt: json.salt,
  })
}

export const logIn = ({ call }: JsonCaller, url: string, userName: string): Promise<Reply> =>
  call(url, '/v1/login', { login: userName, clientHash: clientHashOf(userName) })

/** How many users have each name. */
export const countUsers = async ({ write }: Db): Promise<Map<string, number>> => {
  const rows = await write.selectFrom('users').select('userName').execute()
  const counts = new Map<string, number>()
  for (const { userName } of rows) counts.set(userName, (counts.get(userName) ?? 0) + 1)
  return counts
}

/** A registration is a row or two in each of four tables, or none. Says of every account and every row beside it what is missing. */
export const findHalfMade = async ({ write }: Db): Promise<string[]> => {
  const partsOf = (db: Executor, table: 'users' | 'verifiers' | 'logins') =>
    db.selectFrom(table).select('userId').execute()
  const tables = ['users', 'verifiers', 'logins'] as const
  const accounts = await write.selectFrom('accounts').select('userId').execute()
  const ids = new Set(accounts.map(({ userId }) => userId))
  const problems: string[] = []
  for (const table of tables) {
    const parts = new Set((await partsOf(write, table)).map(({ userId }) => userId))
    for (const id of ids) if (!parts.has(id)) problems.push(`account ${id} without ${table}`)
    for (const id of parts) if (!ids.has(id)) problems.push(`${table} of ${id} without account`)
  }
  return problems
}
