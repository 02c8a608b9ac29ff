/** What an answer of a receiver means. */
import type { OutgoingError } from '../../../adapters/fetch.ts'
import type { WebhookReply } from '../../../adapters/webhook-call.ts'

export type Outcome = {
  /** Empty: the delivery has arrived. */
  problem: string
  /** The receiver itself is at fault, so the next delivery would fail alike. */
  isOfReceiver: boolean
  /** The receiver wants no call any more. */
  isGone: boolean
  /** The receiver asks for a pause. */
  retryAfterSeconds: number
}

const arrived: Outcome = { problem: '', isOfReceiver: false, isGone: false, retryAfterSeconds: 0 }

/** Answers that do not depend on the event. */
const advices: Readonly<Record<number, string>> = {
  401: 'answers 401: it refuses the signature; give it the secret that "torii webhook rotate" shows',
  403: 'answers 403: it refuses the call',
  404: 'answers 404: it has nothing at this path; "torii webhook set ID --url URL" corrects it',
  405: 'answers 405: it takes no POST at this path',
  408: 'answers 408',
  410: 'answers 410 Gone',
  429: 'answers 429: too many calls for it',
  502: 'answers 502: a proxy is there, and no receiver behind it',
  503: 'answers 503',
  504: 'answers 504: a proxy is there, and no receiver behind it',
}

export const judgeReply = ({ status, retryAfterSeconds }: WebhookReply): Outcome => {
  if (status >= 200 && status < 300) return arrived
  const advice = advices[status]
  return {
    problem: advice ?? `answers ${status}`,
    isOfReceiver: advice !== undefined,
    isGone: status === 410,
    retryAfterSeconds,
  }
}

const isOutgoing = (error: unknown): error is OutgoingError => (error as Error)?.name === 'OutgoingError'

const longestProblem = 250
/**
 * One line, that fits its column. The path of a URL may be a secret of the receiver, and lists name the webhook anyway;
 * what an error that is none of our own calls says is for the log alone.
 */
export const judgeError = (error: unknown, url: string): Outcome => {
  const { origin, pathname } = new URL(url)
  const text = isOutgoing(error)
    ? error.message.replace(`${origin}${pathname}: `, '')
    : 'no call could be made; the log of the server says why'
  const problem = [...text.replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ')].slice(0, longestProblem).join('')
  return { problem, isOfReceiver: true, isGone: false, retryAfterSeconds: 0 }
}
