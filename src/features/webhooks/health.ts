/** Which webhooks fail, and what to do: for `/readyz`, and for `torii doctor`. */
import { nameOf } from './summary.ts'
import type { WebhookRow } from './tables.ts'

/** A receiver that is started anew fails for a moment; one that fails for longer needs a look. */
const longMs = 300_000
const mostTold = 3

export type Trouble = { webhook: string; problem: string; advice: string }

const minutesOf = (ms: number) => `${Math.floor(ms / 60_000)} minutes`

type Judged = Pick<WebhookRow, 'webhookId' | 'url' | 'disabledAt' | 'problem' | 'failingSince'>

const judge = (row: Judged, isShed: boolean, nowMs: number): Trouble | undefined => {
  const { webhookId, disabledAt, problem, failingSince } = row
  const webhook = nameOf(row)
  if (disabledAt !== null && problem !== '')
    return {
      webhook,
      problem: `${problem}, so it gets no events`,
      advice: `"torii webhook set ${webhookId} --enable", or "torii webhook remove ${webhookId}"`,
    }
  if (disabledAt !== null) return undefined
  if (isShed)
    return {
      webhook,
      problem: `too many deliveries wait (webhooks.maxWaiting, webhooks.maxWaitingInAll)${problem && `; it ${problem}`}`,
      advice: `mend its receiver, then "torii webhook replay ${webhookId} --all"`,
    }
  if (failingSince === null || nowMs - failingSince < longMs) return undefined
  return {
    webhook,
    problem: `has failed for ${minutesOf(nowMs - failingSince)}: ${problem}`,
    advice: `mend its receiver, or correct it with "torii webhook set ${webhookId}"; "torii webhook test ${webhookId}" tries it`,
  }
}

export const findTroubles = (rows: readonly Judged[], shed: ReadonlySet<string>, nowMs: number): Trouble[] =>
  rows.flatMap((row) => {
    const trouble = judge(row, shed.has(row.webhookId), nowMs)
    return trouble ? [trouble] : []
  })

/** In one line; empty: nothing is wrong. */
export const tellTroubles = (troubles: readonly Trouble[]): string => {
  const told = troubles
    .slice(0, mostTold)
    .map(({ webhook, problem, advice }) => `${webhook} ${problem}; ${advice}`)
  const more = troubles.length - told.length
  return [...told, ...(more > 0 ? [`and ${more} more; see "torii webhook list"`] : [])].join('. ')
}
