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

/** The base URL without a trailing slash: `https://login.example.com/torii`. */
export const baseOf = ({ origin, pathname }: URL) => origin + pathname.replace(/\/+$/, '')

/** HTTPS or loopback: a reply can't be read or forged on the way. */
export const isProtected = ({ protocol, hostname }: URL) =>
  protocol === 'https:' || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)

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
    isProtected: async () => isProtected(new URL(await find())),
    findAllowed: (url) => {
      const wanted = typeof url === 'string' && URL.canParse(url) ? baseOf(new URL(url)) : ''
      return allowed.has(wanted) ? wanted : undefined
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
