/** Where the server is: the URL that the client was given, or one of its allow-list that a login was sent to. */
import type { ClientStorage } from './storage.ts'

export type Place = {
  /** The base URL of the next call. */
  find(): Promise<string>
  /** The base URL that a redirect names, if it is allowed. */
  allow(url: unknown): string | undefined
  /** Calls another place; if the work there succeeds, it is the place from now on. */
  visit<T>(base: string, work: () => Promise<T>): Promise<T>
}

export const baseOf = ({ origin, pathname }: URL) => origin + pathname.replace(/\/+$/, '')

export const createPlace = ({
  base,
  redirects,
  storage,
  key,
}: {
  base: string
  redirects: readonly string[]
  storage: ClientStorage
  key: string
}): Place => {
  const allowed: ReadonlySet<string> = new Set(redirects)
  let visited: string | undefined
  return {
    find: async () => {
      if (allowed.size === 0) return base
      const kept = visited ?? (await storage.get(key))
      return kept && allowed.has(kept) ? kept : base
    },
    allow: (url) => {
      const wanted = typeof url === 'string' && URL.canParse(url) ? baseOf(new URL(url)) : ''
      return allowed.has(wanted) ? wanted : undefined
    },
    visit: async (to, work) => {
      visited = to
      try {
        const result = await work()
        await storage.set(key, to)
        return result
      } finally {
        visited = undefined
      }
    },
  }
}
