/** The message of a flow. It tells who asked, so that its reader can judge whether to give the code. */
import type { Clock } from '../../adapters/clock.ts'
import type { Executor } from '../../adapters/db/index.ts'
import type { Config } from '../../config/index.ts'
import type { AppCaller } from '../../http/caller.ts'
import type { Message, Outbox } from '../outbox/api.ts'
import type { Asked } from './api.ts'
import { findLink } from './links.ts'
import type { Purpose } from './wire.ts'

export type Post = (
  trx: Executor,
  asked: Asked,
  made: { flow: string; code: string; expiresAt: number },
) => Promise<void>

export type PostNeeds = {
  outbox: Pick<Outbox, 'add'>
  clock: Clock
  lifeSeconds: number
  links: Config['mail']['links']
  /** The page of this server where a code of this purpose is typed, if it has one. */
  findPage(purpose: Purpose): string | undefined
}

const noCode = '------'
/**
 * A code of these does only what its reader then says. With a code to register or to change an address goes what a
 * stranger may have prepared, a password or an account: its digits help only where they were asked for, and a link to
 * them would make a click do it.
 */
const withLinks: readonly Purpose[] = ['login', 'reset', 'confirm']

/** A stranger chooses both the name of its device and the address that the message goes to: the outbox makes it plain. */
const describeDevice = ({ device }: Pick<AppCaller, 'device'>): string => {
  if (!device) return ''
  return [device.name, device.os].filter(Boolean).join(', ') || device.deviceType
}

export const createPost = ({ outbox, clock, lifeSeconds, links, findPage }: PostNeeds): Post => {
  const minutes = String(Math.round(lifeSeconds / 60))
  return async function post(trx, { asWhat, address, caller, purpose }, { flow, code, expiresAt }) {
    const { appId } = caller.app
    const hasLink = address.kind === 'email' && code !== '' && withLinks.includes(purpose)
    const link = hasLink ? findLink(links, { appId, flow, code, page: findPage(purpose) }) : ''
    const asked = { place: caller.address.text, device: describeDevice(caller) }
    const message: Message = {
      channel: address.kind,
      to: address.text,
      kind: asWhat === 'notice' ? 'address-in-use' : 'code',
      language: caller.language,
      appId,
      variables: asWhat === 'notice' ? asked : { ...asked, code: code || noCode, minutes, purpose, link },
      // What is to send nothing costs the same row, which is over before it can be sent.
      expiresAt: asWhat === 'nothing' ? clock.now() - 1 : expiresAt,
    }
    await outbox.add(trx, message)
  }
}
