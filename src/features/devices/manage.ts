/** What a user sees of the devices that the account is logged in on, and does to them. */
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { Store } from '../../adapters/store/index.ts'
import type { TicketCaller } from '../../http/caller.ts'
import { fromHex, toHex } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import { plainName, plainVersion } from '../../protocol/plain-name.ts'
import type { Addresses } from '../addresses/api.ts'
import type { Outbox } from '../outbox/api.ts'
import type { Tickets } from '../tickets/api.ts'
import type { DeviceListReply, RenameInput, RevokeInput } from './wire.ts'

export type ManageNeeds = {
  db: Db
  store: Pick<Store, 'pass'>
  tickets: Pick<Tickets, 'listOf' | 'nameDevice' | 'endChosen'>
  addresses: Pick<Addresses, 'findMails'>
  outbox: Pick<Outbox, 'add' | 'canSend'>
  findAppName(appId: string): Promise<string | undefined>
}

const dayMs = 24 * 3_600_000
/** Notices of an account in a day. */
const mostPerDay = 10
const seconds = (ms: number) => Math.floor(ms / 1_000)

export const createManage = ({ db, store, tickets, addresses, outbox, findAppName }: ManageNeeds) => {
  const isWithinDay = async (userId: number) =>
    (await store.pass(`revoked:{${userId}}`, dayMs, mostPerDay).catch(() => 0)) === 0

  /** A thief with a ticket may have logged out the owner. */
  const tell = async (trx: Executor, caller: TicketCaller, count: number) => {
    const { userId } = caller.ticket
    const mails = await addresses.findMails(trx, userId)
    for (const to of mails) {
      await outbox.add(trx, {
        channel: 'email',
        to,
        kind: 'logged-out',
        language: caller.language,
        appId: caller.app.appId,
        variables: {
          count: String(count),
          place: caller.address.text,
          device: caller.device?.name || caller.device?.deviceType || '',
        },
      })
    }
  }

  const list = async ({ ticket }: TicketCaller): Promise<DeviceListReply> => {
    const logins = await tickets.listOf(ticket.userId)
    const appIds = [...new Set(logins.map(({ appId }) => appId))]
    const apps = new Map(
      await Promise.all(appIds.map(async (appId) => [appId, (await findAppName(appId)) ?? ''] as const)),
    )
    return {
      devices: logins.map((login) => ({
        id: toHex(login.loginId),
        app: apps.get(login.appId) ?? '',
        type: plainName(login.deviceType),
        os: plainName(login.os),
        osver: plainVersion(login.osver),
        device: login.givenName ?? plainName(login.deviceName),
        network: login.network,
        authenticatedAt: seconds(login.authenticatedAt),
        lastSeenAt: seconds(Math.max(login.lastSeenAt, login.a2RotatedAt)),
        expiresAt: seconds(login.expiresAt),
        isThis: toHex(login.loginId) === ticket.loginId,
      })),
    }
  }

  const rename = async ({ rename, name }: RenameInput, { ticket }: TicketCaller) => {
    const device = plainName(name)
    if (device === '') throw new Failure('TEXT_CHARACTERS', { info: 'name: letters or digits' })
    const loginId = Buffer.from(fromHex(rename) ?? [])
    if (!(await tickets.nameDevice(ticket.userId, loginId, device))) throw new Failure('DEVICE_UNKNOWN')
    return { device }
  }

  const revoke = async ({ revoke }: RevokeInput, caller: TicketCaller) => {
    const { userId, loginId: own } = caller.ticket
    const isTold = outbox.canSend('email') && (await isWithinDay(userId))
    const { ended, close } = await db.transaction(async (trx) => {
      const chosen = await tickets.endChosen(trx, userId, ({ loginId }) =>
        revoke === 'others' ? toHex(loginId) !== own : toHex(loginId) === revoke,
      )
      if (isTold && chosen.ended.length > 0) await tell(trx, caller, chosen.ended.length)
      return chosen
    })
    if (ended.length === 0 && revoke !== 'others') throw new Failure('DEVICE_UNKNOWN')
    await close()
    return { ended: ended.length }
  }

  return { list, rename, revoke }
}
