<?php
// A backend that checks a login, in plain PHP.
//
//   TORII_URL=https://login.example.com TORII_APPID=… TORII_APPSECRET=… php backend.php sk_…
//
// Prints the user, and ends with 1 when the ticket is not good.

/** The user of a ticket, or null. Throws when the login server gives no answer, which says nothing about the user. */
function check_ticket(string $token): ?array
{
    $url = getenv('TORII_URL') . '/v1/ticket/verify';
    $members = ['appid' => getenv('TORII_APPID'), 'appsecret' => getenv('TORII_APPSECRET'), 'token' => $token];
    $call = ['method' => 'POST', 'header' => 'content-type: application/json', 'content' => json_encode($members),
        'timeout' => 5, 'ignore_errors' => true];
    $body = @file_get_contents($url, false, stream_context_create(['http' => $call]));
    $reply = json_decode($body ?: '', true);
    if (!isset($reply['active'])) throw new RuntimeException("no answer: $body");
    return $reply['active'] ? $reply['user'] : null;
}

$user = check_ticket($argv[1]);
echo $user ? $user['userName'] : 'not logged in', "\n";
exit($user ? 0 : 1);
