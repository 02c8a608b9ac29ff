/** Tells the user by mail of a login on a device that the account has not seen, with a link that ends it. */

import type { ServerCrypto } from '../../../adapters/crypto.ts'
import type { Db, Executor } from '../../../adapters/db/index.ts'
import type { Store } from '../../../adapters/store/index.ts'
import type { AppCaller } from '../../../http/caller.ts'
import { fromHex, toHex } from '../../../protocol/bytes.ts'
import type { Language } from '../../../protocol/errors.ts'
import { plainName } from '../../../protocol/plain-name.ts'
import type { RecordEvent } from '../../events/api.ts'
import type { Outbox } from '../../outbox/api.ts'
import type { BeginOptions, BegunLogin, Tickets } from '../../tickets/api.ts'
import type { AccountOfAddress } from '../by-address/repo.ts'
import { findUserOfLogin, hasLoggedInBefore } from './repo.ts'

export type NewDeviceNeeds = {
  db: Db
  store: Pick<Store, 'pass'>
  crypto: Pick<ServerCrypto, 'hmacSha256' | 'isEqual'>
  key: Uint8Array
  outbox: Pick<Outbox, 'add' | 'canSend'>
  logins: Pick<Tickets, 'begin' | 'end'>
  recordEvent: RecordEvent
}

type Told = { account: Account; caller: AppCaller; options: BeginOptions; begun: BegunLogin }
type Account = Pick<AccountOfAddress, 'userId' | 'tag' | 'epoch' | 'userName' | 'nickName' | 'deviceSlots'>
export type Known = {
  /** Where to tell; null: the account has no e-mail address. */
  mail: string | null
  isKnownDevice: boolean
}

const dayMs = 24 * 3_600_000
/** Notices of an account in a day: a thief with the password must not fill the mailbox. */
const mostPerDay = 10
const unknownDevice = { 'zh-CN': '未知设备', en: 'unknown' } as const satisfies Record<Language, string>
export const endPath = '/login/end'

const describe = ({ device: known, language }: AppCaller, { device }: BeginOptions): string => {
  const named = [device?.device ?? known?.name, device?.type ?? known?.deviceType].filter(Boolean).join(', ')
  return plainName(named) || unknownDevice[language]
}

export const createNewDevice = (needs: NewDeviceNeeds) => {
  const { db, store, crypto, key, outbox, logins } = needs
  const macOf = (loginId: Uint8Array) => crypto.hmacSha256(key, loginId)

  const isWithinDay = async (userId: number) =>
    (await store.pass(`new-device:{${userId}}`, dayMs, mostPerDay).catch(() => 0)) === 0

  const tellByMail = async (trx: Executor, mail: string, { account, caller, options, begun }: Told) => {
    if (!outbox.canSend('email') || !(await isWithinDay(account.userId))) return
    const { loginId } = begun
    const proof = Buffer.from(macOf(loginId)).toString('base64url')
    await outbox.add(trx, {
      channel: 'email',
      to: mail,
      kind: 'new-device',
      language: caller.language,
      appId: caller.app.appId,
      variables: {
        device: describe(caller, options),
        place: caller.address.text,
        link: `${endPath}#${toHex(loginId)}.${proof}`,
      },
    })
  }

  const tell = async (trx: Executor, mail: string | null, told: Told) => {
    const { account, caller, options, begun } = told
    const { userId } = account
    if (await hasLoggedInBefore(trx, userId, begun.loginId)) return
    if (mail !== null) await tellByMail(trx, mail, told)
    const { type, device } = options.device ?? {}
    await needs.recordEvent(trx, {
      userId,
      kind: 'login.new-device',
      appId: caller.app.appId,
      detail: {
        login: toHex(begun.loginId),
        device: plainName(device ?? caller.device?.name ?? ''),
        deviceType: plainName(type ?? caller.device?.deviceType ?? ''),
      },
    })
  }

  return {
    /**
     * Begins a login, and in the same transaction tells of a new device, by an event and by mail. Whether a caller without a
     * `t` or key is new costs a look at each of its logins, so it is asked only where there is a mail to send.
     */
    begin: async (
      account: Account,
      caller: AppCaller,
      options: BeginOptions,
      { mail, isKnownDevice }: Known,
    ): Promise<BegunLogin | undefined> => {
      const isMailed = mail !== null && outbox.canSend('email')
      if (isKnownDevice || (!caller.device && !isMailed)) return logins.begin(account, caller, options)
      const write = async (trx: Executor) => {
        const begun = await logins.begin(account, caller, { ...options, trx })
        if (begun) await tell(trx, mail, { account, caller, options, begun })
        return begun
      }
      return options.trx ? write(options.trx) : db.transaction(write)
    },
    /** Ends the login that a link names. False: it is no such link. */
    end: async (link: string): Promise<boolean> => {
      const [id = '', proof = ''] = link.slice(0, 128).split('.')
      const loginId = fromHex(id)
      if (loginId?.length !== 16) return false
      if (!crypto.isEqual(macOf(loginId), Buffer.from(proof, 'base64url'))) return false
      const userId = await findUserOfLogin(db.write, Buffer.from(loginId))
      if (userId !== undefined) await logins.end({ userId, loginId })
      return true
    },
  }
}

export type NewDevice = ReturnType<typeof createNewDevice>
