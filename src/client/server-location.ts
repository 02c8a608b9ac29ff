/** The base URL of the server: the one that the client was given, or one of its `redirects` that a login was sent to. */
import type { ClientStorage } from './storage.ts'

export type ServerLocation = {
  /** The base URL of the next call. */
  find(): Promise<string>
  /** Whether replies come over HTTPS or from loopback, where they can't be forged on the way. */
  isProtected(): Promise<boolean>
  /** The base URL that a redirect names, if the client allows it. */
  findAllowed(url: unknown): string | undefined
  /** Runs `work` against another base URL, and stays there if the work succeeds. */
  move<T>(base: string, work: () => Promise<T>): Promise<T>
}

export type ServerLocationNeeds = {
  base: string
  redirects: readonly string[]
  storage: ClientStorage
  key: string
}

// Not `URL`: React Native has half of it.
const urlPattern = /^(https?):\/\/(\[[\da-f:.]+\]|[^\s/?#@:\\[\]]+)(:\d{1,5})?(\/[^\s?#\\]*)?$/i
const defaultPorts: Readonly<Record<string, string>> = { http: ':80', https: ':443' }

/** The base URL that a text names, without a trailing slash: `https://login.example.com/torii`. */
export const findBase = (text: string): string | undefined => {
  const [whole, written = '', host = '', port = '', path = ''] = urlPattern.exec(text) ?? []
  if (whole === undefined) return undefined
  const scheme = written.toLowerCase()
  const shownPort = port === defaultPorts[scheme] ? '' : port
  return `${scheme}://${host.toLowerCase()}${shownPort}${path.replace(/\/+$/, '')}`
}

/** The same; throws TypeError, naming the option. */
export const readBase = (text: string, option: string): string => {
  const base = findBase(text)
  if (base === undefined) throw new TypeError(`${option}: ${text} is no http: or https: URL, or has a query`)
  return base
}

/** HTTPS or loopback: a reply can't be read or forged on the way. */
export const isProtected = (base: string): boolean =>
  /^(https:\/\/|http:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?(\/|$))/.test(base)

export const createServerLocation = (needs: ServerLocationNeeds): ServerLocation => {
  const { base, storage, key } = needs
  const allowed: ReadonlySet<string> = new Set(needs.redirects)
  let trying: string | undefined
  const find = async () => {
    if (allowed.size === 0) return base
    const kept = trying ?? (await storage.get(key))
    return kept && allowed.has(kept) ? kept : base
  }
  return {
    find,
    isProtected: async () => isProtected(await find()),
    findAllowed: (url) => {
      const wanted = typeof url === 'string' ? findBase(url) : undefined
      return wanted !== undefined && allowed.has(wanted) ? wanted : undefined
    },
    move: async (to, work) => {
      trying = to
      try {
        const result = await work()
        await storage.set(key, to)
        return result
      } finally {
        trying = undefined
      }
    },
  }
}
