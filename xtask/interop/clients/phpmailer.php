<?php
// PHPMailer as a client. Arguments and exit codes: see README.md.

use PHPMailer\PHPMailer\OAuthTokenProvider;
use PHPMailer\PHPMailer\PHPMailer;

require 'libphp-phpmailer/autoload.php';

[, $host, $port, $tls, $mechanism, $user, $ca, $from, $to] = $argv;
$files = array_slice($argv, 9);
$secret = getenv('INTEROP_SECRET');

/** Everything of PHPMailer but its MIME composer: the message is sent as it is. */
class RawMailer extends PHPMailer
{
    public function setRaw(string $message): void
    {
        [$header, $body] = explode("\r\n\r\n", $message, 2);
        $this->MIMEHeader = $header;
        $this->MIMEBody = $body;
    }

    public function preSend()
    {
        return true;
    }
}

class Token implements OAuthTokenProvider
{
    private $response;

    public function __construct(string $response)
    {
        $this->response = $response;
    }

    public function getOauth64()
    {
        return base64_encode($this->response);
    }
}

$mail = new RawMailer(true);
$mail->isSMTP();
$mail->SMTPDebug = 2;
$mail->Debugoutput = fn ($text) => fwrite(STDERR, "$text\n");
$mail->Host = $host;
$mail->Port = (int) $port;
$mail->Timeout = 15;
$mail->SMTPSecure = $tls === 'implicit' ? PHPMailer::ENCRYPTION_SMTPS : PHPMailer::ENCRYPTION_STARTTLS;
$mail->SMTPOptions = ['ssl' => ['cafile' => $ca]];
$mail->SMTPAuth = true;
$mail->SMTPKeepAlive = true;
$mail->AuthType = $mechanism;
$mail->Username = $user;
$mail->Password = $secret;
if ($mechanism === 'XOAUTH2') {
    $mail->setOAuth(new Token("user=$user\001auth=Bearer $secret\001\001"));
}
$mail->setFrom($from);
foreach (explode(',', $to) as $recipient) {
    $mail->addAddress($recipient);
}

try {
    if (!$mail->smtpConnect($mail->SMTPOptions)) {
        exit(2);
    }
    foreach ($files as $file) {
        $mail->setRaw(file_get_contents($file));
        $mail->send();
    }
    $mail->smtpClose();
} catch (Throwable $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    exit(strpos($error->getMessage(), 'Could not authenticate') !== false ? 1 : 2);
}
