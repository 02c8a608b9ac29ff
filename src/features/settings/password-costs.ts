/**
 * The bcrypt costs of this database. A raise ends for all processes at the same moment, so the database says which cost
 * counts; the configuration may follow later.
 */
import type { Db, Executor } from '../../adapters/db/index.ts'
import { PinError } from './pin-error.ts'
import { findSetting, insertSetting, updateSetting, updateSettingFrom } from './repo.ts'

/** 0: none. */
export type Costs = {
  cost: number
  /** Where a raise that is running leads to. */
  nextCost: number
  /** What `cost` was before the last raise: accounts that did not log in during it still have verifiers of this cost. */
  previousCost: number
}
export type CostSettings = Pick<Costs, 'cost' | 'nextCost'>

export const costPin = 'pin.passwordCost'
export const costAdvice =
  'password.cost: accounts exist under another cost; keep that one and raise password.nextCost'
const previous = 'password.previousCost'

/** Throws PinError where the database is at a cost that this configuration does not name. */
export const readCosts = async (db: Db, settings: CostSettings): Promise<Costs> => {
  const [pinned, before] = [await findSetting(db.write, costPin), await findSetting(db.write, previous)]
  const hasEnded = settings.nextCost > 0 && pinned === String(settings.nextCost)
  if (pinned !== undefined && !hasEnded && pinned !== String(settings.cost)) throw new PinError(costAdvice)
  return {
    cost: hasEnded ? settings.nextCost : settings.cost,
    nextCost: hasEnded ? 0 : settings.nextCost,
    previousCost: Number(before ?? 0),
  }
}

export type PasswordCosts = { now(): Costs; load(): Promise<void> }

/** What a process holds of them. */
export const openPasswordCosts = async (db: Db, settings: CostSettings): Promise<PasswordCosts> => {
  let costs = await readCosts(db, settings)
  return {
    now: () => costs,
    load: async () => {
      costs = await readCosts(db, settings)
    },
  }
}

/** Ends a raise. False: the database is not, or no longer, at `from`. */
export const moveCostPin = async (
  trx: Executor,
  { from, to }: { from: number; to: number },
): Promise<boolean> => {
  if (!(await updateSettingFrom(trx, { name: costPin, from: String(from), to: String(to) }))) return false
  const isKnown = (await findSetting(trx, previous)) !== undefined
  await (isKnown ? updateSetting : insertSetting)(trx, previous, String(from))
  return true
}
