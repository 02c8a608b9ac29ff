/** One thing that was looked at. `advice` says what to do; it is there whenever something is to be done. */
export type Finding = {
  state: 'ok' | 'warning' | 'broken'
  subject: string
  found: string
  advice?: string
}

export const ok = (subject: string, found: string): Finding => ({ state: 'ok', subject, found })

export const warning = (subject: string, found: string, advice: string): Finding => ({
  state: 'warning',
  subject,
  found,
  advice,
})

export const broken = (subject: string, found: string, advice: string): Finding => ({
  state: 'broken',
  subject,
  found,
  advice,
})
