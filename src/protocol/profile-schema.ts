/** What an app declares of its users' profiles: the members that `params` of /v1/user/set may have. */

export const audiences = ['everyone', 'friends', 'nobody'] as const
/** Who sees a member of a profile, beside its user. */
export type Audience = (typeof audiences)[number]

export type ProfileField = {
  /** 1 to 32 letters, digits and `_`, beginning with a letter. */
  name: string
  type: 'text' | 'integer' | 'boolean'
  /** Of a text: code points at most, 1 to 2,000. */
  length?: number
  audience: Audience
  /** Of a text: what happens to forbidden words; `refuse` without it. */
  words?: 'refuse' | 'mask'
}

export const profileBounds = { fields: 32, length: 2_000, allLengths: 8_000 } as const

const types = ['text', 'integer', 'boolean']
const members = ['name', 'type', 'length', 'audience', 'words']

/**
 * Reads a profile schema: JSON, an array of fields. Throws an Error that says what is wrong.
 *
 * ```json
 * [{ "name": "level", "type": "integer", "audience": "everyone" },
 *  { "name": "motto", "type": "text", "length": 80, "audience": "friends", "words": "mask" }]
 * ```
 */
export const readProfileSchema = (text: string): ProfileField[] => {
  const fields: unknown = JSON.parse(text)
  if (!Array.isArray(fields) || fields.length > profileBounds.fields) {
    throw new Error(`a profile schema is an array of at most ${profileBounds.fields} fields`)
  }
  const read = fields.map(readField)
  const twice = read.find(({ name }, at) => read.findIndex((field) => field.name === name) < at)
  if (twice) throw new Error(`${twice.name} is there twice`)
  const lengths = read.reduce((sum, { length = 0 }) => sum + length, 0)
  if (lengths > profileBounds.allLengths) {
    throw new Error(`the lengths of all texts together are more than ${profileBounds.allLengths}`)
  }
  return read
}

const readField = (given: unknown, at: number): ProfileField => {
  const field = (typeof given === 'object' && given !== null ? given : {}) as ProfileField
  const { name, type, length, audience, words } = field
  const unknown = Object.keys(field).find((member) => !members.includes(member))
  if (unknown !== undefined) throw new Error(`field ${at + 1} has an unknown member ${unknown}`)
  if (typeof name !== 'string' || !/^[A-Za-z]\w{0,31}$/.test(name)) {
    throw new Error(`field ${at + 1} needs a name of letters, digits and _`)
  }
  if (!types.includes(type)) throw new Error(`${name}: type is one of ${types.join(', ')}`)
  if (!audiences.includes(audience)) throw new Error(`${name}: audience is one of ${audiences.join(', ')}`)
  if (type !== 'text') {
    if (length !== undefined || words !== undefined) throw new Error(`${name}: length and words are of texts`)
    return { name, type, audience }
  }
  if (!Number.isInteger(length) || Number(length) < 1 || Number(length) > profileBounds.length) {
    throw new Error(`${name}: a text needs a length from 1 to ${profileBounds.length}`)
  }
  if (words !== undefined && words !== 'refuse' && words !== 'mask') {
    throw new Error(`${name}: words is refuse or mask`)
  }
  return { name, type, length: Number(length), audience, words: words ?? 'refuse' }
}
