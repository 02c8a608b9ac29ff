/** Made from the shapes of src/features by `npm run generate`. */

/** What each operation takes and what it answers beside the members of every reply. */
export type Operations = {
  /** Sends a code to an address that is to become the user’s: its first of the kind, or a new one. */
  '/v1/address/change': {
    input: {
      /** The SKey */
      token?: string
      /** email, phone */
      kind: string
      /** E-mail address or phone number */
      address: string
      /** For clients that cannot run bcrypt; 1 to 1,024 bytes of UTF-8 */
      password?: string
      /** The password of now, under the salt of any login of the user */
      oldHash?: {
        salt: string
        clientHash: string
        /** The same at the cost that prelogin calls previous */
        previousClientHash?: string
      }
      /** Last 31 characters of BCrypt(MD5hex(password), salt, cost) */
      clientHash?: string
      /** The same at the cost that prelogin calls next */
      nextClientHash?: string
      /** The salt of clientHash */
      salt?: string
      captcha?: {
        captchaId?: string
        /** The letters, or for work the payload of ALTCHA */
        answer?: string
      }
    }
    reply: {
      /** For /v1/verify, with the code */
      flow: string
      kind: string
      resendSeconds: number
      expiresSeconds: number
    }
  }
  /** The verified addresses of the user. */
  '/v1/address/list': {
    input: {
      /** The SKey */
      token?: string
    }
    reply: {
      addresses: {
        kind: string
        address: string
        /** Unix seconds */
        verifiedAt: number
      }[]
    }
  }
  /** Takes an address from the user. */
  '/v1/address/remove': {
    input: {
      /** The SKey */
      token?: string
      /** email, phone */
      remove: string
      /** For clients that cannot run bcrypt; 1 to 1,024 bytes of UTF-8 */
      password?: string
      /** The password of now, under the salt of any login of the user */
      oldHash?: {
        salt: string
        clientHash: string
        /** The same at the cost that prelogin calls previous */
        previousClientHash?: string
      }
    }
    reply: Record<never, never>
  }
  /** A captcha for another operation: a picture, or work for the device. */
  '/v1/captcha': {
    input: {
      purpose: string
      kind?: string
      theme?: string
    }
    reply: {
      captchaId: string
      /** work, picture */
      kind: string
      purpose: string
      /** Seconds */
      expiresIn: number
      /** SVG */
      picture?: string
      challenge?: {
        /** SHA-256 */
        algorithm: string
        /** Hex of the hash of salt and number */
        challenge: string
        maxnumber: number
        salt: string
        signature: string
      }
    }
  }
  /** Sends a code to an address, or another one for a flow. */
  '/v1/code/send': {
    input: {
      /** What the code is for; without flow */
      purpose?: string
      /** E-mail address or phone number; without flow */
      address?: string
      /** What the address is */
      kind?: string
      /** The flow that a code was sent for */
      flow?: string
      captcha?: {
        captchaId?: string
        /** The letters, or for work the payload of ALTCHA */
        answer?: string
      }
    }
    reply: {
      /** The flow that a code was sent for */
      flow: string
      /** email, phone */
      kind: string
      /** When the next code can be sent */
      resendSeconds: number
      /** How long the code works */
      expiresSeconds: number
    }
  }
  /** The user agrees that a third-party app gets OpenKeys with these scopes, beside those of before. */
  '/v1/consent/grant': {
    input: {
      /** The SKey */
      token?: string
      /** The id of the third-party app */
      grantTo: string
      /** What the app may learn or do; openid is always one of them */
      scopes?: string[]
    }
    reply: {
      consent: {
        app: string
        /** What people call the app */
        name: string
        /** What the app may learn or do; openid is always one of them */
        scopes: string[]
        /** Unix seconds */
        grantedAt: number
      }
    }
  }
  /** What the user has agreed to, for each third-party app. */
  '/v1/consent/list': {
    input: {
      /** The SKey */
      token?: string
    }
    reply: {
      consents: {
        app: string
        /** What people call the app */
        name: string
        /** What the app may learn or do; openid is always one of them */
        scopes: string[]
        /** Unix seconds */
        grantedAt: number
      }[]
    }
  }
  /** The user takes a consent back: all OpenKeys of that app for this user end. */
  '/v1/consent/revoke': {
    input: {
      /** The SKey */
      token?: string
      /** The id of the third-party app */
      revokeFrom: string
    }
    reply: Record<never, never>
  }
  /** The devices that the user is logged in on. */
  '/v1/device/list': {
    input: {
      /** The SKey */
      token?: string
    }
    reply: {
      devices: {
        /** Of the login */
        id: string
        /** Name of the app */
        app: string
        type: string
        os: string
        osver: string
        /** Its name: as the user calls it, or as it calls itself */
        device: string
        /** Where the login came from: the network of the address */
        network: string
        /** When the user logged in there, unix seconds */
        authenticatedAt: number
        /** When it was used last, within an hour, unix seconds */
        lastSeenAt: number
        /** When the user has to log in again, unix seconds */
        expiresAt: number
        /** The device that asks */
        isThis: boolean
      }[]
    }
  }
  /** Gives a device of the user another name. */
  '/v1/device/rename': {
    input: {
      /** The SKey */
      token?: string
      /** id, from the list */
      rename: string
      name: string
    }
    reply: {
      /** The name as it is kept */
      device: string
    }
  }
  /** Logs the user out on another device, or on all others; asks for a fresh login. */
  '/v1/device/revoke': {
    input: {
      /** The SKey */
      token?: string
      /** id, from the list, or others */
      revoke: string
    }
    reply: {
      /** So many logins ended */
      ended: number
    }
  }
  /** Answers the members that it was sent. */
  '/v1/echo': {
    input: Record<string, unknown>
    reply: {
      status: number
    } & Record<string, unknown>
  }
  /** The events of the user behind a position; waits for one if there is none yet. */
  '/v1/event/list': {
    input: {
      /** The SKey */
      token?: string
      /** From the reply before */
      cursor?: string
      /** Instead of a cursor: the number of the last event that is known */
      since?: number
      /** How many at most; 50 without it */
      limit?: number
      /** Without an event the reply waits for one, so long at most */
      waitSeconds?: number
    }
    reply: {
      /** Oldest first */
      events: {
        /** Its place in the list of the user, from 1 on */
        number: number
        /** The same in a webhook */
        id: string
        /** One of the kinds of docs/features/events.md */
        kind: string
        /** Unix seconds */
        at: number
        /** Id of the app through which it happened */
        app?: string
        /** The other user that it tells of */
        userId?: string
        /** In the form of the kind */
        detail: Record<string, unknown>
      }[]
      /** Behind the last of these events */
      cursor: string
      /** Number of the newest event; 0 without any */
      last: number
      /** Events behind the one that the user has read up to */
      unread: number
      /** So many events behind the position have left the list unread */
      missed?: number
    }
  }
  /** Marks the events of the user as read, up to a number. */
  '/v1/event/read': {
    input: {
      /** The SKey */
      token?: string
      /** Number of the last event that the user has seen */
      readUpTo: number
    }
    reply: {
      /** Number of the newest event; 0 without any */
      last: number
      /** Events behind the one that the user has read up to */
      unread: number
    }
  }
  /** The friend operations of the old chat protocol, as frames. */
  '/v1/friend-op': {
    input: {
      version?: unknown
      tm?: unknown
      keyPrint?: unknown
      msgType?: unknown
      friendOp?: unknown
      friendOpRet?: unknown
      plainMsg?: unknown
    }
    reply: {
      version: number
      tm: string
      keyPrint: string
      msgType: string | number
      friendOpRet?: {
        operation: string | number
        /** ok, question or reject */
        result: string
        user: Record<string, unknown>
        users: Record<string, unknown>[]
        sendId?: string
        msgId?: string
        params: Record<string, unknown>
      }
      plainMsg?: {
        friendOpRet: {
          operation: string | number
          /** ok, question or reject */
          result: string
          user: Record<string, unknown>
          users: Record<string, unknown>[]
          sendId?: string
          msgId?: string
          params: Record<string, unknown>
        }
      }
    }
  }
  /** Accepts a friend request. */
  '/v1/friend/accept': {
    input: {
      /** The SKey */
      token?: string
      /** Number of its sender */
      acceptFrom: string
    }
    reply: {
      relation: {
        userId: string
        /** The user follows the other one */
        isFollowing: boolean
        /** The other one follows the user */
        isFan: boolean
        isFriend: boolean
        /** The user has blocked the other one */
        isBlocked: boolean
        /** A request of the user waits for an answer */
        isRequested: boolean
      }
    }
  }
  /** Blocks a user: all between the two ends, and the user no longer finds the caller. */
  '/v1/friend/block': {
    input: {
      /** The SKey */
      token?: string
      /** Number of the user */
      blockUser: string
    }
    reply: {
      relation: {
        userId: string
        /** The user follows the other one */
        isFollowing: boolean
        /** The other one follows the user */
        isFan: boolean
        isFriend: boolean
        /** The user has blocked the other one */
        isBlocked: boolean
        /** A request of the user waits for an answer */
        isRequested: boolean
      }
    }
  }
  /** Tells a backend which users let a user chat, see posts and so on. */
  '/v1/friend/check': {
    input: {
      /** The user who wants to do something */
      user: string
      users: string[]
      /** chat, viewInfo, viewPosts, viewLocation, add */
      permission: string
      /** Whose defaults count: one of the apps that the backend checks; the first without it */
      forApp?: string
    }
    reply: {
      /** In the order that they were asked in */
      users: {
        /** Decimal number */
        userId: string
        isGranted: boolean
        isFriend: boolean
        /** The one who wants to do it follows this user */
        isFollowing: boolean
        /** This user follows the one who wants to do it */
        isFan: boolean
      }[]
    }
  }
  /** Takes a friend request out of the list; to the sender it still waits. */
  '/v1/friend/ignore': {
    input: {
      /** The SKey */
      token?: string
      /** Number of its sender */
      ignoreFrom: string
    }
    reply: {
      relation: {
        userId: string
        /** The user follows the other one */
        isFollowing: boolean
        /** The other one follows the user */
        isFan: boolean
        isFriend: boolean
        /** The user has blocked the other one */
        isBlocked: boolean
        /** A request of the user waits for an answer */
        isRequested: boolean
      }
    }
  }
  /** Users whom the caller follows, fans, friends, mutual fans or blocked users, the newest first. */
  '/v1/friend/list': {
    input: {
      /** The SKey */
      token?: string
      /** following, fans, friends, mutual, blocked */
      list: string
      /** From the reply before; without it the list begins */
      cursor?: string
      /** How many at most; 50 without it */
      limit?: number
    }
    reply: {
      users: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
        /** https URL */
        icon?: string
        /** Since when the user stands in this list, unix seconds */
        since: number
        /** The caller follows this user */
        isFollowing: boolean
        /** This user follows the caller */
        isFan: boolean
        isFriend: boolean
        /** What the caller grants this user */
        granted: string[]
        /** What this user grants the caller */
        grantedToMe: string[]
        /** What the caller calls this user */
        remark?: string
      }[]
      /** Where the list goes on; absent at its end */
      cursor?: string
    }
  }
  /** Refuses a friend request; the sender sees it, and may ask again later. */
  '/v1/friend/refuse': {
    input: {
      /** The SKey */
      token?: string
      /** Number of its sender */
      refuseFrom: string
    }
    reply: {
      relation: {
        userId: string
        /** The user follows the other one */
        isFollowing: boolean
        /** The other one follows the user */
        isFan: boolean
        isFriend: boolean
        /** The user has blocked the other one */
        isBlocked: boolean
        /** A request of the user waits for an answer */
        isRequested: boolean
      }
    }
  }
  /** Ends a friendship or a follow. */
  '/v1/friend/remove': {
    input: {
      /** The SKey */
      token?: string
      /** Number of the user */
      removeUser: string
      /** What ends: without it a friendship, in an app of mode follow the following */
      relation?: string
    }
    reply: {
      relation: {
        userId: string
        /** The user follows the other one */
        isFollowing: boolean
        /** The other one follows the user */
        isFan: boolean
        isFriend: boolean
        /** The user has blocked the other one */
        isBlocked: boolean
        /** A request of the user waits for an answer */
        isRequested: boolean
      }
    }
  }
  /** Follows a user, or asks a user to be friends; the app decides which. */
  '/v1/friend/request': {
    input: {
      /** The SKey */
      token?: string
      /** Number of the user */
      requestTo: string
      /** Shown to the user who is asked */
      message?: string
      /** To the question that the user asks */
      answer?: string
    }
    reply: {
      relation: {
        userId: string
        /** The user follows the other one */
        isFollowing: boolean
        /** The other one follows the user */
        isFan: boolean
        isFriend: boolean
        /** The user has blocked the other one */
        isBlocked: boolean
        /** A request of the user waits for an answer */
        isRequested: boolean
      }
    }
  }
  /** Friend requests that wait: received, or sent by the caller, the newest first. */
  '/v1/friend/requests': {
    input: {
      /** The SKey */
      token?: string
      /** received or sent */
      list: string
      /** From the reply before; without it the list begins */
      cursor?: string
      /** How many at most; 50 without it */
      limit?: number
    }
    reply: {
      requests: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
        /** https URL */
        icon?: string
        message: string
        /** refused: by the receiver; it counts until expiresAt */
        state: string
        /** When it was made, unix seconds */
        askedAt: number
        /** When it is gone, unix seconds */
        expiresAt: number
      }[]
      /** Where the list goes on; absent at its end */
      cursor?: string
    }
  }
  /** What the caller calls a friend or a user whom they follow, and what they grant them. */
  '/v1/friend/set': {
    input: {
      /** The SKey */
      token?: string
      /** The number of the other user */
      setFor: string
      /** Seen by the caller alone; empty: none */
      remark?: string
      /** All that the other user may do */
      granted?: string[]
      /** Grants what the app grants by default */
      usesDefaults?: boolean
    }
    reply: {
      /** What the caller grants this user */
      granted: string[]
      remark?: string
    }
  }
  /** Who may ask or follow the user: changes what is given, and shows all. */
  '/v1/friend/settings': {
    input: {
      /** The SKey */
      token?: string
      friendSettings: {
        /** Who becomes a friend: everyone who asks, after consent, by the right answer, or nobody */
        mode?: string
        /** Others may follow the user */
        isFollowable?: boolean
        /** Shown to those who ask; with its answer */
        question?: string
        /** Never shown again */
        answer?: string
      }
    }
    reply: {
      /** Who becomes a friend: everyone who asks, after consent, by the right answer, or nobody */
      mode: string
      /** Others may follow the user */
      isFollowable: boolean
      question?: string
    }
  }
  /** Takes a block back; what it ended stays ended. */
  '/v1/friend/unblock': {
    input: {
      /** The SKey */
      token?: string
      /** Number of the user */
      unblockUser: string
    }
    reply: {
      relation: {
        userId: string
        /** The user follows the other one */
        isFollowing: boolean
        /** The other one follows the user */
        isFan: boolean
        isFriend: boolean
        /** The user has blocked the other one */
        isBlocked: boolean
        /** A request of the user waits for an answer */
        isRequested: boolean
      }
    }
  }
  /** Says hello, and with a shared key resumes the login that was made on it. */
  '/v1/hello': {
    input: {
      version?: unknown
      tm?: unknown
      keyPrint?: unknown
      msgType?: unknown
      hello?: unknown
      plainMsg?: unknown
    }
    reply: {
      version: number
      tm: string
      keyPrint: string
      msgType: string | number
      hello?: {
        /** waitlogin, needlogin or waitdata */
        stage: string
        keyPrint: string
        version: string
        platform: string
        params: Record<never, never>
      }
      plainMsg?: {
        hello: {
          /** waitlogin, needlogin or waitdata */
          stage: string
          keyPrint: string
          version: string
          platform: string
          params: Record<never, never>
        }
      }
      user?: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
      }
      tickets?: {
        a2?: string
        skey?: string
      }
    }
  }
  /** Stages 1 and 3 of the key exchange; answers stages 2 and 4. */
  '/v1/key-exchange': {
    input: {
      version?: unknown
      tm?: unknown
      keyPrint?: unknown
      msgType?: unknown
      keyEx?: unknown
      plainMsg?: unknown
    }
    reply: {
      version: number
      tm: string
      keyPrint: string
      msgType: string | number
      keyEx?: {
        stage: number
        keyPrint: string
        tempKey?: string
        pubKey?: string
        encType?: string
        status: string
        kx?: number
        nonce?: string
        serverKeyId?: string
        signature?: string
      }
      plainMsg?: {
        keyEx: {
          stage: number
          keyPrint: string
          tempKey?: string
          pubKey?: string
          encType?: string
          status: string
          kx?: number
          nonce?: string
          serverKeyId?: string
          signature?: string
        }
      }
    }
  }
  /** Logs in with a password, or with a code. */
  '/v1/login': {
    input: {
      /** User number, user name, e-mail address or phone number */
      login?: string | number
      /** The flow that a code was sent for */
      flow?: string
      /** The 6 digits */
      code?: string | number
      /** Last 31 characters of BCrypt(MD5hex(password), salt, cost) */
      clientHash?: string
      /** The same at the cost that prelogin calls next */
      nextClientHash?: string
      /** The same at the cost that prelogin calls previous */
      previousClientHash?: string
      /** For clients that cannot run bcrypt; 1 to 1,024 bytes of UTF-8 */
      password?: string
      /** For clients that cannot run bcrypt; 8 characters to 1,024 bytes of UTF-8 */
      newPassword?: string
      /** The new password for each salt of the account */
      hashes?: {
        salt: string
        clientHash: string
        /** The same at the cost that prelogin calls next */
        nextClientHash?: string
      }[]
      device?: {
        type?: string
        os?: string
        device?: string
        osver?: string
      }
      /** After 2100430 with policy ask: ids of the logins that may end for this one */
      giveUp?: string[]
      captcha?: {
        captchaId?: string
        /** The letters, or for work the payload of ALTCHA */
        answer?: string
      }
      keyPrint?: unknown
      tm?: unknown
      checkTokenData?: unknown
    }
    reply: {
      result: string
      status: string
      params: {
        status: string
      }
      user: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
      }
      users: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
      }[]
      tickets: {
        a2?: string
        skey?: string
      }
      /** A login that ended because this one took its device slot */
      logout?: {
        type: string
        os: string
        /** Its name */
        device: string
        osver: string
        /** When the user had logged in there, unix seconds */
        at: number
      }
      /** All of them, if they are several */
      logouts?: {
        type: string
        os: string
        /** Its name */
        device: string
        osver: string
        /** When the user had logged in there, unix seconds */
        at: number
      }[]
      /** The account was about to leave: this login has taken that back */
      recovered?: boolean
    }
  }
  /** Ends the whole login of a ticket, or every login of its user. */
  '/v1/logout': {
    input: {
      /** The ticket; JSON bodies may send it as Bearer */
      token?: string
      everywhere?: boolean
    }
    reply: Record<never, never>
  }
  /** Logs in with what the provider said; an unknown user gets an account. */
  '/v1/oauth/finish': {
    input: {
      finish: {
        /** Base64url of its SHA-256 was the challenge */
        verifier: string
        /** What the browser brought to the redirect target */
        code?: string
        /** Of a flow without a browser, with one of the next two */
        flow?: string
        /** An ID token that the provider’s SDK got for the nonce */
        idToken?: string
        /** A code that the provider’s SDK got */
        providerCode?: string
      }
      device?: {
        type?: string
        os?: string
        device?: string
        osver?: string
      }
      /** After 2100430 with policy ask: ids of the logins that may end for this one */
      giveUp?: string[]
      keyPrint?: unknown
      tm?: unknown
      checkTokenData?: unknown
    }
    reply: {
      result: string
      status: string
      params: {
        status: string
      }
      user: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
      }
      users: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
      }[]
      tickets: {
        a2?: string
        skey?: string
      }
      /** A login that ended because this one took its device slot */
      logout?: {
        type: string
        os: string
        /** Its name */
        device: string
        osver: string
        /** When the user had logged in there, unix seconds */
        at: number
      }
      /** All of them, if they are several */
      logouts?: {
        type: string
        os: string
        /** Its name */
        device: string
        osver: string
        /** When the user had logged in there, unix seconds */
        at: number
      }[]
      /** The account was about to leave: this login has taken that back */
      recovered?: boolean
      /** The account was made by this call */
      isNew: boolean
      /** The account was found by its e-mail address; everything else that opened it has ended */
      isJoined: boolean
    }
  }
  /** Links an identity of a provider to the user. */
  '/v1/oauth/link': {
    input: {
      /** The SKey; JSON bodies may send it as Bearer */
      token?: string
      link: {
        /** Base64url of its SHA-256 was the challenge */
        verifier: string
        /** What the browser brought to the redirect target */
        code?: string
        /** Of a flow without a browser, with one of the next two */
        flow?: string
        /** An ID token that the provider’s SDK got for the nonce */
        idToken?: string
        /** A code that the provider’s SDK got */
        providerCode?: string
      }
    }
    reply: {
      identity: {
        provider: string
        /** What the provider calls the user; may be empty */
        name: string
        /** Unix seconds */
        linkedAt: number
      }
    }
  }
  /** The identities that the user has linked. */
  '/v1/oauth/list': {
    input: {
      /** The SKey; JSON bodies may send it as Bearer */
      token?: string
    }
    reply: {
      identities: {
        provider: string
        /** What the provider calls the user; may be empty */
        name: string
        /** Unix seconds */
        linkedAt: number
      }[]
    }
  }
  /** The providers by which users of this app can log in. */
  '/v1/oauth/providers': {
    input: Record<never, never>
    reply: {
      providers: {
        /** Its name in the other calls */
        provider: string
        /** What to write on the button */
        title: string
        /** oidc, oauth2 */
        kind: string
        /** What its own SDK may hand in: idToken, providerCode */
        native: string[]
      }[]
    }
  }
  /** Begins a login at a provider. */
  '/v1/oauth/start': {
    input: {
      /** Name of a provider */
      provider: string
      /** Base64url of the SHA-256 of a verifier that the app keeps */
      challenge: string
      /** Where the browser goes afterwards, as the app has listed it; without, the app asks by itself */
      redirect?: string
    }
    reply: {
      flow: string
      expiresSeconds: number
      /** Open it in the browser */
      url?: string
      /** Without a redirect: for the provider’s SDK */
      nonce?: string
    }
  }
  /** Unlinks the identity of a provider from the user. */
  '/v1/oauth/unlink': {
    input: {
      /** The SKey; JSON bodies may send it as Bearer */
      token?: string
      /** Name of a provider */
      unlink: string
    }
    reply: Record<never, never>
  }
  /** Sets a new password, by the old one or soon after a login; ends all other logins. */
  '/v1/password/change': {
    input: {
      /** The ticket; JSON bodies may send it as Bearer */
      token?: string
      /** Last 31 characters of BCrypt(MD5hex(password), salt, cost) */
      clientHash?: string
      /** The same at the cost that prelogin calls previous */
      previousClientHash?: string
      /** The salt of clientHash */
      salt?: string
      /** For clients that cannot run bcrypt; 1 to 1,024 bytes of UTF-8 */
      password?: string
      /** For clients that cannot run bcrypt; 8 characters to 1,024 bytes of UTF-8 */
      newPassword?: string
      /** The new password for each salt of the account */
      hashes?: {
        salt: string
        clientHash: string
        /** The same at the cost that prelogin calls next */
        nextClientHash?: string
      }[]
      device?: {
        type?: string
        os?: string
        device?: string
        osver?: string
      }
      keyPrint?: unknown
      tm?: unknown
      checkTokenData?: unknown
    }
    reply: {
      result: string
      status: string
      params: {
        status: string
      }
      user: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
      }
      users: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
      }[]
      tickets: {
        a2?: string
        skey?: string
      }
    }
  }
  /** The salts of all logins of the account, for a new password. */
  '/v1/password/logins': {
    input: {
      /** The ticket; JSON bodies may send it as Bearer */
      token?: string
    }
    reply: {
      cost: number
      next?: {
        cost: number
      }
      previous?: {
        cost: number
      }
      logins: {
        /** name, number, email, phone */
        kind: string
        salt: string
        /** This login has a password */
        isSet: boolean
      }[]
    }
  }
  /** What the lists of common passwords have under the first digits of SHA-1 sums. */
  '/v1/password/range': {
    input: {
      /** The first 5 of the 40 hex digits, upper case */
      prefixes: string[]
    }
    reply: {
      ranges: {
        prefix: string
        /** The other 35 digits, a colon, and how often the password was seen */
        suffixes: string[]
      }[]
    }
  }
  /** Sets a new password by a code that was sent to an address of the account; ends all logins. */
  '/v1/password/reset': {
    input: {
      /** The flow that the code was sent for */
      flow?: string
      /** The 6 digits */
      code?: string | number
      /** Instead of the code, once it was right: from the reply to it */
      grant?: string
      /** For clients that cannot run bcrypt; 8 characters to 1,024 bytes of UTF-8 */
      newPassword?: string
      /** The new password for each salt of the account */
      hashes?: {
        salt: string
        clientHash: string
        /** The same at the cost that prelogin calls next */
        nextClientHash?: string
      }[]
      device?: {
        type?: string
        os?: string
        device?: string
        osver?: string
      }
      keyPrint?: unknown
      tm?: unknown
      checkTokenData?: unknown
    }
    reply: {
      /** Without a new password: good for one within 10 minutes */
      grant?: string
      cost?: number
      next?: {
        cost: number
      }
      previous?: {
        cost: number
      }
      logins?: {
        /** name, number, email, phone */
        kind: string
        salt: string
        /** This login has a password */
        isSet: boolean
      }[]
      result?: string
      status?: string
      params?: {
        status: string
      }
      user?: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
      }
      users?: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
      }[]
      tickets?: {
        a2?: string
        skey?: string
      }
    }
  }
  /** The salt and cost of a login, registered or not. */
  '/v1/prelogin': {
    input: {
      /** User number, user name, e-mail address or phone number */
      login: string | number
      /** The schemes that the client knows beside md5-bcrypt: nfc-md5-bcrypt */
      kdfs?: string[]
    }
    reply: {
      kdf: string
      cost: number
      salt: string
      next?: {
        cost: number
      }
      previous?: {
        cost: number
      }
    }
  }
  /** The user proves again who is asking, for operations that ask for a fresh login. */
  '/v1/reauth': {
    input: {
      /** The SKey */
      token?: string
      /** password, code */
      how: string
      /** For clients that cannot run bcrypt; 1 to 1,024 bytes of UTF-8 */
      password?: string
      /** Last 31 characters of BCrypt(MD5hex(password), salt, cost) */
      clientHash?: string
      /** The same at the cost that prelogin calls previous */
      previousClientHash?: string
      /** The salt of clientHash */
      salt?: string
      /** The flow that a code was sent for */
      flow?: string
      /** The 6 digits */
      code?: string | number
    }
    reply: {
      /** Unix seconds */
      authenticatedAt: number
      tickets: {
        /** Of the same login; it knows the new time */
        skey: string
      }
    }
  }
  /** Registers a user and logs in, or sends a code to the address first. */
  '/v1/register': {
    input: {
      /** anonymous, email, phone */
      regmode: string
      user: {
        userName?: string
        nickName?: string
        /** With regmode email */
        email?: string
        /** With regmode phone */
        phone?: string
      }
      /** Last 31 characters of BCrypt(MD5hex(password), salt, cost) */
      clientHash?: string
      /** The same at the cost that prelogin calls next */
      nextClientHash?: string
      /** The salt of clientHash */
      salt?: string
      /** The same password for the user number, under a salt that the client makes at random */
      number?: {
        salt: string
        clientHash: string
      }
      /** With an address: the same password for the user name, under the salt of the name */
      name?: {
        salt: string
        clientHash: string
        /** The same at the cost that prelogin calls next */
        nextClientHash?: string
      }
      /** For clients that cannot run bcrypt; 1 to 1,024 bytes of UTF-8 */
      password?: string
      device?: {
        type?: string
        os?: string
        device?: string
        osver?: string
      }
      captcha?: {
        captchaId?: string
        /** The letters, or for work the payload of ALTCHA */
        answer?: string
      }
      keyPrint?: unknown
      tm?: unknown
      checkTokenData?: unknown
    }
    reply: {
      result: string
      /** loginok, waitcode */
      status: string
      params: {
        status: string
      }
      user?: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
      }
      users?: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
      }[]
      tickets?: {
        a2?: string
        skey?: string
      }
      /** For /v1/verify, with the code */
      flow?: string
      /** When the next code can be sent */
      resendSeconds?: number
      /** How long the code works */
      expiresSeconds?: number
    }
  }
  /** The public keys that the server signs key exchanges with, and those that stage 1 may be wrapped for. */
  '/v1/server-keys': {
    input: Record<never, never>
    reply: {
      keys: {
        serverKeyId: string
        algorithm: string
        /** 32 bytes in base64 */
        publicKey: string
        isCurrent: boolean
      }[]
      rsaKeys: {
        rsaPrint: string
        algorithm: string
        /** SPKI in base64 */
        publicKey: string
      }[]
    }
  }
  /** Tells whether a ticket is valid, and whose it is. */
  '/v1/session': {
    input: {
      /** The ticket; JSON bodies may send it as Bearer */
      token?: string
    }
    reply: {
      /** Why an ended ticket has ended */
      reason?: string
      /** Of a disabled account: what the administrator says */
      why?: string
      /** Of a disabled account: when that ends; absent where it is for good, unix seconds */
      until?: number
      user?: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
      }
      tier?: string
      /** When the ticket was issued, unix seconds */
      issuedAt?: number
      /** When it ends at the latest, unix seconds */
      expiresAt?: number
      /** When it ends if it is not used, unix seconds */
      idleAt?: number
      /** Of a pSKey: what it opens */
      business?: string
    }
  }
  /** Trades a ticket for one of a lower tier; an A2 is rotated. */
  '/v1/ticket/exchange': {
    input: {
      /** The ticket; JSON bodies may send it as Bearer */
      token?: string
      /** The tier wanted: skey, pskey or openkey */
      to: string
      /** Of a pSKey: what it opens */
      business?: string
      /** Of an OpenKey: the third-party app */
      app?: string
      /** Of an OpenKey; without it, all that the user has agreed to */
      scopes?: string[]
    }
    reply: {
      tickets: {
        a2?: string
        skey?: string
        pskey?: string
        openkey?: string
      }
      /** When the ticket below the SKey ends at the latest, unix seconds */
      expiresAt?: number
      /** When it ends if it is not used, unix seconds */
      idleAt?: number
    }
  }
  /** What has ended of the JWTs that an app may check, for services that check them without a call. */
  '/v1/ticket/revocations': {
    input: {
      /** The version that the service has */
      known?: string
    }
    reply: {
      /** Of this list; the same list has the same version */
      version: string
      /** The list is that of `known`, and left out */
      isKnown: boolean
      /** Refuse a JWT whose sid is one of them */
      logins?: string[]
      consents?: {
        sub: string
        /** Refuse a JWT of this sub whose consent is lower */
        below: number
      }[]
      /** Refuse a JWT whose iat is earlier: more has ended than the list can have */
      notBefore?: number
    }
  }
  /** Tells a backend whether tickets of its apps are valid, and whose they are. */
  '/v1/ticket/verify': {
    input: {
      /** A ticket as the user presented it */
      token?: string
      tokens?: string[]
      /** The tier that is taken: skey (default), pskey with its business, openkey */
      tier?: string
      /** The business that a pSKey opens */
      business?: string
      /** Scopes that an OpenKey must have */
      scopes?: string[]
      /** The path that the user calls, of the business */
      route?: string
      /** Seconds since the user proved who they are */
      maxAuthAge?: number
      /** Of an SKey or a pSKey, what to tell of its user too: roles, withheld */
      wants?: string[]
    }
    reply: {
      active?: boolean
      /** Why it is not active: expired, logged-out, disabled, reused, …, unknown, or not-enough with needs */
      reason?: string
      needs?: {
        /** The code that says what is missing */
        code: number
        /** Exchange for a ticket of this tier */
        tier?: string
        /** The business to exchange for */
        business?: string
        /** Scopes to ask the user for */
        scopes?: string[]
        /** How many seconds old the proof may be */
        maxAuthAge?: number
        /** What renews the proof */
        how?: string[]
      }
      tier?: string
      user?: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
      }
      /** The user of an OpenKey, as its app knows them */
      openId?: string
      /** The app that the ticket belongs to */
      appid?: string
      /** The business that a pSKey opens */
      business?: string
      scopes?: string[]
      /** When the ticket was issued, unix seconds */
      issuedAt?: number
      /** When it ends at the latest, unix seconds */
      expiresAt?: number
      /** When it ends if it is not used, unix seconds */
      idleAt?: number
      /** With a demand: when the user proved who they are, unix seconds */
      authenticatedAt?: number
      /** Where wanted: roles of the user that count in this app */
      roles?: string[]
      /** What is withheld from the user at present */
      withheld?: {
        capability: string
        /** Unix seconds; absent where it is for good */
        until?: number
      }[]
      /** In the order of tokens */
      tickets?: {
        active: boolean
        /** Why it is not active: expired, logged-out, disabled, reused, …, unknown, or not-enough with needs */
        reason?: string
        needs?: {
          /** The code that says what is missing */
          code: number
          /** Exchange for a ticket of this tier */
          tier?: string
          /** The business to exchange for */
          business?: string
          /** Scopes to ask the user for */
          scopes?: string[]
          /** How many seconds old the proof may be */
          maxAuthAge?: number
          /** What renews the proof */
          how?: string[]
        }
        tier?: string
        user?: {
          /** Decimal number */
          userId: string
          userName: string
          nickName: string
        }
        /** The user of an OpenKey, as its app knows them */
        openId?: string
        /** The app that the ticket belongs to */
        appid?: string
        /** The business that a pSKey opens */
        business?: string
        scopes?: string[]
        /** When the ticket was issued, unix seconds */
        issuedAt?: number
        /** When it ends at the latest, unix seconds */
        expiresAt?: number
        /** When it ends if it is not used, unix seconds */
        idleAt?: number
        /** With a demand: when the user proved who they are, unix seconds */
        authenticatedAt?: number
        /** Where wanted: roles of the user that count in this app */
        roles?: string[]
        /** What is withheld from the user at present */
        withheld?: {
          capability: string
          /** Unix seconds; absent where it is for good */
          until?: number
        }[]
      }[]
    }
  }
  /** A one-time code with which a web page takes over this login. */
  '/v1/ticket/web-code': {
    input: {
      /** The SKey; JSON bodies may send it as Bearer */
      token?: string
      /** The app of the page; without it, the same app */
      app?: string
      /** base64url of the SHA-256 of the page’s verifier */
      challenge: string
    }
    reply: {
      webCode: string
      /** How long it works */
      expiresSeconds: number
    }
  }
  /** Trades a web code and the verifier of its challenge for tickets. */
  '/v1/ticket/web-code/redeem': {
    input: {
      webCode: string
      /** What the challenge was made of: 43 to 128 characters (RFC 7636) */
      verifier: string
    }
    reply: {
      user: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
      }
      tickets: {
        a2?: string
        skey?: string
      }
    }
  }
  /** Provisioning: hands a new device its TOTP secret. */
  '/v1/totp': {
    input: {
      /** App id, [A-Za-z0-9]{1,64} */
      n: string
      /** App secret, [A-Za-z0-9]{32} */
      s: string
      type?: string
      os?: string
      device?: string
    }
    reply: {
      totp_secret: string
      totp_code: number
      totp_token: string
      time: number
      appname: string
    }
  }
  /** The user operations of the old chat protocol, as frames. */
  '/v1/user-op': {
    input: {
      version?: unknown
      tm?: unknown
      keyPrint?: unknown
      msgType?: unknown
      userOp?: unknown
      plainMsg?: unknown
    }
    reply: {
      version: number
      tm: string
      keyPrint: string
      msgType: string | number
      userOpRet?: {
        operation: string | number
        result: string
        /** waitcode, loginok, needlogin, ok or logout */
        status: string
        users: Record<string, unknown>[]
        params: Record<string, unknown>
      }
      plainMsg?: {
        userOpRet: {
          operation: string | number
          result: string
          /** waitcode, loginok, needlogin, ok or logout */
          status: string
          users: Record<string, unknown>[]
          params: Record<string, unknown>
        }
      }
      tickets?: {
        a2?: string
        skey?: string
      }
    }
  }
  /** An administrator disables a user, or withholds one capability, until a time or for good. */
  '/v1/user/disable': {
    input: {
      /** The SKey of an administrator */
      token?: string
      /** User number, user name, e-mail address or phone */
      disable: string
      /** Only this: rename, search, friend, post, or a name of an app. Without it: the whole account */
      capability?: string
      /** As the user is told */
      reason: string
      /** Unix seconds; without it for good */
      until?: number
    }
    reply: {
      /** Decimal number */
      userId: string
      /** False: it was so already */
      changed: boolean
    }
  }
  /** An administrator enables a disabled user, or gives a capability back. */
  '/v1/user/enable': {
    input: {
      /** The SKey of an administrator */
      token?: string
      /** User number, user name, e-mail address or phone */
      enable: string
      /** Only this: rename, search, friend, post, or a name of an app. Without it: the whole account */
      capability?: string
    }
    reply: {
      /** Decimal number */
      userId: string
      /** False: it was so already */
      changed: boolean
    }
  }
  /** Begins an export of everything that is held about the user, and tells how far it is. */
  '/v1/user/export': {
    input: {
      /** The ticket; JSON bodies may send it as Bearer */
      token?: string
      /** Shows that this is what the user asks for */
      export: boolean
    }
    reply: {
      /** making, ready */
      state: string
      /** Unix seconds */
      askedAt: number
      /** Until then its parts can be fetched, unix seconds */
      expiresAt: number
      /** So many, from 1 on */
      parts: number
      bytes: number
      /** False: it is larger than exports may be, and has an end */
      isComplete: boolean
    }
  }
  /** A part of an export that is ready. */
  '/v1/user/export/part': {
    input: {
      /** The ticket; JSON bodies may send it as Bearer */
      token?: string
      exportPart: number
    }
    reply: {
      /** JSON: table, and rows of it */
      part: string
    }
  }
  /** Finds users: one by number, user name, e-mail or phone, or those whose nickname begins so. */
  '/v1/user/find': {
    input: {
      /** The SKey */
      token?: string
      /** number, userName, email, phone, nickName */
      by: string
      /** Every character is meant as it is: there are no wildcards */
      text: string
      /** From the reply before; without it the list begins */
      cursor?: string
      /** How many at most; 50 without it */
      limit?: number
    }
    reply: {
      users: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
        /** https URL */
        icon?: string
        gender?: string
        /** YYYY-MM-DD */
        birthday?: string
        age?: number
        region?: string
        introduction?: string
        language?: string
        /** As the app has declared */
        params?: Record<string, unknown>
        /** Masked, unless it is the caller’s own */
        email?: string
        /** Masked, unless it is the caller’s own */
        phone?: string
        /** Of another user */
        isFriend?: boolean
        /** The caller follows this user */
        isFollowing?: boolean
        /** This user follows the caller */
        isFan?: boolean
        /** The caller has blocked this user */
        isBlocked?: boolean
        /** What the caller calls this user */
        remark?: string
        /** Who sees each member */
        privacy?: {
          /** everyone, friends, nobody */
          gender?: string
          /** everyone, friends, nobody */
          birthday?: string
          /** everyone, friends, nobody */
          age?: string
          /** everyone, friends, nobody */
          region?: string
          /** everyone, friends, nobody */
          introduction?: string
          /** everyone, friends, nobody */
          language?: string
        }
        findBy?: {
          /** By the exact e-mail address; false at first */
          email?: boolean
          /** By the exact phone number; false at first */
          phone?: boolean
          /** By the beginning of the nickname; true at first */
          nickName?: boolean
        }
        counts?: {
          following: number
          fans: number
          mutual: number
          friends: number
          blocked: number
        }
        /** The caller’s own that count in this app */
        roles?: string[]
        /** What is withheld from the user at present */
        withheld?: {
          capability: string
          /** Unix seconds; absent where it is for good */
          until?: number
        }[]
        /** From then on the user name can be changed again, unix seconds */
        renameAt?: number
      }[]
      /** Where the list goes on; absent at its end */
      cursor?: string
    }
  }
  /** The profile of the user, or what another user lets the caller see. */
  '/v1/user/get': {
    input: {
      /** The SKey */
      token?: string
      /** Another user; without it the caller */
      userId?: string
    }
    reply: {
      user: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
        /** https URL */
        icon?: string
        gender?: string
        /** YYYY-MM-DD */
        birthday?: string
        age?: number
        region?: string
        introduction?: string
        language?: string
        /** As the app has declared */
        params?: Record<string, unknown>
        /** Masked, unless it is the caller’s own */
        email?: string
        /** Masked, unless it is the caller’s own */
        phone?: string
        /** Of another user */
        isFriend?: boolean
        /** The caller follows this user */
        isFollowing?: boolean
        /** This user follows the caller */
        isFan?: boolean
        /** The caller has blocked this user */
        isBlocked?: boolean
        /** What the caller calls this user */
        remark?: string
        /** Who sees each member */
        privacy?: {
          /** everyone, friends, nobody */
          gender?: string
          /** everyone, friends, nobody */
          birthday?: string
          /** everyone, friends, nobody */
          age?: string
          /** everyone, friends, nobody */
          region?: string
          /** everyone, friends, nobody */
          introduction?: string
          /** everyone, friends, nobody */
          language?: string
        }
        findBy?: {
          /** By the exact e-mail address; false at first */
          email?: boolean
          /** By the exact phone number; false at first */
          phone?: boolean
          /** By the beginning of the nickname; true at first */
          nickName?: boolean
        }
        counts?: {
          following: number
          fans: number
          mutual: number
          friends: number
          blocked: number
        }
        /** The caller’s own that count in this app */
        roles?: string[]
        /** What is withheld from the user at present */
        withheld?: {
          capability: string
          /** Unix seconds; absent where it is for good */
          until?: number
        }[]
        /** From then on the user name can be changed again, unix seconds */
        renameAt?: number
      }
    }
  }
  /** The user's own sign-ins and changes of the account, the newest first. */
  '/v1/user/history': {
    input: {
      /** The SKey */
      token?: string
      /** From the reply before; without it the list begins */
      cursor?: string
      /** How many at most; 50 without it */
      limit?: number
    }
    reply: {
      history: {
        /** login, or one of the kinds of docs/features/history.md */
        kind: string
        /** When it happened, unix seconds */
        at: number
        /** Name of the app */
        app?: string
        /** Where the call came from: the network of the address */
        network?: string
        /** Of a change: user, administrator or server */
        by?: string
        login?: {
          /** As /v1/device/list has it */
          id: string
          type: string
          os: string
          osver: string
          /** Its name: as the user calls it, or as it calls itself */
          device: string
          /** When it was used last, within an hour, unix seconds */
          lastSeenAt: number
          /** When it ended, unix seconds */
          endedAt?: number
          /** Why, as NOT_LOGGED_IN tells it */
          endReason?: string
          /** The login that asks */
          isThis: boolean
        }
        /** Of a change, in the form of its kind */
        detail?: Record<string, unknown>
      }[]
      /** Where the list goes on; absent at its end */
      cursor?: string
      /** Failed logins of the last day; only without a cursor */
      failures?: {
        /** The newest failure first */
        places: {
          /** Absent for a device that has logged in before */
          network?: string
          /** A device that has logged in to this account before */
          isKnownDevice: boolean
          /** Failed logins from there, five at most: 5 means five or more */
          count: number
          /** The last one, unix seconds */
          lastAt: number
        }[]
        /** True: there are more places than were read */
        hasMore: boolean
      }
    }
  }
  /** Takes an account back that leaves, or that failed logins have locked, by a code for recover. */
  '/v1/user/recover': {
    input: {
      /** The flow that a code was sent for */
      flow: string
      /** The 6 digits */
      code: string | number
    }
    reply: {
      /** The account was about to leave; it stays */
      recovered: boolean
      /** Failed logins are forgotten */
      unlocked: boolean
    }
  }
  /** Changes members of the user’s profile and leaves the others; a new user name asks for a fresh login. */
  '/v1/user/set': {
    input: {
      /** The SKey */
      token?: string
      /** With the password, for the login by this name */
      userName?: string
      /** For clients that cannot run bcrypt; 1 to 1,024 bytes of UTF-8 */
      password?: string
      /** The password of now, under the salt of any login of the user */
      oldHash?: {
        salt: string
        clientHash: string
        /** The same at the cost that prelogin calls previous */
        previousClientHash?: string
      }
      /** Last 31 characters of BCrypt(MD5hex(password), salt, cost) */
      clientHash?: string
      /** The same at the cost that prelogin calls next */
      nextClientHash?: string
      /** The salt of clientHash */
      salt?: string
      nickName?: string
      /** Empty: removes it */
      gender?: string
      /** YYYY-MM-DD; empty: removes it */
      birthday?: string
      /** Instead of a birthday: the year is kept */
      age?: number
      region?: string
      introduction?: string
      /** https URL; empty: removes it */
      icon?: string
      /** BCP 47 */
      language?: string
      /** As the app has declared */
      params?: Record<string, unknown>
      /** Who sees each member */
      privacy?: {
        /** everyone, friends, nobody */
        gender?: string
        /** everyone, friends, nobody */
        birthday?: string
        /** everyone, friends, nobody */
        age?: string
        /** everyone, friends, nobody */
        region?: string
        /** everyone, friends, nobody */
        introduction?: string
        /** everyone, friends, nobody */
        language?: string
      }
      findBy?: {
        /** By the exact e-mail address; false at first */
        email?: boolean
        /** By the exact phone number; false at first */
        phone?: boolean
        /** By the beginning of the nickname; true at first */
        nickName?: boolean
      }
    }
    reply: {
      user: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
        /** https URL */
        icon?: string
        gender?: string
        /** YYYY-MM-DD */
        birthday?: string
        age?: number
        region?: string
        introduction?: string
        language?: string
        /** As the app has declared */
        params?: Record<string, unknown>
        /** Masked, unless it is the caller’s own */
        email?: string
        /** Masked, unless it is the caller’s own */
        phone?: string
        /** Of another user */
        isFriend?: boolean
        /** The caller follows this user */
        isFollowing?: boolean
        /** This user follows the caller */
        isFan?: boolean
        /** The caller has blocked this user */
        isBlocked?: boolean
        /** What the caller calls this user */
        remark?: string
        /** Who sees each member */
        privacy?: {
          /** everyone, friends, nobody */
          gender?: string
          /** everyone, friends, nobody */
          birthday?: string
          /** everyone, friends, nobody */
          age?: string
          /** everyone, friends, nobody */
          region?: string
          /** everyone, friends, nobody */
          introduction?: string
          /** everyone, friends, nobody */
          language?: string
        }
        findBy?: {
          /** By the exact e-mail address; false at first */
          email?: boolean
          /** By the exact phone number; false at first */
          phone?: boolean
          /** By the beginning of the nickname; true at first */
          nickName?: boolean
        }
        counts?: {
          following: number
          fans: number
          mutual: number
          friends: number
          blocked: number
        }
        /** The caller’s own that count in this app */
        roles?: string[]
        /** What is withheld from the user at present */
        withheld?: {
          capability: string
          /** Unix seconds; absent where it is for good */
          until?: number
        }[]
        /** From then on the user name can be changed again, unix seconds */
        renameAt?: number
      }
    }
  }
  /** Ends the account: all logins at once, and everything personal after the days of regret. */
  '/v1/user/unregister': {
    input: {
      /** The ticket; JSON bodies may send it as Bearer */
      token?: string
      /** Shows that this is what the user asks for */
      unregister: boolean
    }
    reply: {
      /** Until then the user may come back by logging in, unix seconds */
      finalAt: number
    }
  }
  /** Gives the code of a flow, and does what it was sent for. */
  '/v1/verify': {
    input: {
      /** The flow that a code was sent for */
      flow: string
      /** The 6 digits */
      code: string | number
      device?: {
        type?: string
        os?: string
        device?: string
        osver?: string
      }
      keyPrint?: unknown
      tm?: unknown
      checkTokenData?: unknown
    }
    reply: {
      result?: string
      status?: string
      params?: {
        status: string
      }
      user?: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
      }
      users?: {
        /** Decimal number */
        userId: string
        userName: string
        nickName: string
      }[]
      tickets?: {
        a2?: string
        skey?: string
      }
    }
  }
  /** Checks texts against the word lists. */
  '/v1/words/check': {
    input: {
      /** One text; or */
      text?: string
      /** up to 100 */
      texts?: string[]
    }
    reply: {
      /** All texts are clean */
      isClean: boolean
      text?: string
      hits?: {
        word: string
        list: string
        /** UTF-16 units of the text */
        start: number
        /** Behind the last unit */
        end: number
      }[]
      /** For texts: one each, in their order */
      results?: {
        isClean: boolean
        /** The text with each hit covered by the mask */
        text: string
        hits: {
          word: string
          list: string
          /** UTF-16 units of the text */
          start: number
          /** Behind the last unit */
          end: number
        }[]
      }[]
    }
  }
  /** The old test page of the word filter. */
  '/v1/words/test': {
    input: {
      w: string
    }
    reply: {
      /** A forbidden word was found */
      0: boolean
      /** The masked text */
      1: string
      /** The first word that was found; empty without one */
      2: string
      msg: string
    }
  }
}

/**
 * What the client has to know of an operation before it calls it. `replay`: what the server does with the same bytes
 * again. `tiers`: the tickets that the operation takes; without any it takes every tier, if it takes a ticket.
 */
export const operations = {
  '/v1/address/change': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/address/list': { replay: 'read', tiers: ['skey'], takesTicket: true },
  '/v1/address/remove': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/captcha': { replay: 'read', tiers: [], takesTicket: false },
  '/v1/code/send': { replay: 'once', tiers: [], takesTicket: false },
  '/v1/consent/grant': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/consent/list': { replay: 'read', tiers: ['skey'], takesTicket: true },
  '/v1/consent/revoke': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/device/list': { replay: 'read', tiers: ['skey'], takesTicket: true },
  '/v1/device/rename': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/device/revoke': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/echo': { replay: 'read', tiers: [], takesTicket: false },
  '/v1/event/list': { replay: 'read', tiers: ['skey'], takesTicket: true },
  '/v1/event/read': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/friend-op': { replay: 'read', tiers: [], takesTicket: false },
  '/v1/friend/accept': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/friend/block': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/friend/check': { replay: 'read', tiers: [], takesTicket: false },
  '/v1/friend/ignore': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/friend/list': { replay: 'read', tiers: ['skey'], takesTicket: true },
  '/v1/friend/refuse': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/friend/remove': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/friend/request': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/friend/requests': { replay: 'read', tiers: ['skey'], takesTicket: true },
  '/v1/friend/set': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/friend/settings': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/friend/unblock': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/hello': { replay: 'read', tiers: [], takesTicket: false },
  '/v1/key-exchange': { replay: 'read', tiers: [], takesTicket: false },
  '/v1/login': { replay: 'login', tiers: [], takesTicket: false },
  '/v1/logout': { replay: 'once', tiers: ['a2', 'skey'], takesTicket: true },
  '/v1/oauth/finish': { replay: 'login', tiers: [], takesTicket: false },
  '/v1/oauth/link': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/oauth/list': { replay: 'read', tiers: ['skey'], takesTicket: true },
  '/v1/oauth/providers': { replay: 'read', tiers: [], takesTicket: false },
  '/v1/oauth/start': { replay: 'read', tiers: [], takesTicket: false },
  '/v1/oauth/unlink': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/password/change': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/password/logins': { replay: 'read', tiers: ['skey'], takesTicket: true },
  '/v1/password/range': { replay: 'read', tiers: [], takesTicket: false },
  '/v1/password/reset': { replay: 'once', tiers: [], takesTicket: false },
  '/v1/prelogin': { replay: 'read', tiers: [], takesTicket: false },
  '/v1/reauth': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/register': { replay: 'once', tiers: [], takesTicket: false },
  '/v1/server-keys': { replay: 'read', tiers: [], takesTicket: false },
  '/v1/session': { replay: 'read', tiers: [], takesTicket: true },
  '/v1/ticket/exchange': { replay: 'once', tiers: ['a2', 'skey'], takesTicket: true },
  '/v1/ticket/revocations': { replay: 'read', tiers: [], takesTicket: false },
  '/v1/ticket/verify': { replay: 'read', tiers: [], takesTicket: true },
  '/v1/ticket/web-code': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/ticket/web-code/redeem': { replay: 'login', tiers: [], takesTicket: false },
  '/v1/totp': { replay: 'read', tiers: [], takesTicket: false },
  '/v1/user-op': { replay: 'read', tiers: [], takesTicket: false },
  '/v1/user/disable': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/user/enable': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/user/export': { replay: 'read', tiers: ['skey'], takesTicket: true },
  '/v1/user/export/part': { replay: 'read', tiers: ['skey'], takesTicket: true },
  '/v1/user/find': { replay: 'read', tiers: ['skey'], takesTicket: true },
  '/v1/user/get': { replay: 'read', tiers: ['skey'], takesTicket: true },
  '/v1/user/history': { replay: 'read', tiers: ['skey'], takesTicket: true },
  '/v1/user/recover': { replay: 'once', tiers: [], takesTicket: false },
  '/v1/user/set': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/user/unregister': { replay: 'once', tiers: ['skey'], takesTicket: true },
  '/v1/verify': { replay: 'once', tiers: [], takesTicket: false },
  '/v1/words/check': { replay: 'read', tiers: [], takesTicket: false },
  '/v1/words/test': { replay: 'read', tiers: [], takesTicket: false },
} as const satisfies Record<keyof Operations, OperationFacts>

export type OperationFacts = {
  replay: 'read' | 'once' | 'login'
  tiers: readonly string[]
  takesTicket: boolean
}
