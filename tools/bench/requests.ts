/** Plain requests, before they are bytes. */
export type PlainRequest = {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body: string
}

export const post = (path: string, members: object, headers: Record<string, string> = {}): PlainRequest => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(members),
})
