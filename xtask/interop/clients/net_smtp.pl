# Perl's Net::SMTP as a client. Arguments and exit codes: see README.md.
use strict;
use warnings;

use Authen::SASL;
use Authen::SCRAM::Client;
use MIME::Base64;
use Net::SMTP;

my ($host, $port, $tls, $mechanism, $user, $ca, $from, $to, @files) = @ARGV;
my $secret = $ENV{INTEROP_SECRET};
my %ssl = (SSL_ca_file => $ca, SSL_verifycn_name => $host, SSL_verifycn_scheme => 'smtp', SSL_verify_mode => 1);
if ($ENV{INTEROP_CERT}) {
    %ssl = (%ssl, SSL_cert_file => $ENV{INTEROP_CERT}, SSL_key_file => $ENV{INTEROP_KEY});
}

sub give_up {
    my ($smtp, $what) = @_;
    print STDERR "$what: ", $smtp ? $smtp->code . ' ' . $smtp->message : $@, "\n";
    exit($what eq 'AUTH' && $smtp->code == 535 ? 1 : 2);
}

# SCRAM by a library: Authen::SASL has none.
sub scram {
    my ($smtp, $digest) = @_;
    my $client = Authen::SCRAM::Client->new(username => $user, password => $secret, digest => $digest);
    my $said = $client->first_msg;
    $smtp->command('AUTH', $mechanism, encode_base64($said, ''));
    for my $step (sub { $client->final_msg($_[0]) }, sub { $client->validate($_[0]); '' }) {
        $smtp->response == 3 or return 0;
        $smtp->command(encode_base64($step->(decode_base64(($smtp->message)[0])), ''));
    }
    return $smtp->response == 2;
}

sub authenticate {
    my ($smtp) = @_;
    return scram($smtp, $1) if $mechanism =~ /^SCRAM-(.*)$/;
    # The library's own, which takes its mechanisms from Authen::SASL.
    my %callback = (user => $user, pass => $secret);
    $callback{authname} = 'interop@example.net' if $mechanism eq 'ANONYMOUS';
    return $smtp->auth(Authen::SASL->new(mechanism => $mechanism, callback => \%callback));
}

my $smtp = Net::SMTP->new($host, Port => $port, Hello => 'client.example.org', Timeout => 15, Debug => 1,
    $tls eq 'implicit' ? (SSL => 1, %ssl) : ()) or give_up(undef, 'connect');
$tls eq 'implicit' or $smtp->starttls(%ssl) or give_up($smtp, 'STARTTLS');
authenticate($smtp) or give_up($smtp, 'AUTH');
for my $file (@files) {
    open(my $in, '<:raw', $file) or die $!;
    my $message = do { local $/; <$in> };
    $smtp->mail($from, Bits => '8') or give_up($smtp, 'MAIL');
    $smtp->to(split /,/, $to) or give_up($smtp, 'RCPT');
    $smtp->data($message) or give_up($smtp, 'DATA');
}
$smtp->quit;
