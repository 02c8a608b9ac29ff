import { ClientFailure } from './failure.ts'

/** `AbortSignal` where the types of the app know it. */
type FetchSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } } ? Signal : unknown

/** The part of the standard `fetch` that the client uses, spelled out so that its types need no DOM. */
export type FetchInit = {
  method: 'POST'
  headers: Record<string, string>
  body: string
  cache: 'no-store'
  credentials: 'omit'
  redirect: 'error'
  referrerPolicy: 'no-referrer'
  signal: FetchSignal
}
export type FetchResponse = { headers: { get(name: string): string | null }; text(): Promise<string> }
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>
export type Answer = { text: string; retryAfterSeconds: number | undefined }
export type Post = (
  path: string,
  type: keyof typeof contentTypes,
  body: string,
  waitMs?: number,
) => Promise<Answer>

export type PostNeeds = {
  /** The base URL of the server; a login may have moved the client to another one. */
  findBase(): Promise<string>
  fetch: Fetch
  timeoutMs: number
  language: string | undefined
}

const contentTypes = {
  form: 'application/x-www-form-urlencoded',
  json: 'application/json',
} as const

/** The body of a form. Not `URLSearchParams`: React Native has half of it. */
export const encodeForm = (members: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(members)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]))
    .join('&')

/** One POST. Every reply counts as an answer, whatever its status. Throws UNREACHABLE when none came in time. */
export const createPost = ({ findBase, fetch, timeoutMs, language }: PostNeeds): Post => {
  const languageHeader = language === undefined ? undefined : { 'accept-language': language }
  return async function post(path, type, body, waitMs = 0) {
    const base = await findBase()
    // Not `AbortSignal.timeout`, which React Native and older browsers lack.
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), timeoutMs + waitMs)
    try {
      const response = await fetch(base + path, {
        method: 'POST',
        headers: { 'content-type': contentTypes[type], ...languageHeader },
        body,
        cache: 'no-store',
        credentials: 'omit',
        // The server never redirects a call; following a redirect would hand its secrets to another host.
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        signal: deadline.signal,
      })
      const wait = Number(response.headers.get('retry-after') ?? Number.NaN)
      return { text: await response.text(), retryAfterSeconds: Number.isFinite(wait) ? wait : undefined }
    } catch (cause) {
      throw new ClientFailure('UNREACHABLE', { cause })
    } finally {
      clearTimeout(timer)
    }
  }
}
