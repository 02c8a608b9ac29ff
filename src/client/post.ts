import { ClientFailure } from './failure.ts'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>
export type Answer = { text: string; retryAfterSeconds: number | undefined }
export type Post = (path: string, type: keyof typeof contentTypes, body: string) => Promise<Answer>

const contentTypes = {
  form: 'application/x-www-form-urlencoded',
  json: 'application/json',
} as const

/** One POST. Whatever its status, what came back is an answer; `UNREACHABLE` when nothing came back in time. */
export const createPost = ({
  findBase,
  fetch,
  timeoutMs,
  language,
}: {
  /** Where the server is; it may send a login elsewhere. */
  findBase(): Promise<string>
  fetch: Fetch
  timeoutMs: number
  language: string | undefined
}): Post => {
  const more = language === undefined ? undefined : { 'accept-language': language }
  return async (path, type, body) => {
    const base = await findBase()
    try {
      const response = await fetch(base + path, {
        method: 'POST',
        headers: { 'content-type': contentTypes[type], ...more },
        body,
        cache: 'no-store',
        credentials: 'omit',
        // The server never redirects a call; whoever does would be handed the secrets in it.
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        signal: AbortSignal.timeout(timeoutMs),
      })
      const wait = Number(response.headers.get('retry-after') ?? Number.NaN)
      return { text: await response.text(), retryAfterSeconds: Number.isFinite(wait) ? wait : undefined }
    } catch (error) {
      throw new ClientFailure('UNREACHABLE', { cause: error })
    }
  }
}
