/** What commands need that make a password: as a server opens it at its start, and no more. */
import type { Db } from '../../src/adapters/db/index.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import type { Config } from '../../src/config/index.ts'

export const randomPassword = () => systemRandom.bytes(12).toString('base64url')

/**
 * The server's key, and what seals a mail with it; none where no server sends mail. Throws StartError, and PinError for
 * another key or cost than the database was made with: no password would be right, and no mail could be opened.
 */
export const openKey = async (config: Config, db: Db) => {
  const { security, password, mail } = config
  const { createSealer } = await import('../../src/adapters/crypto.ts')
  const { isTrial } = await import('../../src/config/index.ts')
  const { openServerKey } = await import('../../src/adapters/server-key.ts')
  const { checkPins } = await import('../../src/features/index.ts')
  const key = openServerKey(security, { create: false, random: systemRandom })
  const { clientSalt } = password
  await checkPins(db, { serverKeyFingerprint: key.fingerprint, passwordCosts: password, clientSalt })
  const hasMail = mail.smtp.host !== '' || isTrial(config)
  return { key, mailSealer: hasMail ? createSealer(key.atRest, systemRandom) : undefined }
}

/** Throws as `openKey` does. */
export const openHashing = async (config: Config, db: Db) => {
  const { password } = config
  const { createBcryptPool } = await import('../../src/adapters/bcrypt/pool.ts')
  const { createScryptPool } = await import('../../src/adapters/scrypt-pool.ts')
  const { createPasswordLists } = await import('../../src/adapters/password-lists.ts')
  const { openPasswordCosts } = await import('../../src/features/index.ts')
  const opened = await openKey(config, db)
  const passwordCosts = await openPasswordCosts(db, password)
  const passwordLists = createPasswordLists(password)
  await passwordLists.load()
  const bcrypt = createBcryptPool(password)
  const { slowDown } = createScryptPool(password)
  return {
    ...opened,
    passwordCosts,
    passwordLists,
    hashPassword: bcrypt.hash,
    slowDown,
    close: bcrypt.close,
  }
}
