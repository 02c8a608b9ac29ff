/** Tells a user by mail that the account leaves, or that it was taken back: a thief may have asked for either. */
import type { Executor } from '../../../adapters/db/index.ts'
import type { AppCaller } from '../../../http/caller.ts'
import type { Addresses } from '../../addresses/api.ts'
import type { Outbox } from '../../outbox/api.ts'

export type Notice = {
  kind: 'account-leaving' | 'account-recovered'
  caller: AppCaller
  /** Of an account that leaves, in milliseconds. */
  finalAt?: number
}

export type TellNeeds = {
  addresses: Pick<Addresses, 'findMails'>
  outbox: Pick<Outbox, 'add' | 'canSend'>
}

/** The same in all languages. */
const writeDate = (ms: number) => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`

export const createTell = ({ addresses, outbox }: TellNeeds) =>
  async function tell(trx: Executor, userId: number, { kind, caller, finalAt }: Notice): Promise<void> {
    if (!outbox.canSend('email')) return
    const where = { place: caller.address.text, device: caller.device?.name ?? '' }
    for (const to of await addresses.findMails(trx, userId)) {
      await outbox.add(trx, {
        channel: 'email',
        to,
        kind,
        language: caller.language,
        appId: caller.app.appId,
        variables: finalAt === undefined ? where : { ...where, date: writeDate(finalAt) },
      })
    }
  }

export type Tell = ReturnType<typeof createTell>
