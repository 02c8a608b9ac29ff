/** Tells the user by mail that a provider opens the account now, or no longer: a thief may have asked for it. */
import type { Executor } from '../../adapters/db/index.ts'
import type { Providers } from '../../adapters/providers/driver.ts'
import type { Store } from '../../adapters/store/index.ts'
import type { AppCaller } from '../../http/caller.ts'
import type { Addresses } from '../addresses/api.ts'
import type { Outbox } from '../outbox/api.ts'

export type TellNeeds = {
  store: Pick<Store, 'pass'>
  providers: Providers
  addresses: Pick<Addresses, 'findMails'>
  outbox: Pick<Outbox, 'add' | 'canSend'>
}

type Change = { userId: number; what: 'linked' | 'unlinked'; provider: string; caller: AppCaller }

const dayMs = 24 * 3_600_000
/** Notices of an account in a day: a thief with a ticket must not fill the mailbox. */
const mostPerDay = 10

export const createTell = ({ store, providers, addresses, outbox }: TellNeeds) => {
  const isWithinDay = async (userId: number) =>
    (await store.pass(`identity-changed:{${userId}}`, dayMs, mostPerDay).catch(() => 0)) === 0

  const titleOf = (name: string, { language }: AppCaller) => {
    const found = providers.get(name)?.provider
    return (language === 'zh-CN' ? found?.titleChinese : found?.title) || name
  }

  return async function tell(trx: Executor, { userId, what, provider, caller }: Change): Promise<void> {
    if (!outbox.canSend('email')) return
    const mails = await addresses.findMails(trx, userId)
    if (mails.length === 0 || !(await isWithinDay(userId))) return
    for (const to of mails) {
      await outbox.add(trx, {
        channel: 'email',
        to,
        kind: 'identity-changed',
        language: caller.language,
        appId: caller.app.appId,
        variables: {
          [what]: titleOf(provider, caller),
          place: caller.address.text,
          device: caller.device?.name ?? '',
        },
      })
    }
  }
}

export type Tell = ReturnType<typeof createTell>
