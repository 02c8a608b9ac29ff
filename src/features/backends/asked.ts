/** Demands as text: with the URL of a gateway, or in the form of an introspection. */
import { Failure } from '../../protocol/errors.ts'
import type { Asked } from './demands.ts'
import { checkedTiers, type Wanted, wantedNames } from './wire.ts'

const readTier = (text: string | undefined): Asked['tier'] => {
  const tier = checkedTiers.find((known) => known === text)
  if (text !== undefined && tier === undefined) throw new Failure('PARAMETER_INVALID', { info: 'tier' })
  return tier
}

const readAge = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,7}$/.test(text)) throw new Failure('PARAMETER_INVALID', { info: 'maxAuthAge' })
  return Number(text)
}

const readWants = (text: string | undefined): readonly Wanted[] => {
  const typed = new Set(text?.split(' ').filter((name) => name !== ''))
  const wants = wantedNames.filter((name) => typed.has(name))
  if (wants.length !== typed.size) throw new Failure('PARAMETER_INVALID', { info: 'wants' })
  return wants
}

/** A gateway copies headers that it knows, so it is told nothing more. */
export const gatewayNames = ['tier', 'business', 'scopes', 'route', 'maxAuthAge'] as const
export const introspectionNames = [...gatewayNames, 'wants'] as const

export type AskedText = Partial<Record<(typeof introspectionNames)[number], string>>

/** Throws for a value that no demand has: a gateway that believes to have asked must have. */
export const readAsked = (text: AskedText): Asked => {
  const scopes = text.scopes?.split(' ').filter((scope) => scope !== '')
  return {
    tier: readTier(text.tier),
    business: text.business,
    scopes,
    route: text.route,
    maxAuthAge: readAge(text.maxAuthAge),
    wants: readWants(text.wants),
  }
}

/** The demands that a URL was configured with. Any other name is refused: a misspelled demand would ask for nothing. */
export const readAskedQuery = (query: ReadonlyMap<string, string>, names: readonly string[]): AskedText => {
  for (const name of query.keys()) {
    if (!names.includes(name)) throw new Failure('PARAMETER_INVALID', { info: name.slice(0, 32) })
  }
  return Object.fromEntries(query)
}
