/** What is wrong with a provider, as the last logins have seen it: for an administrator, who mends it. */
import type { Clock } from '../clock.ts'
import type { ProviderDriver } from './driver.ts'

/** What providers say of a wrong id or secret (RFC 6749 section 5.2). */
const clientFaults = ['invalid_client', 'unauthorized_client']
/** So long a failure counts, unless a login succeeds before. */
const lifeMs = 600_000

/** The cause of a Failure is for administrators. */
const describe = ({ message, cause }: Error): string => (cause instanceof Error ? cause.message : message)

/** Whether the provider, or our id and secret, are to blame: a caller can bring anything else about. */
const isOfProvider = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false
  const { error: said } = error as { error?: unknown }
  const isNamed = error.name === 'OutgoingError' || clientFaults.includes(String(said))
  return isNamed || isOfProvider(error.cause)
}

export type Watched = { driver: ProviderDriver; problem(): string }

type Call = 'authorizeUrl' | 'finish'

/** The same driver, which remembers its failures. `problem` is empty when nothing is known to be wrong. */
export const watchDriver = (driver: ProviderDriver, clock: Pick<Clock, 'elapsed'>): Watched => {
  const problems = new Map<Call, { text: string; at: number }>()
  const note = async <T>(
    call: Call,
    work: Promise<T>,
    isProblem: (error: unknown) => boolean,
  ): Promise<T> => {
    try {
      const result = await work
      problems.delete(call)
      return result
    } catch (error) {
      if (isProblem(error)) problems.set(call, { text: describe(error as Error), at: clock.elapsed() })
      throw error
    }
  }
  return {
    driver: {
      ...driver,
      // Nothing of a caller is in this one.
      authorizeUrl: (asked) => note('authorizeUrl', driver.authorizeUrl(asked), () => true),
      finish: (asked) => note('finish', driver.finish(asked), isOfProvider),
    },
    problem: () => {
      const found = [...problems.values()].find(({ at }) => clock.elapsed() - at < lifeMs)
      return found?.text ?? ''
    },
  }
}
