/** The server key, and what else a database is bound to. */
import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Db } from '../../src/adapters/db/index.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import { newestKeys, openServerKey } from '../../src/adapters/server-key.ts'
import { type Config, isEmbedded } from '../../src/config/index.ts'
import { describeOldRing, findOldRings } from '../../src/features/settings/key-rings.ts'
import { checkWrites, comparePins } from '../../src/features/settings/settings.ts'
import { explain } from '../console/explain.ts'
import { broken, type Finding, ok, warning } from './finding.ts'

export type Pins = Awaited<ReturnType<typeof comparePins>>

const subject = 'server key'
const modeOf = (path: string) => statSync(path).mode & 0o777
const octal = (mode: number) => mode.toString(8).padStart(4, '0')

const checkFile = (keyFile: string): Finding => {
  accessSync(keyFile, constants.R_OK)
  const folder = dirname(keyFile)
  if (modeOf(keyFile) & 0o077) {
    return warning(
      'server key file',
      `${keyFile}, mode ${octal(modeOf(keyFile))}`,
      `others can read it: chmod 600 ${keyFile}`,
    )
  }
  if (modeOf(folder) & 0o022) {
    return warning(
      'server key file',
      `${keyFile}, folder of mode ${octal(modeOf(folder))}`,
      `others can replace it: chmod 700 ${folder}`,
    )
  }
  return ok('server key file', `${keyFile}, mode ${octal(modeOf(keyFile))}`)
}

/** No key where one should be: what to do depends on whether a database waits for it. */
const judgeMissing = (config: Config, pinned: string | undefined): Finding => {
  const { keyFile } = config.security
  if (pinned !== undefined) {
    const advice = `restore the key whose fingerprint is ${pinned} before a server starts; no other opens this database`
    return broken(subject, `none at ${keyFile}`, advice)
  }
  if (isEmbedded(config))
    return warning(subject, `none at ${keyFile}`, 'the server makes one at its first start')
  return broken(
    subject,
    `none at ${keyFile}`,
    'run "torii key create", or copy the key of the other processes',
  )
}

/** `pins` of the database; undefined when it could not be asked. */
export const checkServerKey = (config: Config, pins: Pins | undefined): Finding[] => {
  const { keyFile, serverKey } = config.security
  const pinned = pins?.find(({ name }) => name === 'pin.serverKey')?.found
  try {
    const files = serverKey
      ? [ok('server key file', 'not used: security.serverKey is set')]
      : [checkFile(keyFile)]
    const { fingerprint } = openServerKey(config.security, { create: false, random: systemRandom })
    if (pinned !== undefined && pinned !== fingerprint) {
      const advice = `no server starts: restore the key whose fingerprint is ${pinned}, or name its database`
      return [...files, broken(subject, `${fingerprint} is not the key of this database`, advice)]
    }
    const found =
      pinned === fingerprint
        ? "the database's own"
        : pins
          ? 'the database takes it at the first start'
          : 'not compared'
    return [...files, ok(subject, `${fingerprint}, ${found}`)]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [judgeMissing(config, pinned)]
    return [broken(subject, explain(error), 'restore the key from its copy')]
  }
}

/** What else the accounts of the database depend on. */
export const checkOtherPins = (pins: Pins): Finding[] =>
  pins
    .filter(({ name, problem }) => name !== 'pin.serverKey' && problem)
    .map(({ name, found, problem }) => {
      const [path = name, ...advice] = problem.split(': ')
      return broken(path, `the database was made with ${found || 'none'}`, advice.join(': '))
    })

export const readPins = (db: Db, config: Config): Promise<Pins> =>
  comparePins(db, {
    serverKeyFingerprint: '',
    passwordCosts: config.password,
    clientSalt: config.password.clientSalt,
  })

/** A user with too few rights, or a text that comes back altered, fails here. */
export const checkDatabaseWrites = async (db: Db): Promise<Finding[]> => {
  await checkWrites(db, systemRandom)
  return [ok('database writes', 'a row was written, changed, read and deleted')]
}

/** Whether the key file has all keys that the database knows. Says nothing of a key that cannot be read: others do. */
export const checkKeyRings = async (db: Db, config: Config): Promise<Finding[]> => {
  try {
    const key = openServerKey(config.security, { create: false, random: systemRandom })
    const { old } = await findOldRings(db, newestKeys(key))
    return old.map((ring) => {
      const [path = '', found = '', ...advice] = describeOldRing(ring).split(/: |; /)
      return broken(path, [found, ...advice.slice(0, -1)].join(': '), advice.at(-1) ?? '')
    })
  } catch {
    return []
  }
}
