/** Scopes as the database has them: names, divided by blanks. */

/** Part of every consent. */
export const always = 'openid'

export const readScopes = (text: string): string[] => text.split(' ').filter((scope) => scope !== '')

/** Each once, `openid` first, the others by name: the same scopes are always the same text. */
export const joinScopes = (scopes: readonly string[]): string => {
  const others = [...new Set(scopes)].filter((scope) => scope !== always)
  return [always, ...others.sort()].join(' ')
}
