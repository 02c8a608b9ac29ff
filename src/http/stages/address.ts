/** What an address may do: bans, and how often it may call. */
import type { onRequestHookHandler } from 'fastify'
import { Failure } from '../../protocol/errors.ts'
import type { Address } from '../caller.ts'

export type AddressNeeds = {
  /** Throws ADDRESS_BANNED. */
  checkBan(address: Address): void
  /** One trip to the store: throws TOO_OFTEN. */
  checkRateLimit(limit: string, address: Address): Promise<void>
}

/** Stands for an address that is not known; no call from there is served. */
export const nowhere: Address = {
  text: 'unknown',
  family: 'ipv4',
  scope: 'public',
  limitNetwork: 'unknown',
  block: 'unknown',
  site: 'unknown',
  network: 'unknown',
}

/** Throws for an address that is unknown or banned. */
export const checkAddress = ({ checkBan }: Pick<AddressNeeds, 'checkBan'>, address: Address) => {
  if (address === nowhere) throw new Failure('ADDRESS_UNKNOWN')
  checkBan(address)
}

export const checkBan =
  (needs: AddressNeeds): onRequestHookHandler =>
  (request, _reply, done) => {
    if (!request.routeOptions.config.unlimited) checkAddress(needs, request.caller.address)
    done()
  }

export const checkRateLimit =
  ({ checkRateLimit }: AddressNeeds): onRequestHookHandler =>
  (request, _reply, done) => {
    const { limit = 'other', unlimited } = request.routeOptions.config
    if (unlimited) return done()
    checkRateLimit(limit, request.caller.address).then(() => done(), done)
  }
