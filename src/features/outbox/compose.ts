/** From a row to what leaves: the text of the template, with the links of this server. */
import type { Outgoing } from '../../adapters/sender.ts'
import type { Channel, MessageKind } from './api.ts'
import type { Body } from './body.ts'
import { tellPurpose } from './kinds.ts'
import type { OutboxRow } from './tables.ts'
import type { Templates } from './templates.ts'

export type ComposeNeeds = {
  templates: Readonly<Record<Channel, Templates>>
  /** Begins every link; empty: there are none. */
  publicUrl: string
  findAppName(appId: string): Promise<string | undefined>
}

type Told = Pick<OutboxRow, 'messageId' | 'channel' | 'kind' | 'appId' | 'createdAt'>

/** Stands for an app that is not there any more, and for messages of the server itself. */
const ownName = 'Torii'

/** To the minute, in UTC: the reader's time zone is not known. */
const tellTime = (ms: number) => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`

export const createCompose = ({ templates, publicUrl, findAppName }: ComposeNeeds) => {
  const base = publicUrl.replace(/\/+$/, '')
  return async function compose(row: Told, { to, language, variables }: Body): Promise<Outgoing> {
    const { messageId, channel, appId, createdAt } = row
    const kind = row.kind as MessageKind
    const { link, purpose } = variables
    const app = (await findAppName(appId)) ?? ownName
    const told = {
      ...variables,
      app,
      time: tellTime(createdAt),
      link: link && base ? base + link : '',
      purpose: purpose ? tellPurpose(purpose, language) : '',
    }
    const { subject, text, html } = templates[channel].render(kind, language, told)
    const id = messageId.toString('hex')
    return { id, to, kind, language, appId, variables: told, createdAt, subject, text, html }
  }
}

export type Compose = ReturnType<typeof createCompose>
