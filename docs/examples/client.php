<?php
// A client by JSON, in plain PHP: logs in, checks the session and logs out. Needs TLS, or a trial on this machine.
//
//   TORII_URL=http://127.0.0.1:8080 TORII_APPID=… TORII_APPSECRET=… php client.php amber "correct horse"

/** The reply of an operation: decide by its `code`. */
function call(string $path, array $members): array
{
    $members += ['appid' => getenv('TORII_APPID'), 'appsecret' => getenv('TORII_APPSECRET')];
    $call = ['method' => 'POST', 'header' => "content-type: application/json\r\naccept-language: en",
        'content' => json_encode($members), 'timeout' => 10, 'ignore_errors' => true];
    $body = @file_get_contents(getenv('TORII_URL') . $path, false, stream_context_create(['http' => $call]));
    $reply = json_decode($body ?: '', true);
    if (!isset($reply['code'])) throw new RuntimeException('the login server does not answer');
    return $reply;
}

$login = call('/v1/login', ['login' => $argv[1], 'password' => $argv[2]]);
if (!isset($login['tickets'])) {
    fwrite(STDERR, "{$login['code']} {$login['msg']}\n");
    exit(1);
}
// The A2 is for this client alone: it is traded for new tickets at /v1/ticket/exchange before the SKey ends.
['a2' => $a2, 'skey' => $skey] = $login['tickets'];

echo 'logged in as ', call('/v1/session', ['token' => $skey])['user']['userName'], "\n";
call('/v1/logout', ['token' => $skey]);
echo 'logged out: ', call('/v1/session', ['token' => $skey])['reason'], "\n";
