/** Reads the members of a stage that the client sends. */
import { Failure } from '../../protocol/errors.ts'
import type { JsonObject } from '../../protocol/json.ts'

const mostServerKeyIds = 4

export const contentWrong = (info: string) => new Failure('KX_CONTENT', { info })

export const readText = (value: unknown, name: string): string => {
  if (value === undefined) return ''
  if (typeof value !== 'string') throw contentWrong(name)
  return value
}

/** Version 1 where none is named. */
export const readVersion = ({ kx = 1 }: JsonObject): 1 | 2 => {
  if (kx !== 1 && kx !== 2) throw contentWrong('kx')
  return kx
}

export const readServerKeyIds = ({ serverKeyIds = [] }: JsonObject): string[] => {
  const isGood =
    Array.isArray(serverKeyIds) &&
    serverKeyIds.length <= mostServerKeyIds &&
    serverKeyIds.every((id) => typeof id === 'string' && /^[0-9a-f]{16}$/.test(id))
  if (!isGood) throw contentWrong('serverKeyIds')
  return serverKeyIds as string[]
}

export const readEncType = <Suite>(
  { encType }: JsonObject,
  find: (encType?: string) => Suite | undefined,
): Suite => {
  const suite = encType === undefined || typeof encType === 'string' ? find(encType) : undefined
  if (suite === undefined) throw new Failure('KX_ENC_TYPE')
  return suite
}

/** The form of the client's public key, in which the server answers with its own. */
export const pubKeyFormOf = ({ pubKey }: JsonObject): 'pem' | 'base64' =>
  typeof pubKey === 'string' && pubKey.startsWith('-----BEGIN') ? 'pem' : 'base64'
