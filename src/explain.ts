/** What keeps the server from starting, as the one line that an administrator reads. */
import type { Config } from './config/index.ts'

type StartFault = Error & { code?: string; syscall?: string; cause?: Error }

/** Errors whose message is that line already. */
const ownErrors = ['ConfigError', 'StartError', 'PinError']

const host = 'server.host (TORII__SERVER__HOST)'
const port = 'server.port (TORII__SERVER__PORT)'

/** What `listen` fails with. */
const listenFaults: Record<string, (server: Config['server']) => string> = {
  EADDRINUSE: (server) =>
    `${port}: ${server.port} is taken on ${server.host}; choose another port, or stop the program that has it`,
  EACCES: (server) => `${port}: this user may not use ${server.port}; choose a port above 1023`,
  EADDRNOTAVAIL: (server) => `${host}: "${server.host}" is not an address of this machine`,
  ENOTFOUND: (server) => `${host}: "${server.host}" is not a name that this machine knows`,
  EAI_AGAIN: (server) => `${host}: "${server.host}" is not a name that this machine knows`,
}

const user = 'database.write.0.user and .password (TORII__DATABASE__WRITE__0__USER, …__PASSWORD)'
const databaseHost = 'database.write.0.host and .port (TORII__DATABASE__WRITE__0__HOST, …__PORT)'
const database = 'database.write.0.database (TORII__DATABASE__WRITE__0__DATABASE)'
const store = 'store.url (TORII__STORE__URL)'

/** What the driver of the database says, and the setting that it is about. */
const databaseFaults: Record<string, [setting: string, advice: string]> = {
  ER_ACCESS_DENIED_ERROR: [user, 'check them, and from which hosts this user may connect'],
  ER_TABLEACCESS_DENIED_ERROR: [user, 'this user lacks a right; docs/production.md has the GRANT'],
  ER_DBACCESS_DENIED_ERROR: [database, 'this user has no rights there; docs/production.md has the GRANT'],
  ER_BAD_DB_ERROR: [database, 'it does not exist; docs/production.md has the CREATE DATABASE'],
  ER_MUST_CHANGE_PASSWORD: [user, 'the password has expired; set a new one in the database'],
  ER_MUST_CHANGE_PASSWORD_LOGIN: [user, 'the password has expired; set a new one in the database'],
  ECONNREFUSED: [databaseHost, 'no program answers there'],
  ENOTFOUND: [databaseHost, 'this machine does not know the name'],
  EAI_AGAIN: [databaseHost, 'this machine does not know the name'],
  ETIMEDOUT: [databaseHost, 'no answer within database.connectTimeoutMs'],
}

/** What Redis says, and what to do. */
const storeFaults: [says: RegExp, advice: string][] = [
  [/ECONNREFUSED/, 'no program answers there'],
  [/ENOTFOUND|EAI_AGAIN/, 'this machine does not know the name'],
  [/WRONGPASS|invalid password/i, 'user or password is wrong'],
  [/NOAUTH/, 'the store wants a password, and the URL has none'],
  [/NOPERM|can't run this command/, 'this user lacks a right; docs/production.md has the ACL'],
  [/out of range|invalid DB index/i, 'the store has no database of this number'],
]

const explainDatabase = ({ code = '', message }: StartFault, config: Config | undefined): string => {
  if (config?.database.write.length === 0)
    return `database.file (TORII__DATABASE__FILE): ${config.database.file}: ${message}`
  const [setting, advice] = databaseFaults[code] ?? [databaseHost, 'is a MySQL or MariaDB listening there?']
  return `${setting}: ${advice} (${message})`
}

const explainStore = (message: string): string => {
  const advice = storeFaults.find(([says]) => says.test(message))?.[1] ?? 'is it a Redis?'
  return `${store}: ${advice} (${message})`
}

const explainFailure = ({ message, cause }: StartFault): string =>
  [message, cause?.message].filter(Boolean).join(': ')

/** One line for what can be mended outside; anything else is a fault of ours, and shown with its stack. */
export const explainStart = (error: unknown, config: Config | undefined): string => {
  const fault = error as StartFault & { entry?: { name: string } }
  if (ownErrors.includes(fault.name)) return fault.message
  if (fault.entry?.name.startsWith('DATABASE') && fault.cause)
    return explainDatabase(fault.cause as StartFault, config)
  if (fault.code?.startsWith('ER_')) return explainDatabase(fault, config)
  if (fault.entry?.name.startsWith('STORE')) return explainStore(fault.cause?.message ?? fault.message)
  if (fault.entry) return explainFailure(fault)
  const explain = fault.syscall && config ? listenFaults[fault.code ?? ''] : undefined
  if (explain && config) return explain(config.server)
  // A file, a port, an address: the system's own sentence names it.
  if (fault.syscall) return fault.message
  return fault.stack ?? String(error)
}
