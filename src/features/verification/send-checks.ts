/** Everything that a code passes before it is made, the cheapest first. */
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Db } from '../../adapters/db/index.ts'
import { toHex } from '../../protocol/bytes.ts'
import type { Captcha } from '../captcha/api.ts'
import type { Outbox } from '../outbox/api.ts'
import type { Asked } from './api.ts'
import { hasLoggedIn } from './repo.ts'
import type { SendLimits } from './send-limits.ts'
import type { SmsBudget } from './sms-budget.ts'
import type { Purpose } from './wire.ts'

export type SendChecksNeeds = {
  db: Db
  crypto: ServerCrypto
  key: Uint8Array
  captcha: Pick<Captcha, 'checkCall'>
  outbox: Pick<Outbox, 'check'>
  limits: SendLimits
  budget: Pick<SmsBudget, 'checkCountry' | 'take'>
}

const nameBytes = 16
/** Their codes go to an address of the account; those of the others to whatever address a user names. */
const toOwner: readonly Purpose[] = ['login', 'reset', 'confirm']

export const createCheckSend = ({ db, crypto, key, captcha, outbox, limits, budget }: SendChecksNeeds) => {
  /** The store learns no address. */
  const targetOf = ({ address }: Asked) => toHex(crypto.hmacSha256(key, address.key).subarray(0, nameBytes))

  return async function checkSend(asked: Asked): Promise<void> {
    const { address, caller, purpose } = asked
    const userId = toOwner.includes(purpose) ? (asked.userId ?? 0) : 0
    const isKnownDevice = async () =>
      caller.device !== undefined && hasLoggedIn(db.write, userId, caller.device.knownAs)
    outbox.check(address.kind)
    if (address.kind === 'phone') budget.checkCountry(address.country)
    const target = targetOf(asked)
    const giveBack = await limits.takeTime(target, caller)
    if (asked.captcha !== 'checked') {
      // Behind the time: a user must not solve a captcha only to hear that it is too soon.
      await captcha.checkCall('code', asked.captcha, caller).catch(async (refusal) => {
        await giveBack()
        throw refusal
      })
    }
    await limits.check(target, caller, isKnownDevice)
    if (address.kind === 'phone') await budget.take(address.country ?? '', isKnownDevice)
  }
}

export type CheckSend = ReturnType<typeof createCheckSend>
