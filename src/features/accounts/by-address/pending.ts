/** An account that waits for its code, as the payload of a flow: JSON, sealed at rest by the flow. */
import type { NewAccount } from '../new-account.ts'
import type { Secrets } from '../new-verifiers.ts'

type Kept<T> = { [Name in keyof T]: T[Name] extends Buffer | null ? string | null : T[Name] }
type Pending = Omit<NewAccount, 'verifiers' | 'number'> & {
  verifiers: (Kept<Secrets> & { loginKey: string })[]
  number: Kept<Secrets>
}

const toText = (bytes: Buffer | null) => (bytes === null ? null : bytes.toString('base64'))
const toBytes = (text: string | null) => (text === null ? null : Buffer.from(text, 'base64'))

export const writePending = ({ verifiers, number, ...names }: NewAccount): Pending => ({
  ...names,
  number: {
    verifier: number.verifier,
    nextVerifier: number.nextVerifier,
    saltFrom: toText(number.saltFrom),
  },
  verifiers: verifiers.map(({ loginKey, saltFrom, ...verifier }) => ({
    ...verifier,
    loginKey: loginKey.toString('base64'),
    saltFrom: toText(saltFrom),
  })),
})

export const readPending = (payload: unknown): NewAccount => {
  const { verifiers, number, ...names } = payload as Pending
  return {
    ...names,
    number: { ...number, saltFrom: toBytes(number.saltFrom) },
    verifiers: verifiers.map(({ loginKey, saltFrom, ...verifier }) => ({
      ...verifier,
      loginKey: Buffer.from(loginKey, 'base64'),
      saltFrom: toBytes(saltFrom),
    })),
  }
}
