/** Templates of the rows of providers: `client_id={clientId}`. Each value is encoded for its place. */
export type Lookup = (name: string) => string

const fill = (template: string, look: Lookup): string =>
  template.replace(/\{([^{}]*)\}/g, (_all, name: string) => look(name))

/** The members of a query, in the order of the template: WeChat takes them in no other. Empty ones are left out. */
export const fillMembers = (template: string, look: Lookup): [name: string, value: string][] =>
  template
    .split('&')
    .map((pair): [string, string] => {
      const at = pair.indexOf('=')
      return [pair.slice(0, at), fill(pair.slice(at + 1), look)]
    })
    .filter(([, value]) => value !== '')

export const fillUrl = (template: string, look: Lookup): string =>
  fill(template, (name) => encodeURIComponent(look(name)))

/** `name: value` as a header; none for an empty template. */
export const fillHeader = (template: string, look: Lookup): Record<string, string> => {
  const at = template.indexOf(': ')
  return at < 0 ? {} : { [template.slice(0, at)]: fill(template.slice(at + 2), look) }
}
