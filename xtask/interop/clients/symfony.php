<?php
// Symfony Mailer as a client. Arguments and exit codes: see README.md.

use Symfony\Component\Mailer\Envelope;
use Symfony\Component\Mailer\Exception\TransportExceptionInterface;
use Symfony\Component\Mailer\Transport\Smtp\Auth;
use Symfony\Component\Mailer\Transport\Smtp\EsmtpTransport;
use Symfony\Component\Mime\Address;
use Symfony\Component\Mime\RawMessage;

require 'Symfony/Component/Mailer/autoload.php';

[, $host, $port, $tls, $mechanism, $user, $ca, $from, $to] = $argv;
$files = array_slice($argv, 9);

/** A mechanism of the application's own, as AuthenticatorInterface has it. */
class Single implements Auth\AuthenticatorInterface
{
    private $name;
    private $response;

    public function __construct(string $name, string $response)
    {
        $this->name = $name;
        $this->response = $response;
    }

    public function getAuthKeyword(): string
    {
        return $this->name;
    }

    public function authenticate(EsmtpTransport $client): void
    {
        $client->executeCommand("AUTH $this->name " . base64_encode($this->response) . "\r\n", [235]);
    }
}

function authenticators(string $mechanism, string $host, string $port, string $user): array
{
    $secret = getenv('INTEROP_SECRET');
    switch ($mechanism) {
        case 'PLAIN':
            return [new Auth\PlainAuthenticator()];
        case 'LOGIN':
            return [new Auth\LoginAuthenticator()];
        case 'CRAM-MD5':
            return [new Auth\CramMd5Authenticator()];
        case 'XOAUTH2':
            return [new Auth\XOAuth2Authenticator()];
        case 'OAUTHBEARER':
            return [new Single($mechanism, "n,a=$user,\1host=$host\1port=$port\1auth=Bearer $secret\1\1")];
        case 'EXTERNAL':
            return [new Single($mechanism, $user)];
        default:
            return [new Single($mechanism, 'interop@example.net')];
    }
}

/** The transport with one mechanism only; its constructor would add all of its own. */
$transport = new EsmtpTransport($host, (int) $port, $tls === 'implicit');
$known = new ReflectionProperty(EsmtpTransport::class, 'authenticators');
$known->setAccessible(true);
$known->setValue($transport, authenticators($mechanism, $host, $port, $user));
$transport->setUsername($user);
$transport->setPassword(getenv('INTEROP_SECRET'));
$ssl = ['cafile' => $ca];
if (getenv('INTEROP_CERT')) {
    $ssl += ['local_cert' => getenv('INTEROP_CERT'), 'local_pk' => getenv('INTEROP_KEY')];
}
$transport->getStream()->setStreamOptions(['ssl' => $ssl]);
$transport->getStream()->setTimeout(15);

try {
    $envelope = new Envelope(new Address($from), array_map([Address::class, 'create'], explode(',', $to)));
    foreach ($files as $file) {
        $sent = $transport->send(new RawMessage(file_get_contents($file)), $envelope);
        fwrite(STDERR, $sent->getDebug());
    }
} catch (TransportExceptionInterface $error) {
    fwrite(STDERR, $error->getMessage() . "\n" . $error->getDebug());
    exit(strpos($error->getMessage(), 'Failed to authenticate') !== false ? 1 : 2);
}
