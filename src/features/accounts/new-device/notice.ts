/** Tells the user by mail of a login on a device that the account has not seen, with a link that ends it. */
import type { ServerCrypto } from '../../../adapters/crypto.ts'
import type { Db, Executor } from '../../../adapters/db/index.ts'
import type { Store } from '../../../adapters/store/index.ts'
import type { AppCaller } from '../../../http/caller.ts'
import { fromHex, toHex } from '../../../protocol/bytes.ts'
import type { Language } from '../../../protocol/errors.ts'
import { plainName } from '../../../protocol/plain-name.ts'
import type { Outbox } from '../../outbox/api.ts'
import type { BeginOptions, BegunLogin, Tickets } from '../../tickets/api.ts'
import type { AccountOfAddress } from '../by-address/repo.ts'
import { hasLoggedInBefore } from './repo.ts'

export type NewDeviceNeeds = {
  db: Db
  store: Pick<Store, 'pass'>
  crypto: Pick<ServerCrypto, 'hmacSha256' | 'isEqual'>
  key: Uint8Array
  outbox: Pick<Outbox, 'add' | 'canSend'>
  logins: Pick<Tickets, 'begin' | 'end'>
}

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

export const createNewDevice = ({ db, store, crypto, key, outbox, logins }: NewDeviceNeeds) => {
  const macOf = (loginId: Uint8Array) => crypto.hmacSha256(key, loginId)

  const isWithinDay = async (userId: number) =>
    (await store.pass(`new-device:{${userId}}`, dayMs, mostPerDay).catch(() => 0)) === 0

  const tell = async (
    trx: Executor,
    mail: string,
    {
      account,
      caller,
      options,
      begun,
    }: {
      account: Account
      caller: AppCaller
      options: BeginOptions
      begun: BegunLogin
    },
  ) => {
    const { loginId } = begun
    if (await hasLoggedInBefore(trx, account.userId, loginId)) return
    if (!(await isWithinDay(account.userId))) return
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

  return {
    /** Begins a login, and in the same transaction puts the notice into the outbox, if there is something to tell. */
    begin: async (
      account: Account,
      caller: AppCaller,
      options: BeginOptions,
      { mail, isKnownDevice }: Known,
    ): Promise<BegunLogin | undefined> => {
      if (mail === null || isKnownDevice || !outbox.canSend('email'))
        return logins.begin(account, caller, options)
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
      await logins.end(Buffer.from(loginId))
      return true
    },
  }
}

export type NewDevice = ReturnType<typeof createNewDevice>
