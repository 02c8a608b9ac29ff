export type { Businesses } from './businesses.ts'

/** A named service of yours that its pSKey opens. */
export type Business = {
  name: string
  /** A pSKey of it that is not used for this long ends. */
  idleSeconds: number
  /** Paths: what lies under one of them belongs to it. Empty: no path is asked for. */
  routes: readonly string[]
  /** The apps whose users get its pSKeys. */
  appIds: readonly string[]
}
