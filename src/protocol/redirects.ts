const longest = 512
/** RFC 8252 section 7.1: the scheme of an app has a dot, so that it is none that a browser runs. */
const appScheme = /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/
const loopbacks = ['localhost', '127.0.0.1', '[::1]']

/**
 * Whether an app may list a text as a redirect target: `https://app.example.com/back`, on this machine `http://`, or the
 * scheme of an app such as `com.example.app:/back`. Only as a browser writes it, so that it is compared as it stands.
 */
export const isRedirect = (text: string): boolean => {
  if (text.length > longest || !/^[\x21-\x5b\x5d-\x7e]+$/.test(text) || !URL.canParse(text)) return false
  const { href, protocol, hostname, username, password } = new URL(text)
  if (href !== text || text.includes('#') || username + password !== '') return false
  if (protocol === 'http:') return loopbacks.includes(hostname)
  return protocol === 'https:' || appScheme.test(protocol)
}
