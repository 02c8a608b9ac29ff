import type { Db } from '../../adapters/db/index.ts'
import type { Random } from '../../adapters/random.ts'
import { type CostSettings, costAdvice, costPin } from './password-costs.ts'
import { PinError } from './pin-error.ts'
import { countAccounts, deleteSetting, findSetting, insertSetting, updateSetting } from './repo.ts'

/** What the rows of a database depend on and a configuration must therefore not change under them. */
export type Pins = { serverKeyFingerprint: string; passwordCosts: CostSettings; clientSalt: string }

const rows = [
  {
    name: 'pin.serverKey',
    value: (pins: Pins) => pins.serverKeyFingerprint,
    isBound: 'always',
    orValue: () => '',
    advice: 'security.keyFile: this is not the server key that the database was made with; restore that key',
  },
  {
    name: costPin,
    value: ({ passwordCosts: { cost } }: Pins) => String(cost),
    // A raise has ended, and the configuration has not followed yet.
    orValue: ({ passwordCosts: { nextCost } }: Pins) => String(nextCost || ''),
    isBound: 'by accounts',
    advice: costAdvice,
  },
  {
    name: 'pin.clientSalt',
    value: (pins: Pins) => pins.clientSalt,
    orValue: () => '',
    isBound: 'by accounts',
    advice: 'password.clientSalt: accounts exist under another salt; it is chosen before the first account',
  },
] as const

/** Remembers the pins of a new database; throws PinError where an old one has others. */
export const checkPins = async (db: Db, pins: Pins): Promise<void> => {
  for (const { name, value, orValue, isBound, advice } of rows) {
    const wanted = value(pins)
    // Of two processes that start on a new database one inserts, and both then read what is there.
    await insertSetting(db.write, name, wanted).catch((error) => {
      if (!db.isDuplicate(error)) throw error
    })
    const found = await findSetting(db.write, name)
    if (found === wanted || (found && found === orValue(pins))) continue
    if (isBound === 'always' || (await countAccounts(db.write)) > 0) throw new PinError(advice)
    await updateSetting(db.write, name, wanted)
  }
}

/** What the database has of each pin (undefined: nothing yet), and what `checkPins` would refuse. Writes nothing. */
export const comparePins = async (db: Db, pins: Pins) => {
  const hasAccounts = (await countAccounts(db.write)) > 0
  return Promise.all(
    rows.map(async ({ name, value, orValue, isBound, advice }) => {
      const found = await findSetting(db.write, name)
      const isOther = found !== undefined && found !== value(pins) && (!found || found !== orValue(pins))
      return { name, found, problem: isOther && (isBound === 'always' || hasAccounts) ? advice : '' }
    }),
  )
}

const sample = '张三丰 😀'

/** Writes, changes, reads and deletes a row: what a missing right or a wrong character set would break later. */
export const checkWrites = async ({ write }: Db, random: Random): Promise<void> => {
  const name = `check.${random.bytes(8).toString('hex')}`
  await insertSetting(write, name, '')
  await updateSetting(write, name, sample)
  const found = await findSetting(write, name)
  await deleteSetting(write, name)
  if (found !== sample)
    throw new PinError('database: a text comes back altered; create the database with CHARACTER SET utf8mb4')
}
